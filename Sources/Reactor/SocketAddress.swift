// An address in the form that bind(2) wants, from text.

import Base
import CLinux
import Glibc

struct SocketAddress {
    private var storage = sockaddr_storage()
    private let length: socklen_t

    var family: sa_family_t { storage.ss_family }

    /// `host` is an IPv4 or IPv6 address in text; empty stands for every IPv4 address, `localhost`
    /// for 127.0.0.1.
    init(host: String, port: UInt16) throws(SystemError) {
        var four = sockaddr_in()
        var six = sockaddr_in6()
        let address =
            switch host {
            case "": "0.0.0.0"
            case "localhost": "127.0.0.1"
            default: host
            }
        if unsafe inet_pton(AF_INET, address, &four.sin_addr) == 1 {
            four.sin_family = sa_family_t(AF_INET)
            four.sin_port = port.bigEndian
            length = socklen_t(MemoryLayout<sockaddr_in>.size)
            unsafe withUnsafeMutableBytes(of: &storage) {
                unsafe $0.storeBytes(of: four, as: sockaddr_in.self)
            }
        } else if unsafe inet_pton(AF_INET6, host, &six.sin6_addr) == 1 {
            six.sin6_family = sa_family_t(AF_INET6)
            six.sin6_port = port.bigEndian
            length = socklen_t(MemoryLayout<sockaddr_in6>.size)
            unsafe withUnsafeMutableBytes(of: &storage) {
                unsafe $0.storeBytes(of: six, as: sockaddr_in6.self)
            }
        } else {
            throw SystemError("\(host) as an IP address", number: EINVAL)
        }
    }

    mutating func withPointer<R>(
        _ body: (UnsafePointer<sockaddr>, socklen_t) -> R
    ) -> R {
        let length = length
        return unsafe withUnsafePointer(to: &storage) {
            unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { unsafe body($0, length) }
        }
    }

    /// The port that a bound socket has.
    static func localPort(of socket: CInt) throws(SystemError) -> UInt16 {
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let result = unsafe withUnsafeMutablePointer(to: &storage) {
            unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe getsockname(socket, $0, &length)
            }
        }
        guard result == 0 else { throw .last("getsockname") }
        return PeerAddress(storage).port
    }
}
