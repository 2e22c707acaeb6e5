// Integers in as few bytes as they need: seven bits a byte, the lowest first; the top bit says that
// more follow. Signed ones are folded (0, -1, 1, -2 … become 0, 1, 2, 3 …).

import Base

enum Varint {
    static let bytesMax = 10

    static func zigzag(_ value: Int64) -> UInt64 {
        UInt64(bitPattern: (value << 1) ^ (value >> 63))
    }

    static func unzigzag(_ value: UInt64) -> Int64 {
        Int64(bitPattern: value >> 1) ^ -Int64(bitPattern: value & 1)
    }
}

extension ByteBuffer {
    mutating func append(varint value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        append(UInt8(truncatingIfNeeded: rest))
    }
}

extension RecordReader {
    /// Turns bad where the bytes end in the number, or where it has more than 64 bits.
    mutating func varint() -> UInt64 {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while true {
            let byte: UInt8 = integer()
            guard isGood else { return 0 }
            if shift == 63, byte > 1 {
                fail()
                return 0
            }
            value |= UInt64(byte & 0x7f) << shift
            if byte < 0x80 { return value }
            shift += 7
            if shift > 63 {
                fail()
                return 0
            }
        }
    }
}
