// An event loop under test: on a thread of its own, with a session made of closures for each
// connection, and a way to run something on the loop and wait for it.

import Base
import Glibc
import Reactor
import Synchronization
import TestSupport
import Testing

/// A session whose every call is a closure that a test may set. By default it echoes.
final class ClosureSession: Session {
    var onReceive: (inout ByteBuffer, EventLoop, UInt32) -> Int = { input, loop, slot in
        loop.send(loop.stage(input.span), to: slot)
        return input.count
    }
    var onInputEnd: (EventLoop, UInt32) -> Void = { $0.finish($1, .peerClosed) }
    var onProceed: (EventLoop, UInt32) -> Void = { _, _ in }
    var onTime: (EventLoop, UInt32) -> Void = { _, _ in }
    var onFull: (EventLoop, UInt32) -> Void = { _, _ in }
    var onEnd: (CloseReason, EventLoop, UInt32) -> Void = { _, _, _ in }
    var takes: (UInt64, UInt64) -> Bool = { _, _ in true }

    func receive(_ input: inout ByteBuffer, on loop: EventLoop, _ slot: UInt32) -> Int {
        onReceive(&input, loop, slot)
    }
    func inputEnded(on loop: EventLoop, _ slot: UInt32) { onInputEnd(loop, slot) }
    func proceed(on loop: EventLoop, _ slot: UInt32) { onProceed(loop, slot) }
    func timePassed(on loop: EventLoop, _ slot: UInt32) { onTime(loop, slot) }
    func accepts(topic: UInt64, sequence: UInt64) -> Bool { takes(topic, sequence) }
    func answer(
        _ bytes: Span<UInt8>, request: UInt32, topic: UInt64, sequence: UInt32,
        on loop: EventLoop, _ slot: UInt32
    ) {}
    func outboxIsFull(on loop: EventLoop, _ slot: UInt32) { onFull(loop, slot) }
    func gone(on loop: EventLoop, _ slot: UInt32) {}
    func ended(_ reason: CloseReason, on loop: EventLoop, _ slot: UInt32) {
        onEnd(reason, loop, slot)
    }
}

private final class BenchDelegate: LoopDelegate, Sendable {
    let prepare: @Sendable (ClosureSession, EventLoop, UInt32) -> Void
    let accepted: Mutex<[ConnectionKey]> = Mutex([])
    let formsMade = Mutex(0)
    let door = Door()

    init(_ prepare: @escaping @Sendable (ClosureSession, EventLoop, UInt32) -> Void) {
        self.prepare = prepare
    }

    func accepted(on loop: EventLoop, _ slot: UInt32) -> any Session {
        let session = ClosureSession()
        prepare(session, loop, slot)
        let key = loop.key(of: slot)
        accepted.withLock { $0.append(key) }
        door.open()
        return session
    }
    func executed(on loop: EventLoop) {}
    func ticked(on loop: EventLoop) {}
    func shutDown(_ session: any Session, on loop: EventLoop, _ slot: UInt32) {
        loop.finish(slot, .shutdown)
    }

    /// Form 1 is the message as it is, every other one has each byte changed by its number.
    func append(_ message: Span<UInt8>, inForm form: UInt8, to output: inout ByteBuffer) {
        formsMade.withLock { $0 += 1 }
        if form == 1 { return }
        for index in message.indices { output.append(message[index] ^ form) }
    }
}

final class LoopBench: Sendable {
    let loop: EventLoop
    let port: UInt16
    /// Opened when the loop has ended.
    let end = Door()
    private let delegate: BenchDelegate
    private let thread: Thread

    init(
        connectionsMax: Int = 4_096,
        _ prepare: @escaping @Sendable (ClosureSession, EventLoop, UInt32) -> Void = { _, _, _ in }
    ) throws {
        delegate = BenchDelegate(prepare)
        loop = try EventLoop(index: 3, delegate: delegate, connectionsMax: connectionsMax)
        let listener = try Listener(host: "127.0.0.1", port: 0, shared: false)
        port = listener.port
        try loop.listen(listener)
        let (loop, end, delegate) = (loop, end, delegate)
        thread = Thread(name: "loop") {
            withExtendedLifetime(delegate) { loop.run() }
            end.open()
        }
    }

    /// Runs `body` on the loop, and returns when it has run.
    @discardableResult
    func run<R: Sendable>(_ body: @escaping @Sendable (EventLoop) -> R) throws -> R {
        let door = Door()
        let result = Mutex<R?>(nil)
        loop.post(
            .task { loop in
                let value = body(loop)
                result.withLock { $0 = value }
                door.open()
            })
        try #require(door.pass(), "the loop does not answer")
        return try #require(result.withLock { $0 })
    }

    /// How many forms of messages were made.
    var formsMade: Int { delegate.formsMade.withLock { $0 } }

    /// A client, and the key of its connection.
    func connect(receiveBytes: CInt? = nil) throws -> (Client, ConnectionKey) {
        let client = try Client(receiveBytes: receiveBytes)
        try client.connect(port)
        try #require(delegate.door.pass(), "nothing was accepted")
        return (client, try #require(delegate.accepted.withLock { $0.last }))
    }

    /// Ends the loop at once; false when it does not end.
    func stop() -> Bool {
        loop.post(
            .task { loop in
                loop.drain()
                loop.abort()
            })
        guard end.pass() else { return false }
        thread.join()
        return true
    }
}
