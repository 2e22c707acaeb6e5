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
        let length = Self.digitCount(value)
        unsafe append(upTo: length) { space in
            var rest = value
            var at = length
            while at > 0 {
                let (quotient, digit) = rest.quotientAndRemainder(dividingBy: 10)
                at -= 1
                unsafe space[at] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: digit)
                rest = quotient
            }
            return length
        }
    }

    /// How many decimal digits a number has; 1 for 0.
    package static func digitCount(_ value: UInt64) -> Int {
        var count = 1
        var limit: UInt64 = 10
        while value >= limit {
            count += 1
            let (next, overflows) = limit.multipliedReportingOverflow(by: 10)
            if overflows { break }
            limit = next
        }
        return count
    }

    /// `value` as lower-case hexadecimal, always 16 digits.
    package mutating func append(hexadecimal value: UInt64) {
        for shift in stride(from: 60, through: 0, by: -4) {
            let digit = UInt8(truncatingIfNeeded: value >> UInt64(shift)) & 15
            append(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10)
        }
    }
}
