// Each way in which a foreign server can fail, and what the call says of it. Time limits are told
// apart by phase; what they took is measured, with room for a busy machine.

import Base
import Outbound
import Synchronization
import TestSupport
import Testing

@Suite struct FailureTests {
    /// What one call makes of a server that follows `script`, and the milliseconds it took.
    private func outcome(
        _ script: @escaping @Sendable (Peer) -> Void, scheme: String = "http",
        _ change: (inout CallLimits) -> Void = { _ in }
    ) throws -> (log: Recording.Log, milliseconds: Int) {
        var result: (Recording.Log, Int)?
        try withServer(script: script) { loop, server in
            let recording = Recording()
            let start = Clock.monotonicNanoseconds()
            _ = try loop.start(get("\(scheme)://127.0.0.1:\(server.port)/", change), recording)
            let log = recording.finish()
            result = (log, Int((log.endedAt - start) / 1_000_000))
            #expect(loop.activeCount == 0)
        }
        return try #require(result)
    }

    // MARK: Time limits.

    /// A server that takes the connection and says nothing to a TLS greeting.
    @Test func connectingIsTimedWithTLS() throws {
        let (log, milliseconds) = try outcome({ _ = $0.waitForEnd() }, scheme: "https") {
            $0.connectMilliseconds = 150
        }
        #expect(log.end == .timedOut(.connect))
        #expect((150..<1_500).contains(milliseconds))
    }

    @Test(arguments: ["", "HTTP/1.1 200 OK\r\n", chunkedHead])
    func theFirstByteIsTimed(sent: String) throws {
        let (log, milliseconds) = try outcome { peer in
            _ = peer.request()
            peer.send(sent)
            _ = peer.waitForEnd()
        } _: {
            $0.firstByteMilliseconds = 150
            $0.betweenBytesMilliseconds = 20
        }
        #expect(log.end == .timedOut(.firstByte))
        #expect((150..<1_500).contains(milliseconds))
        #expect(log.heads == (sent == chunkedHead ? 1 : 0))
    }

    @Test func silenceBetweenBytesIsTimed() throws {
        let (log, milliseconds) = try outcome { peer in
            _ = peer.request()
            peer.send(chunkedHead)
            peer.sendChunk("only this")
            _ = peer.waitForEnd()
        } _: {
            $0.betweenBytesMilliseconds = 150
        }
        #expect(log.end == .timedOut(.betweenBytes))
        #expect(log.text == "only this")
        #expect((150..<1_500).contains(milliseconds))
    }

    /// A drip that keeps every other limit runs into the limit of the whole.
    @Test func aSlowDripRunsIntoTheWholeLimit() throws {
        let tick = Door()
        let isOver = Counter()
        try withServer { peer in
            _ = peer.request()
            peer.send(chunkedHead)
            // The drip's clock is the loop's own: each byte waits for the alarm after the last.
            while isOver.value == 0, peer.sendChunk("."), tick.pass() {}
        } _: { loop, server in
            let recording = Recording { call, _ in
                _ = call.loop.alarm(afterMilliseconds: 30) { tick.open() }
            }
            let start = Clock.monotonicNanoseconds()
            let request = get(server.address) {
                $0.betweenBytesMilliseconds = 200
                $0.wholeMilliseconds = 400
            }
            _ = try loop.start(request, recording)
            let log = recording.finish()
            isOver.add()
            tick.open()
            #expect(log.end == .timedOut(.whole))
            #expect(log.bytes.count > 3)
            #expect((400_000_000..<1_800_000_000).contains(log.endedAt - start))
        }
    }

    // MARK: Sizes.

    @Test func endlessHeadersAreCutOff() throws {
        let (log, _) = try outcome { peer in
            _ = peer.request()
            peer.send("HTTP/1.1 200 OK\r\n")
            let field = "X-Field: " + String(repeating: "x", count: 1_000) + "\r\n"
            while peer.send(field) {}
        } _: {
            $0.headBytesMax = 20_000
        }
        #expect(log.end == .tooLarge(.head))
        #expect(log.heads == 0)
    }

    @Test(arguments: [65_536, 65_537])
    func theBodyIsBounded(size: Int) throws {
        let (log, _) = try outcome { peer in
            _ = peer.request()
            peer.reply(200, String(repeating: "b", count: size))
        } _: {
            $0.bodyBytesMax = 65_536
        }
        #expect(log.end == (size <= 65_536 ? .complete : .tooLarge(.body)))
        #expect(log.bytes.count <= 65_536)
        #expect(log.bytes.allSatisfy { $0 == UInt8(ascii: "b") })
    }

    // MARK: Broken replies.

    @Test(arguments: [
        ("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf", CallEnd.cut, "half"),
        (chunkedHead + "5\r\nab", .cut, "ab"), (chunkedHead + "2\r\nab\r\n", .cut, "ab"),
        (chunkedHead + "zz\r\n", .cut, ""), ("HTTP/1.1 200 OK\r\nContent-Le", .cut, ""),
        ("", .cut, ""), ("SSH-2.0-OpenSSH_9\r\n", .malformed, ""),
    ])
    func aReplyThatIsNotWholeIsNeverComplete(sent: String, end: CallEnd, body: String) throws {
        let (log, _) = try outcome({ peer in
            _ = peer.request()
            peer.send(sent)
        })
        #expect(log.end == end, "\(log.detail)")
        #expect(log.text == body)
        #expect(!log.detail.isEmpty)
    }

    @Test func aResetInMidBodyIsACut() throws {
        let (log, _) = try outcome({ peer in
            _ = peer.request()
            peer.send(chunkedHead)
            peer.sendChunk("before")
            peer.reset()
        })
        #expect(log.end == .cut)
    }

    @Test func nobodyListens() throws {
        let server = ScriptedServer { _ in }
        let address = server.address
        server.stop()
        try withLoop { loop in
            let recording = Recording()
            _ = try loop.start(get(address), recording)
            #expect(recording.finish().end == .connectFailed)
        }
    }

    /// Names under `.invalid` exist nowhere (RFC 6761): libcurl refuses what is no name at once.
    @Test func aNameThatIsNoneIsNotFound() throws {
        try withLoop { loop in
            let recording = Recording()
            let label = String(repeating: "a", count: 64)
            _ = try loop.start(get("http://\(label).invalid/"), recording)
            #expect(recording.finish().end == .nameNotFound)
            #expect(loop.activeCount == 0)
        }
    }

    // MARK: The proxy.

    @Test func theProxyOfTheSettingsIsUsedAndNoOther() throws {
        let seen = Mutex<[String]>([])
        let proxy = ScriptedServer { peer in
            while let request = peer.request() {
                seen.withLock { $0.append("\(request.method) \(request.target)") }
                if request.method == "CONNECT" {
                    peer.reply(403, "no")
                } else {
                    peer.reply(200, "by proxy")
                }
            }
        }
        defer { proxy.stop() }
        var settings = OutboundSettings()
        settings.proxy = proxy.address
        try withLoop(settings) { loop in
            let plain = Recording()
            _ = try loop.start(get("http://provider.test/v1"), plain)
            #expect(plain.finish().text == "by proxy")
            let secure = Recording()
            _ = try loop.start(get("https://provider.test/v1"), secure)
            #expect(secure.finish().end == .connectFailed)
            #expect(secure.log.heads == 0)
        }
        #expect(
            seen.withLock { $0 } == ["GET http://provider.test/v1", "CONNECT provider.test:443"])
    }
}
