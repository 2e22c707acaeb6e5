// A listening socket. Every reactor has one of its own on the same address (SO_REUSEPORT: the
// kernel spreads connections over them), and before those open, one without that option proves
// that nobody else has the port: with it, a second server would silently share it.
//
// Options set here are inherited by accepted sockets, so a connection costs no setsockopt(2).

package import Base
import CLinux
import Glibc

package struct Listener: ~Copyable {
    private let socket: Descriptor
    /// The port; where 0 was asked for, the one the kernel chose.
    package let port: UInt16

    var descriptor: CInt { socket.number }

    /// Listens on `host`, an IPv4 or IPv6 address in text, or empty for all.
    package init(host: String, port: UInt16, shared: Bool) throws(SystemError) {
        var address = try SocketAddress(host: host, port: port)
        let number = Glibc.socket(
            CInt(address.family), CInt(SOCK_STREAM.rawValue) | Self.nonBlockingCloseOnExec, 0)
        guard number >= 0 else { throw .last("socket") }
        let socket = Descriptor(number)
        try Self.set(number, SOL_SOCKET, SO_REUSEADDR, 1)
        if shared { try Self.set(number, SOL_SOCKET, SO_REUSEPORT, 1) }
        let tcp = CInt(IPPROTO_TCP)
        try Self.set(number, tcp, TCP_NODELAY, 1)
        try Self.set(number, tcp, TCP_NOTSENT_LOWAT, ReactorLimits.notSentLowAt)
        try Self.set(number, tcp, TCP_USER_TIMEOUT, CInt(ReactorLimits.userTimeoutMilliseconds))
        let bound = unsafe address.withPointer { unsafe Glibc.bind(number, $0, $1) }
        guard bound == 0 else { throw .last("bind") }
        guard Glibc.listen(number, ReactorLimits.acceptBacklog) == 0 else { throw .last("listen") }
        let localPort = try SocketAddress.localPort(of: number)
        self.socket = socket
        self.port = localPort
    }

    private static var nonBlockingCloseOnExec: CInt {
        CInt(SOCK_NONBLOCK.rawValue) | CInt(SOCK_CLOEXEC.rawValue)
    }

    private static func set(
        _ socket: CInt, _ level: CInt, _ name: CInt, _ value: CInt
    ) throws(SystemError) {
        var value = value
        let size = socklen_t(MemoryLayout<CInt>.size)
        guard unsafe setsockopt(socket, level, name, &value, size) == 0 else {
            throw .last("setsockopt")
        }
    }

    /// One listener for each reactor, after the port has been proved free.
    package static func open(
        host: String, port: UInt16, count: Int
    ) throws(SystemError) -> ListenerSet {
        let proof = try Listener(host: host, port: port, shared: false)
        let chosen = proof.port
        _ = consume proof
        return ListenerSet(host: host, port: chosen, count: count)
    }
}

/// What the listeners of all reactors have in common.
package struct ListenerSet: Sendable {
    package let host: String
    package let port: UInt16
    package let count: Int

    /// The listener of one reactor.
    package func listener() throws(SystemError) -> Listener {
        try Listener(host: host, port: port, shared: true)
    }
}
