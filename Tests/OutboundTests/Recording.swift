// A receiver that writes down what it is told, and a loop with servers for one test.

import Base
import Outbound
import Synchronization
import TestSupport
import Testing

final class Recording: ReplyReceiver {
    struct Log: Sendable {
        var head: ReplyHead?
        var heads = 0
        var bytes: [UInt8] = []
        var pieces = 0
        var end: CallEnd?
        var ends = 0
        var detail = ""
        var endedAt: UInt64 = 0
        var text: String { String(decoding: bytes, as: UTF8.self) }
    }

    private let state = Mutex(Log())
    private let began = Door()
    private let first = Door()
    private let over = Door()
    private let onPiece: (@Sendable (Call, Int) -> Void)?

    /// `onPiece` is called after each piece with the bytes so far, on the loop's thread.
    init(onPiece: (@Sendable (Call, Int) -> Void)? = nil) { self.onPiece = onPiece }

    var log: Log { state.withLock { $0 } }

    func began(_ call: Call, _ head: ReplyHead) {
        state.withLock {
            $0.head = head
            $0.heads += 1
        }
        began.open()
    }

    func received(_ call: Call, _ bytes: Span<UInt8>) {
        let total = state.withLock { log in
            for index in bytes.indices { log.bytes.append(bytes[index]) }
            log.pieces += 1
            return log.bytes.count
        }
        if total == bytes.count { first.open() }
        onPiece?(call, total)
    }

    func ended(_ call: Call, _ end: CallEnd, detail: String) {
        state.withLock {
            $0.end = end
            $0.ends += 1
            $0.detail = detail
            $0.endedAt = Clock.monotonicNanoseconds()
        }
        over.open()
    }

    /// Waits for the head.
    func waitForHead() { #expect(began.pass(), "no head came") }
    /// Waits for the first piece of the body.
    func waitForBytes() { #expect(first.pass(), "no byte came") }

    /// Waits for the end and says what came.
    @discardableResult
    func finish() -> Log {
        #expect(over.pass(), "the call did not end")
        return log
    }
}

/// Runs `body` with a loop that is stopped behind it.
func withLoop(
    _ settings: OutboundSettings = OutboundSettings(), _ body: (OutboundLoop) throws -> Void
) throws {
    let loop = try OutboundLoop(settings)
    defer { loop.stop() }
    try body(loop)
}

/// Runs `body` with a loop and a server that follows `script`.
func withServer(
    _ settings: OutboundSettings = OutboundSettings(),
    host: String = "127.0.0.1", script: @escaping @Sendable (Peer) -> Void,
    _ body: (OutboundLoop, ScriptedServer) throws -> Void
) throws {
    let server = ScriptedServer(host: host, script)
    defer { server.stop() }
    try withLoop(settings) { try body($0, server) }
}

/// A request with time limits that no test reaches by accident.
func get(_ url: String, _ change: (inout CallLimits) -> Void = { _ in }) -> CallRequest {
    var request = CallRequest(.get, url)
    request.limits.firstByteMilliseconds = 10_000
    request.limits.wholeMilliseconds = 10_000
    change(&request.limits)
    return request
}

let chunkedHead = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
