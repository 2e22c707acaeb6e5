// A foreign server on 127.0.0.1 that does what a script says: one thread a connection, which runs
// the script with the connection's end in hand. The connection is closed when the script returns.

import Base
import Glibc
import Synchronization

package final class ScriptedServer: Sendable {
    package let port: UInt16
    private let listener: CInt
    private let state = Mutex(State())
    private let script: @Sendable (Peer) -> Void

    private struct State {
        var isStopped = false
        var connections = 0
        var open: Set<CInt> = []
        var threads: [Thread] = []
    }

    /// Listens on `host`, an IPv4 address, and a free port.
    package init(
        host: String = "127.0.0.1", _ script: @escaping @Sendable (Peer) -> Void
    ) {
        self.script = script
        listener = socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        unsafe inet_pton(AF_INET, host, &address.sin_addr)
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let descriptor = listener
        let isBound = unsafe withUnsafeMutablePointer(to: &address) {
            unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe bind(descriptor, $0, length) == 0 && listen(descriptor, 1_024) == 0
                    && getsockname(descriptor, $0, &length) == 0
            }
        }
        precondition(isBound, "no port for a scripted server")
        port = UInt16(bigEndian: address.sin_port)
        let acceptor = Thread(name: "script") { self.accept() }
        state.withLock { $0.threads.append(acceptor) }
    }

    package var address: String { "http://127.0.0.1:\(port)" }

    /// Connections that have been accepted so far.
    package var connectionCount: Int { state.withLock { $0.connections } }

    private func accept() {
        while true {
            let descriptor = Glibc.accept(listener, nil, nil)
            if descriptor < 0 {
                if errno == EINTR { continue }
                return
            }
            let isTaken = state.withLock { state in
                if state.isStopped { return false }
                let index = state.connections
                state.connections += 1
                state.open.insert(descriptor)
                state.threads.append(Thread(name: "peer") { self.run(descriptor, index) })
                return true
            }
            if !isTaken { close(descriptor) }
        }
    }

    private func run(_ descriptor: CInt, _ index: Int) {
        let peer = Peer(descriptor, index: index)
        script(peer)
        peer.close()
        _ = state.withLock { $0.open.remove(descriptor) }
        close(descriptor)
    }

    /// Ends all connections and joins all threads.
    package func stop() {
        let threads = state.withLock { state in
            state.isStopped = true
            for descriptor in state.open { shutdown(descriptor, CInt(SHUT_RDWR)) }
            defer { state.threads = [] }
            return state.threads
        }
        shutdown(listener, CInt(SHUT_RDWR))
        for thread in threads { thread.join() }
        close(listener)
    }
}
