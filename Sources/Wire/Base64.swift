// Base64 with the standard alphabet and padding (RFC 4648, section 4), written into a buffer.

package import Base

extension ByteBuffer {
    package mutating func append(base64 bytes: Span<UInt8>) {
        reserve((bytes.count + 2) / 3 * 4)
        var at = 0
        while at < bytes.count {
            let left = bytes.count - at
            let group =
                UInt32(bytes[at]) << 16
                | (left > 1 ? UInt32(bytes[at + 1]) << 8 : 0)
                | (left > 2 ? UInt32(bytes[at + 2]) : 0)
            append(Self.base64Digit(group >> 18))
            append(Self.base64Digit(group >> 12))
            append(left > 1 ? Self.base64Digit(group >> 6) : UInt8(ascii: "="))
            append(left > 2 ? Self.base64Digit(group) : UInt8(ascii: "="))
            at += 3
        }
    }

    /// The digit for the lowest six bits.
    private static func base64Digit(_ value: UInt32) -> UInt8 {
        let digit = UInt8(truncatingIfNeeded: value & 63)
        return switch digit {
        case 0..<26: UInt8(ascii: "A") + digit
        case 26..<52: UInt8(ascii: "a") + (digit - 26)
        case 52..<62: UInt8(ascii: "0") + (digit - 52)
        case 62: UInt8(ascii: "+")
        default: UInt8(ascii: "/")
        }
    }
}
