// What the JSON reader and writer both look for in text, eight bytes at a time.
//
//     word:   h e l l o " , }        one load
//     marks:  . . . . . # . .        top bit of each byte that needs a look; the lowest is exact
//
// Subtracting from all eight bytes at once lets a borrow run upward, so marks above the lowest one
// may be wrong: only the lowest is ever used. Sources: RFC 8259 section 7 for what a string may
// hold, Unicode 15.0 table 3-7 for well-formed UTF-8.

enum JSONText {
    private static let ones: UInt64 = 0x0101_0101_0101_0101
    private static let tops: UInt64 = 0x8080_8080_8080_8080

    /// Marks the bytes that JSON does not carry as they are: `"`, `\` and those below 0x20.
    @inline(__always)
    private static func escapeMarks(_ word: UInt64) -> UInt64 {
        let quote = word ^ (ones &* UInt64(UInt8(ascii: "\"")))
        let backslash = word ^ (ones &* UInt64(UInt8(ascii: "\\")))
        let found =
            ((quote &- ones) & ~quote) | ((backslash &- ones) & ~backslash)
            | ((word &- (ones &* 0x20)) & ~word)
        return found & tops
    }

    @inline(__always)
    private static func word(of text: Span<UInt8>, at offset: Int) -> UInt64 {
        // The load is checked against the span's bounds; every bit pattern is a UInt64.
        UInt64(
            littleEndian: unsafe text.bytes.unsafeLoadUnaligned(
                fromByteOffset: offset, as: UInt64.self))
    }

    @inline(__always)
    static func needsEscape(_ byte: UInt8) -> Bool {
        byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\")
    }

    /// The first byte at or after `start` that a JSON string must escape, or `text.count`.
    static func firstEscaped(in text: Span<UInt8>, from start: Int) -> Int {
        var offset = start
        while text.count &- offset >= 8 {
            let marks = escapeMarks(word(of: text, at: offset))
            if marks != 0 { return offset &+ marks.trailingZeroBitCount >> 3 }
            offset &+= 8
        }
        while offset < text.count, !needsEscape(text[offset]) { offset &+= 1 }
        return offset
    }

    /// The first byte at or after `start` that ends a run of plain ASCII inside of a string: one to
    /// escape, or the start of a longer UTF-8 sequence. `text.count` when there is none.
    @inline(__always)
    static func endOfPlain(in text: Span<UInt8>, from start: Int) -> Int {
        var offset = start
        while text.count &- offset >= 8 {
            let eight = word(of: text, at: offset)
            let marks = escapeMarks(eight) | (eight & tops)
            if marks != 0 { return offset &+ marks.trailingZeroBitCount >> 3 }
            offset &+= 8
        }
        while offset < text.count, text[offset] < 0x80, !needsEscape(text[offset]) { offset &+= 1 }
        return offset
    }

    /// The length (2 to 4) of the well-formed UTF-8 sequence that begins at `offset` with a byte
    /// above 0x7F, or 0 when it is not well-formed or the text ends inside of it.
    @inline(__always)
    static func sequenceLength(in text: Span<UInt8>, at offset: Int) -> Int {
        let lead = text[offset]
        let left = text.count &- offset
        guard left >= 2, lead >= 0xC2, lead <= 0xF4 else { return 0 }
        let second = text[offset &+ 1]
        guard second & 0xC0 == 0x80 else { return 0 }
        if lead < 0xE0 { return 2 }
        guard left >= 3, text[offset &+ 2] & 0xC0 == 0x80 else { return 0 }
        if lead < 0xF0 {
            // E0 with a second byte below A0 is overlong, ED with one above 9F a surrogate.
            let isBad = (lead == 0xE0 && second < 0xA0) || (lead == 0xED && second > 0x9F)
            return isBad ? 0 : 3
        }
        guard left >= 4, text[offset &+ 3] & 0xC0 == 0x80 else { return 0 }
        // F0 with a second byte below 90 is overlong, F4 with one above 8F past U+10FFFF.
        let isBad = (lead == 0xF0 && second < 0x90) || (lead == 0xF4 && second > 0x8F)
        return isBad ? 0 : 4
    }
}

extension StaticString {
    /// The literal's bytes, which live as long as the program.
    var utf8Span: Span<UInt8> {
        @_lifetime(immortal)
        get {
            let bytes = unsafe UnsafeBufferPointer(start: utf8Start, count: utf8CodeUnitCount)
            let view = unsafe Span(_unsafeElements: bytes)
            return unsafe _overrideLifetime(view, copying: ())
        }
    }
}
