// The other end of a connection under test: a plain blocking socket that gives up after ten
// seconds.

import Glibc
import TestSupport
import Testing

final class Client: Sendable {
    let descriptor: CInt

    /// `receiveBytes` makes the kernel's receive buffer small, so that a writer meets its end soon.
    init(receiveBytes: CInt? = nil) throws {
        descriptor = socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
        try #require(descriptor >= 0)
        if var size = receiveBytes {
            unsafe setsockopt(
                descriptor, SOL_SOCKET, SO_RCVBUF, &size, socklen_t(MemoryLayout<CInt>.size))
        }
        var time = timeval(tv_sec: Int(Door.milliseconds) / 1_000, tv_usec: 0)
        let length = socklen_t(MemoryLayout<timeval>.size)
        unsafe setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &time, length)
        unsafe setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &time, length)
    }

    deinit { Glibc.close(descriptor) }

    func connect(_ port: UInt16) throws {
        try #require(tryConnect(port), "errno \(errno)")
    }

    func tryConnect(_ port: UInt16) -> Bool {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        return unsafe withUnsafePointer(to: &address) {
            unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe Glibc.connect(
                    descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
    }

    /// Sends all of it; false when the peer does not take it.
    @discardableResult
    func send(_ bytes: [UInt8]) -> Bool {
        var sent = 0
        while sent < bytes.count {
            let part = unsafe bytes.withUnsafeBytes {
                unsafe Glibc.send(
                    descriptor, $0.baseAddress.map { unsafe $0 + sent }, bytes.count - sent,
                    CInt(MSG_NOSIGNAL))
            }
            if part <= 0 { return false }
            sent += part
        }
        return true
    }

    @discardableResult
    func send(_ text: String) -> Bool { send(Array(text.utf8)) }

    enum End: Equatable { case closed, reset, silent, enough }

    /// Receives until there are `count` bytes, or the peer ends; says which.
    func receive(_ count: Int = .max, piece: Int = 65_536) -> (bytes: [UInt8], end: End) {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: piece)
        while bytes.count < count {
            let wanted = min(piece, count - bytes.count)
            let got = unsafe buffer.withUnsafeMutableBytes {
                unsafe recv(descriptor, $0.baseAddress, wanted, 0)
            }
            if got == 0 { return (bytes, .closed) }
            if got < 0 { return (bytes, errno == EAGAIN ? .silent : .reset) }
            bytes += buffer.prefix(got)
        }
        return (bytes, .enough)
    }

    func text(_ count: Int) -> String { String(decoding: receive(count).bytes, as: UTF8.self) }

    /// No more bytes will come from here.
    func endOutput() { shutdown(descriptor, CInt(SHUT_WR)) }
}

/// Bytes that say where they stand, so that a gap or a repeat is seen.
func pattern(_ count: Int, from start: Int = 0) -> [UInt8] {
    (start..<start + count).map { UInt8(truncatingIfNeeded: $0 ^ $0 >> 8 ^ $0 >> 16) }
}
