// The generator's own event loop: one thread, one epoll set, one receive buffer.
//
//     wait ──► read what is there, tell the handler ──► send what has gathered, once a client
//
// It shares nothing with the server's reactor, so that a mistake there is not made here as well.
// Level-triggered; one recv(2) for each event.

import Base
import CLinux
import Glibc
import Wire

/// Hears of what happens on connections. Calls come from inside of `turn`.
protocol LoadHandler: AnyObject {
    /// The connection is there, as what its purpose says: requests or frames may be sent.
    func opened(_ client: LoadClient, on loop: LoadLoop)
    /// A whole text or binary message. `now` is when its bytes were read.
    func received(_ payload: Span<UInt8>, _ client: LoadClient, on loop: LoadLoop, now: UInt64)
    func responded(status: Int, body: Span<UInt8>, _ client: LoadClient, on loop: LoadLoop)
    func ended(_ client: LoadClient, _ failure: LoadFailure, on loop: LoadLoop)
}

extension LoadHandler {
    func responded(status: Int, body: Span<UInt8>, _ client: LoadClient, on loop: LoadLoop) {}
}

@safe
final class LoadLoop {
    private static let eventsMax = 1_024
    static let receiveBytes = 512 * 1_024

    private let epoll: Descriptor
    private let events: UnsafeMutablePointer<epoll_event>
    let address: LoadAddress
    var clients: [LoadClient] = []
    private var dirty: [LoadClient] = []
    var input = ByteBuffer(capacity: LoadLoop.receiveBytes * 2)
    var random: SeededRandom
    unowned(unsafe) var handler: any LoadHandler
    /// Bytes that came, for who wants to know whether anything happens.
    var bytesReceived: UInt64 = 0

    init(_ address: LoadAddress, seed: UInt64, handler: any LoadHandler) throws(LoadFailure) {
        let number = epoll_create1(CInt(EPOLL_CLOEXEC))
        guard number >= 0 else { throw .system(.last("epoll_create1")) }
        epoll = Descriptor(number)
        unsafe events = UnsafeMutablePointer.allocate(capacity: Self.eventsMax)
        self.address = address
        random = SeededRandom(seed: seed)
        unsafe self.handler = handler
    }

    deinit { unsafe events.deallocate() }

    /// Opens one more connection; `handler.opened` tells when it is there.
    func connect(_ purpose: LoadClient.Phase) throws(LoadFailure) -> LoadClient {
        let client = LoadClient(index: clients.count, purpose: purpose)
        client.descriptor = try address.connect()
        var event = unsafe epoll_event()
        unsafe event.events = EPOLLIN.rawValue | EPOLLOUT.rawValue
        unsafe event.data.u64 = UInt64(client.index)
        client.awaitsWritable = true
        guard unsafe epoll_ctl(epoll.number, EPOLL_CTL_ADD, client.descriptor, &event) == 0 else {
            throw .system(.last("epoll_ctl"))
        }
        clients.append(client)
        return client
    }

    /// Closes all connections and forgets them.
    func closeAll() {
        for client in clients { client.close() }
        clients = []
        dirty = []
    }

    /// Waits up to `milliseconds`, reads, and sends.
    func turn(milliseconds: CInt) {
        flush()
        let count = unsafe epoll_wait(
            epoll.number, events, CInt(Self.eventsMax), milliseconds)
        if count <= 0 { return }
        for index in 0..<Int(count) {
            let (data, bits) = unsafe (events[index].data.u64, events[index].events)
            guard data < clients.count else { continue }
            let client = clients[Int(data)]
            if bits & EPOLLOUT.rawValue != 0 { writable(client) }
            let readable = EPOLLIN.rawValue | EPOLLHUP.rawValue | EPOLLERR.rawValue
            if bits & readable != 0, client.phase != .closed { self.readable(client) }
        }
        flush()
    }

    // MARK: output

    /// Has the client's `out` sent at the end of the turn.
    @inline(__always)
    func wantsToSend(_ client: LoadClient) {
        if client.isDirty { return }
        client.isDirty = true
        dirty.append(client)
    }

    func flush() {
        if dirty.isEmpty { return }
        for client in dirty {
            client.isDirty = false
            if !client.awaitsWritable { send(client) }
        }
        dirty.removeAll(keepingCapacity: true)
    }

    private func send(_ client: LoadClient) {
        if client.phase == .closed { return }
        let descriptor = client.descriptor
        let from = client.outSent
        let sent = client.out.withSpan { bytes in
            unsafe bytes.extracting(from..<bytes.count).withUnsafeBytes {
                unsafe Glibc.send(descriptor, $0.baseAddress, $0.count, CInt(MSG_NOSIGNAL))
            }
        }
        if sent < 0, errno != EAGAIN, errno != EINTR {
            end(client, .connectionLost(client: client.index))
            return
        }
        client.outSent += max(sent, 0)
        let isDrained = client.outSent == client.out.count
        if isDrained {
            client.out.removeAll()
            client.outSent = 0
        }
        if client.awaitsWritable == isDrained { setAwaitsWritable(client, !isDrained) }
    }

    private func setAwaitsWritable(_ client: LoadClient, _ awaits: Bool) {
        client.awaitsWritable = awaits
        var event = unsafe epoll_event()
        unsafe event.events = EPOLLIN.rawValue | (awaits ? EPOLLOUT.rawValue : 0)
        unsafe event.data.u64 = UInt64(client.index)
        _ = unsafe epoll_ctl(epoll.number, EPOLL_CTL_MOD, client.descriptor, &event)
    }

    private func writable(_ client: LoadClient) {
        if client.phase == .closed { return }
        if client.phase == .connecting {
            var problem: CInt = 0
            var length = socklen_t(MemoryLayout<CInt>.size)
            let result = unsafe getsockopt(
                client.descriptor, SOL_SOCKET, SO_ERROR, &problem, &length)
            guard result == 0, problem == 0 else {
                end(client, .system(SystemError("connect \(address)", number: problem)))
                return
            }
            client.phase = client.purpose
            unsafe handler.opened(client, on: self)
        }
        send(client)
    }

    func end(_ client: LoadClient, _ failure: LoadFailure) {
        if client.phase == .closed { return }
        client.close()
        unsafe handler.ended(client, failure, on: self)
    }
}
