// Where a peer is: an IPv6 address (IPv4 in its mapped form) and a port, in 18 bytes.

import Base
import CLinux
import Glibc

package struct PeerAddress: Hashable, Sendable {
    /// Network byte order, high half first.
    package var high: UInt64 = 0
    package var low: UInt64 = 0
    package var port: UInt16 = 0

    package init() {}

    init(_ storage: sockaddr_storage) {
        unsafe withUnsafeBytes(of: storage) { bytes in
            switch CInt(storage.ss_family) {
            case AF_INET:
                port = unsafe UInt16(
                    bigEndian: bytes.load(
                        fromByteOffset: MemoryLayout<sockaddr_in>.offset(of: \.sin_port)!,
                        as: UInt16.self))
                let address = unsafe UInt32(
                    bigEndian: bytes.load(
                        fromByteOffset: MemoryLayout<sockaddr_in>.offset(of: \.sin_addr)!,
                        as: UInt32.self))
                low = 0xffff_0000_0000 | UInt64(address)
            case AF_INET6:
                port = unsafe UInt16(
                    bigEndian: bytes.load(
                        fromByteOffset: MemoryLayout<sockaddr_in6>.offset(of: \.sin6_port)!,
                        as: UInt16.self))
                let start = MemoryLayout<sockaddr_in6>.offset(of: \.sin6_addr)!
                high = unsafe UInt64(
                    bigEndian: bytes.loadUnaligned(fromByteOffset: start, as: UInt64.self))
                low = unsafe UInt64(
                    bigEndian: bytes.loadUnaligned(fromByteOffset: start + 8, as: UInt64.self))
            default: break
            }
        }
    }

    package var isIPv4: Bool { high == 0 && low >> 32 == 0xffff }

    /// "192.0.2.1", or the eight groups of an IPv6 address; without the port.
    package var text: String {
        if isIPv4 {
            return (0..<4).map { String(low >> (24 - 8 * $0) & 255) }.joined(separator: ".")
        }
        return (0..<8).map {
            String(($0 < 4 ? high >> (48 - 16 * $0) : low >> (112 - 16 * $0)) & 0xffff, radix: 16)
        }.joined(separator: ":")
    }
}
