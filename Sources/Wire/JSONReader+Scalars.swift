// Strings and numbers for the JSON reader: RFC 8259 sections 6 and 7. Each function starts at the
// token's first byte, leaves `position` behind its last, and returns nil after it has noted why the
// token is refused. Every byte is looked at once.

extension JSONReader {
    /// A string, from its opening quote. UTF-8 and escapes are validated on the way.
    @inline(__always)
    mutating func scanString() -> JSONString? {
        let start = position &+ 1
        var offset = start
        var hasEscapes = false
        while true {
            offset = JSONText.endOfPlain(in: text, from: offset)
            guard offset < text.count else { return refuse(at: offset, .unexpectedEnd) }
            let byte = text[offset]
            if byte == UInt8(ascii: "\"") { break }
            if byte >= 0x80 {
                // Text in other scripts comes in runs: stay with it while it lasts.
                repeat {
                    let length = JSONText.sequenceLength(in: text, at: offset)
                    guard length > 0 else { return refuse(at: offset, .malformedUTF8) }
                    offset &+= length
                } while offset < text.count && text[offset] >= 0x80
            } else if byte == UInt8(ascii: "\\") {
                switch JSONEscape(at: offset, of: text) {
                case .scalar(_, let length): offset &+= length
                case .invalid(let defect): return refuse(at: offset, defect)
                }
                hasEscapes = true
            } else {
                return refuse(at: offset, .controlCharacter)
            }
        }
        position = offset &+ 1
        return JSONString(start, offset, hasEscapes: hasEscapes)
    }

    /// `-`? (`0` | 1-9 digits) (`.` digits)? (`e` sign? digits)?
    mutating func scanNumber() -> JSONNumber? {
        let start = position
        let isNegative = peek() == UInt8(ascii: "-")
        if isNegative { position &+= 1 }
        let first = position
        var magnitude: UInt64 = 0
        if peek() == UInt8(ascii: "0") {
            position &+= 1
        } else {
            while let digit = digit() {
                magnitude = magnitude &* 10 &+ UInt64(digit)
                position &+= 1
            }
            if position == first { return refuse(at: position, .malformedNumber) }
        }
        // 19 digits cannot overflow 64 bits; without leading zeros, 20 are too many for Int64.
        let fits = position &- first <= 19
        var isInteger = true
        if peek() == UInt8(ascii: ".") {
            isInteger = false
            position &+= 1
            guard skipDigits() else { return refuse(at: position, .malformedNumber) }
        }
        if peek() | 0x20 == UInt8(ascii: "e") {
            isInteger = false
            position &+= 1
            if peek() == UInt8(ascii: "+") || peek() == UInt8(ascii: "-") { position &+= 1 }
            guard skipDigits() else { return refuse(at: position, .malformedNumber) }
        }
        let value = fits && isInteger ? integer(magnitude, isNegative: isNegative) : nil
        return JSONNumber(start, position, integer: value)
    }

    private func integer(_ magnitude: UInt64, isNegative: Bool) -> Int64? {
        if !isNegative { return Int64(exactly: magnitude) }
        // The smallest Int64 has one more in magnitude than the largest.
        return magnitude <= 1 << 63 ? Int64(truncatingIfNeeded: 0 &- magnitude) : nil
    }

    @inline(__always)
    private func digit() -> UInt8? {
        let value = peek() &- UInt8(ascii: "0")
        return value < 10 ? value : nil
    }

    private mutating func skipDigits() -> Bool {
        guard digit() != nil else { return false }
        while digit() != nil { position &+= 1 }
        return true
    }

    @inline(never)
    private mutating func refuse<Token>(at offset: Int, _ defect: JSONDefect) -> Token? {
        position = offset
        fail(defect)
        return nil
    }
}

/// One escape of a string (RFC 8259 section 7), decoded.
enum JSONEscape {
    /// What it stands for, and how many bytes it takes: 2, 6, or 12 for a surrogate pair.
    case scalar(Unicode.Scalar, length: Int)
    case invalid(JSONDefect)

    /// The escape whose backslash is at `offset`.
    init(at offset: Int, of text: Span<UInt8>) {
        guard text.count &- offset >= 2 else {
            self = .invalid(.unexpectedEnd)
            return
        }
        switch text[offset &+ 1] {
        case UInt8(ascii: "\""): self = .scalar("\"", length: 2)
        case UInt8(ascii: "\\"): self = .scalar("\\", length: 2)
        case UInt8(ascii: "/"): self = .scalar("/", length: 2)
        case UInt8(ascii: "n"): self = .scalar("\n", length: 2)
        case UInt8(ascii: "t"): self = .scalar("\t", length: 2)
        case UInt8(ascii: "r"): self = .scalar("\r", length: 2)
        case UInt8(ascii: "b"): self = .scalar("\u{8}", length: 2)
        case UInt8(ascii: "f"): self = .scalar("\u{C}", length: 2)
        case UInt8(ascii: "u"): self = JSONEscape.unicode(at: offset, of: text)
        default: self = .invalid(.malformedEscape)
        }
    }

    private static func unicode(at offset: Int, of text: Span<UInt8>) -> JSONEscape {
        guard let unit = codeUnit(at: offset &+ 2, of: text) else {
            return .invalid(.malformedEscape)
        }
        if let scalar = Unicode.Scalar(unit) { return .scalar(scalar, length: 6) }
        // A surrogate: the high one first, the low one right behind it.
        guard unit < 0xDC00, text.count &- offset >= 12,
            text[offset &+ 6] == UInt8(ascii: "\\"), text[offset &+ 7] == UInt8(ascii: "u"),
            let low = codeUnit(at: offset &+ 8, of: text), low >= 0xDC00, low < 0xE000
        else { return .invalid(.loneSurrogate) }
        let value = 0x10000 &+ (unit &- 0xD800) &<< 10 &+ (low &- 0xDC00)
        guard let scalar = Unicode.Scalar(value) else { return .invalid(.loneSurrogate) }
        return .scalar(scalar, length: 12)
    }

    private static func codeUnit(at offset: Int, of text: Span<UInt8>) -> UInt32? {
        guard text.count &- offset >= 4 else { return nil }
        var unit: UInt32 = 0
        for index in offset..<(offset &+ 4) {
            let byte = text[index]
            let digit = byte &- UInt8(ascii: "0")
            let letter = (byte | 0x20) &- UInt8(ascii: "a")
            guard digit < 10 || letter < 6 else { return nil }
            unit = unit &<< 4 | UInt32(digit < 10 ? digit : letter &+ 10)
        }
        return unit
    }
}
