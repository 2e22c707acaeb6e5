// A quick hash of some bytes, the same in every run: for tables that are not open to attack,
// because their keys are the program's own, or because whoever chooses them harms himself alone.

package enum ByteHash {
    /// All 64 bits are mixed, so any of them serve as the index of a table.
    package static func of(_ bytes: Span<UInt8>) -> UInt64 {
        unsafe bytes.withUnsafeBytes { raw in
            var hash = UInt64(raw.count) &* 0x9E37_79B9_7F4A_7C15
            var at = 0
            while at + 8 <= raw.count {
                let word = unsafe raw.loadUnaligned(fromByteOffset: at, as: UInt64.self)
                hash = mix(hash ^ UInt64(littleEndian: word))
                at += 8
            }
            var rest: UInt64 = 0
            while at < raw.count {
                rest = rest << 8 | UInt64(unsafe raw[at])
                at += 1
            }
            return mix(hash ^ rest)
        }
    }

    /// The finisher of SplitMix64.
    private static func mix(_ value: UInt64) -> UInt64 {
        var z = value
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
