// Numbers as decimal text, without a String in between.

extension ByteBuffer {
    @inlinable
    package mutating func append(decimal value: some BinaryInteger) {
        if value < 0 {
            append(UInt8(ascii: "-"))
            append(digits: UInt64(value.magnitude))
        } else {
            append(digits: UInt64(value))
        }
    }

    /// `value` in decimal with zeros in front, at least `width` digits.
    package mutating func append(decimal value: Int, width: Int) {
        var power = 1
        for _ in 1..<max(width, 1) { power *= 10 }
        while power > 1, value < power {
            append(UInt8(ascii: "0"))
            power /= 10
        }
        append(digits: UInt64(value.magnitude))
    }

    @usableFromInline
    mutating func append(digits value: UInt64) {
        if value < 10 {
            append(UInt8(ascii: "0") + UInt8(value))
            return
        }
        var digits: InlineArray<20, UInt8> = .init(repeating: 0)
        var rest = value
        var start = 20
        while rest > 0 {
            let (quotient, digit) = rest.quotientAndRemainder(dividingBy: 10)
            start -= 1
            digits[start] = UInt8(ascii: "0") + UInt8(digit)
            rest = quotient
        }
        append(digits.span.extracting(start..<20))
    }

    /// `value` as lower-case hexadecimal, always 16 digits.
    package mutating func append(hexadecimal value: UInt64) {
        for shift in stride(from: 60, through: 0, by: -4) {
            let digit = UInt8(truncatingIfNeeded: value >> UInt64(shift)) & 15
            append(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10)
        }
    }
}
