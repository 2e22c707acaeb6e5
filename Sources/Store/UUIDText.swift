// UUIDs between text and 16 bytes: most clients name their messages with one, and 16 bytes are
// less to keep than 36. Only the canonical form (RFC 9562, section 4: lower-case, with hyphens) is
// packed, because only that comes out as it went in.

import Base

enum UUIDText {
    /// The 16 bytes of a canonical UUID, or nil for any other text.
    static func parse(_ text: Span<UInt8>) -> InlineArray<16, UInt8>? {
        guard text.count == 36 else { return nil }
        var bytes: InlineArray<16, UInt8> = .init(repeating: 0)
        var digits = 0
        for index in text.indices {
            let character = text[index]
            if index == 8 || index == 13 || index == 18 || index == 23 {
                guard character == UInt8(ascii: "-") else { return nil }
                continue
            }
            let value: UInt8
            switch character {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): value = character - UInt8(ascii: "0")
            case UInt8(ascii: "a")...UInt8(ascii: "f"): value = character - UInt8(ascii: "a") + 10
            default: return nil
            }
            bytes[digits / 2] = bytes[digits / 2] << 4 | value
            digits += 1
        }
        return bytes
    }

    static func append(_ bytes: Span<UInt8>, to buffer: inout ByteBuffer) {
        for index in bytes.indices {
            if index == 4 || index == 6 || index == 8 || index == 10 {
                buffer.append(UInt8(ascii: "-"))
            }
            buffer.append(digit(bytes[index] >> 4))
            buffer.append(digit(bytes[index] & 15))
        }
    }

    private static func digit(_ value: UInt8) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
    }
}
