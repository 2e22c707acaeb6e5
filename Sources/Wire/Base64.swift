// Base64 as RFC 4648 has it: section 4 with padding (Basic credentials, WebSocket keys) and
// section 5, the URL alphabet, without padding (JWT).
//
//     3 bytes   │ 8 bits │ 8 bits │ 8 bits │
//     4 letters │ 6 bits│ 6 bits │ 6 bits│ 6 bits │     a rest of 1 byte: 2 letters, of 2: 3
//
// Decoding is strict: no white space, no missing or spare padding, no letter of the other alphabet,
// and the unused bits of the last letter must be zero (section 3.5), so that every byte sequence
// has exactly one text. A text that is refused leaves the buffer as it was.

package import Base

extension ByteBuffer {
    /// Appends `bytes` as Base64 with padding.
    package mutating func append(base64 bytes: Span<UInt8>) {
        encode(bytes, Base64.standard)
        for _ in 0..<((3 - bytes.count % 3) % 3) { append(UInt8(ascii: "=")) }
    }

    /// Appends `bytes` as Base64 with the URL alphabet, without padding.
    package mutating func append(base64URL bytes: Span<UInt8>) {
        encode(bytes, Base64.url)
    }

    /// Appends what the padded Base64 `text` stands for; false, and nothing appended, if it is not
    /// well-formed.
    package mutating func append(decodingBase64 text: Span<UInt8>) -> Bool {
        guard text.count % 4 == 0 else { return false }
        var length = text.count
        while length > 0, text.count - length < 2, text[length - 1] == UInt8(ascii: "=") {
            length -= 1
        }
        return decode(text.extracting(0..<length), Base64.standard)
    }

    /// Appends what the unpadded URL Base64 `text` stands for; false, and nothing appended, if it
    /// is not well-formed.
    package mutating func append(decodingBase64URL text: Span<UInt8>) -> Bool {
        decode(text, Base64.url)
    }

    private mutating func encode(_ bytes: Span<UInt8>, _ alphabet: borrowing Base64) {
        reserve(bytes.count / 3 * 4 + 4)
        let letters = alphabet.letters.utf8Span
        var offset = 0
        while bytes.count &- offset >= 3 {
            let group =
                UInt32(bytes[offset]) &<< 16 | UInt32(bytes[offset &+ 1]) &<< 8
                | UInt32(bytes[offset &+ 2])
            let first = UInt32(letters[Int(group &>> 18)])
            let second = UInt32(letters[Int(group &>> 12 & 63)])
            let third = UInt32(letters[Int(group &>> 6 & 63)])
            let fourth = UInt32(letters[Int(group & 63)])
            append(littleEndian: first | second &<< 8 | third &<< 16 | fourth &<< 24)
            offset &+= 3
        }
        let rest = bytes.count &- offset
        guard rest > 0 else { return }
        let group = UInt32(bytes[offset]) &<< 8 | (rest > 1 ? UInt32(bytes[offset &+ 1]) : 0)
        append(letters[Int(group &>> 10)])
        append(letters[Int(group &>> 4 & 63)])
        if rest > 1 { append(letters[Int(group &<< 2 & 63)]) }
    }

    private mutating func decode(_ text: Span<UInt8>, _ alphabet: borrowing Base64) -> Bool {
        let start = count
        reserve(text.count / 4 * 3 + 3)
        var offset = 0
        let values = alphabet.values.span
        // Whatever is no letter has a bit above the sixth, which stays in `seen`.
        var seen: UInt32 = 0
        while text.count &- offset >= 4 {
            let first = UInt32(values[Int(text[offset])])
            let second = UInt32(values[Int(text[offset &+ 1])])
            let third = UInt32(values[Int(text[offset &+ 2])])
            let fourth = UInt32(values[Int(text[offset &+ 3])])
            seen |= first | second | third | fourth
            append(UInt8(truncatingIfNeeded: first &<< 2 | second &>> 4))
            append(UInt8(truncatingIfNeeded: second &<< 4 | third &>> 2))
            append(UInt8(truncatingIfNeeded: third &<< 6 | fourth))
            offset &+= 4
        }
        let rest = text.count &- offset
        var isGood = rest != 1
        if rest > 1 {
            let first = UInt32(values[Int(text[offset])])
            let second = UInt32(values[Int(text[offset &+ 1])])
            let third = rest > 2 ? UInt32(values[Int(text[offset &+ 2])]) : 0
            seen |= first | second | third
            append(UInt8(truncatingIfNeeded: first &<< 2 | second &>> 4))
            if rest > 2 { append(UInt8(truncatingIfNeeded: second &<< 4 | third &>> 2)) }
            // The bits below the last whole byte.
            isGood = rest > 2 ? third & 3 == 0 : second & 15 == 0
        }
        guard isGood, seen < 64 else {
            truncate(to: start)
            return false
        }
        return true
    }
}

/// One of the two alphabets, which differ in their last two letters.
private struct Base64: ~Copyable, Sendable {
    let letters: StaticString
    /// For each byte the six bits that it stands for as a letter, or 255.
    let values: InlineArray<256, UInt8>

    static let standard = Base64(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
    static let url = Base64(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")

    private init(_ letters: StaticString) {
        self.letters = letters
        var values = InlineArray<256, UInt8>(repeating: 255)
        let span = letters.utf8Span
        for index in span.indices { values[Int(span[index])] = UInt8(index) }
        self.values = values
    }
}
