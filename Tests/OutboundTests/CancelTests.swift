// Ending calls from this side: cancelling, stopping, and holding a server back. What is promised is
// measured where it counts, at the server's end of the connection.

import Base
import Outbound
import Synchronization
import TestSupport
import Testing

@Suite struct CancelTests {
    enum Moment: CaseIterable { case connecting, beforeTheHead, beforeTheBody, inMidBody }

    /// The server sees the connection's end within 100 ms of the cancelling.
    @Test(arguments: Moment.allCases)
    func cancellingClosesTheConnection(moment: Moment) throws {
        let ready = Door()
        let seen = Door()
        let endedAt = Mutex<UInt64?>(nil)
        try withServer { peer in
            if moment != .connecting { _ = peer.request() }
            if moment == .beforeTheBody || moment == .inMidBody { peer.send(chunkedHead) }
            if moment == .inMidBody { peer.sendChunk("a token") }
            ready.open()
            let end = peer.waitForEnd()
            endedAt.withLock { $0 = end }
            seen.open()
        } _: { loop, server in
            let scheme = moment == .connecting ? "https" : "http"
            let recording = Recording()
            let call = try loop.start(get("\(scheme)://127.0.0.1:\(server.port)/"), recording)
            ready.pass()
            if moment == .inMidBody { recording.waitForBytes() }
            let start = Clock.monotonicNanoseconds()
            call.cancel()
            call.cancel()
            #expect(seen.pass())
            let end = try #require(endedAt.withLock { $0 })
            // Long before any time limit of the call would have ended it.
            #expect(end &- start < 2_000_000_000, "\((end &- start) / 1_000) µs")
            let log = recording.finish()
            #expect(log.end == .cancelled)
            #expect(log.ends == 1)
            #expect(loop.activeCount == 0)
        }
    }

    /// A receiver that cancels while it is being told hears no further piece.
    @Test func nothingComesAfterCancellingOnTheLoop() throws {
        try withServer { peer in
            _ = peer.request()
            peer.send(chunkedHead)
            while peer.sendChunk(String(repeating: "x", count: 50_000)) {}
        } _: { loop, server in
            let recording = Recording { call, _ in call.cancel() }
            _ = try loop.start(get(server.address), recording)
            let log = recording.finish()
            #expect(log.pieces == 1)
            #expect(log.end == .cancelled)
        }
    }

    @Test func cancellingAfterTheEndIsNoHarm() throws {
        try withServer { peer in
            while peer.request() != nil { peer.reply(200, "") }
        } _: { loop, server in
            let recording = Recording()
            let call = try loop.start(get(server.address), recording)
            recording.finish()
            call.cancel()
            let second = Recording()
            _ = try loop.start(get(server.address), second)
            #expect(second.finish().end == .complete)
            #expect(recording.log.ends == 1)
            #expect(recording.log.end == .complete)
        }
    }

    /// What a paused call has not taken stays with the server: the kernel's buffers fill up and
    /// no more is taken. Resumed, every byte comes once. The limit between bytes does not run.
    @Test func aPausedCallHoldsTheServerBack() throws {
        let stuck = Door()
        let sent = Mutex(0)
        let most = 32 << 20
        try withServer { peer in
            _ = peer.request()
            peer.send("HTTP/1.1 200 OK\r\nContent-Length: \(most)\r\n\r\n")
            let part = peer.sendUntilStuck(milliseconds: 300, most: most)
            sent.withLock { $0 = part }
            stuck.open()
            peer.send([UInt8](repeating: 0, count: most - part))
        } _: { loop, server in
            let recording = Recording { call, total in if total < 100_000 { call.pause() } }
            let call = try loop.start(
                get(server.address) {
                    $0.bodyBytesMax = most
                    $0.betweenBytesMilliseconds = 250
                }, recording)
            recording.waitForBytes()
            #expect(stuck.pass())
            #expect(sent.withLock { $0 } < most / 2)
            #expect(recording.log.bytes.count < 100_000)
            #expect(recording.log.end == nil)
            // The receiver pauses again and again until it has had 100,000 bytes.
            while recording.log.bytes.count < 100_000 {
                let turn = Door()
                _ = loop.post {
                    call.resume()
                    _ = loop.post { turn.open() }
                }
                turn.pass()
            }
            _ = loop.post { call.resume() }
            let log = recording.finish()
            #expect(log.end == .complete, "\(log.detail)")
            #expect(log.bytes.count == most)
        }
    }

    @Test func aPausedCallCanBeCancelledAndIsTimedAsAWhole() throws {
        try withServer { peer in
            _ = peer.request()
            peer.send(chunkedHead)
            while peer.sendChunk(String(repeating: "x", count: 50_000)) {}
        } _: { loop, server in
            let first = Recording { call, _ in call.pause() }
            let call = try loop.start(get(server.address), first)
            first.waitForBytes()
            call.cancel()
            #expect(first.finish().end == .cancelled)
            let second = Recording { call, _ in call.pause() }
            _ = try loop.start(get(server.address) { $0.wholeMilliseconds = 100 }, second)
            #expect(second.finish().end == .timedOut(.whole))
        }
    }

    @Test func stoppingEndsEveryCallOnceAndClosesEveryConnection() throws {
        let arrived = Door()
        let ended = Counter()
        let server = ScriptedServer { peer in
            _ = peer.request()
            peer.send(chunkedHead)
            arrived.open()
            if peer.waitForEnd() != nil { ended.add() }
        }
        let loop = try OutboundLoop(OutboundSettings())
        let recordings = (0..<10).map { _ in Recording() }
        for recording in recordings { _ = try loop.start(get(server.address), recording) }
        for _ in recordings { arrived.pass() }
        loop.stop()
        for recording in recordings {
            #expect(recording.log.end == .stopped)
            #expect(recording.log.ends == 1)
        }
        #expect(loop.activeCount == 0)
        #expect(throws: CallRefusal.stopped) { try loop.start(get(server.address), Recording()) }
        #expect(!loop.post {})
        loop.stop()
        server.stop()
        #expect(ended.value == 10)
    }
}
