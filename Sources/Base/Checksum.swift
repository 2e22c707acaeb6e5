// CRC-32C, the checksum of everything that is written to disk.

import CLinux

package enum Checksum {
    /// CRC-32C (Castagnoli; RFC 3720, B.4) of `bytes`, going on from `sum` (0 to start).
    package static func crc32c(_ bytes: Span<UInt8>, from sum: UInt32 = 0) -> UInt32 {
        unsafe bytes.withUnsafeBytes { unsafe linux_crc32c(sum, $0.baseAddress, $0.count) }
    }
}
