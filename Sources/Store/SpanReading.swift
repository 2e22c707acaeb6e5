// Integers out of bytes, and equality of bytes. Bounds are checked by the span.

import Base

extension Span where Element == UInt8 {
    /// A little-endian integer at `offset`, unaligned.
    func integer<T: FixedWidthInteger & BitwiseCopyable>(_: T.Type, at offset: Int) -> T {
        let part = extracting(offset..<offset + MemoryLayout<T>.size)
        return unsafe part.withUnsafeBytes {
            unsafe T(littleEndian: $0.loadUnaligned(as: T.self))
        }
    }

    func isEqual(to other: Span<UInt8>) -> Bool {
        guard count == other.count else { return false }
        for index in indices where self[index] != other[index] { return false }
        return true
    }
}
