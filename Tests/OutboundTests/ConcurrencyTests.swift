// Many calls at once and one after the other: bounded, shared connections, nothing mixed up.

import Base
import Outbound
import Synchronization
import TestSupport
import Testing

@Suite struct ConcurrencyTests {
    /// Two hundred streams of fifty tokens each, held together until all have begun.
    @Test func twoHundredStreamsAtOnce() throws {
        let count = 200
        let all = Barrier(count)
        try withServer { peer in
            guard let request = peer.request() else { return }
            peer.send(chunkedHead)
            all.wait()
            for token in 0..<50 { peer.sendChunk("\(request.target):\(token) ") }
            peer.endChunks()
        } _: { loop, server in
            let recordings = (0..<count).map { _ in Recording() }
            for (index, recording) in recordings.enumerated() {
                _ = try loop.start(get("\(server.address)/\(index)"), recording)
            }
            for (index, recording) in recordings.enumerated() {
                let log = recording.finish()
                #expect(log.end == .complete)
                #expect(log.text == (0..<50).map { "/\(index):\($0) " }.joined())
            }
            #expect(server.connectionCount == count)
            #expect(loop.statistics.connections.value == UInt64(count))
            #expect(loop.statistics.completed.value == UInt64(count))
        }
    }

    /// A connection serves the next call; one that was cancelled in mid-body, or whose server asked
    /// for it, does not.
    @Test func connectionsAreReused() throws {
        try withServer { peer in
            while let request = peer.request() {
                switch request.target {
                case "/last":
                    peer.reply(200, "", fields: ["Connection: close"])
                    return
                case "/endless":
                    peer.send(chunkedHead)
                    peer.sendChunk("a")
                    _ = peer.waitForEnd()
                    return
                default: peer.reply(200, request.target)
                }
            }
        } _: { loop, server in
            func call(_ target: String) throws {
                let recording = Recording()
                let call = try loop.start(get(server.address + target), recording)
                if target == "/endless" {
                    recording.waitForBytes()
                    call.cancel()
                }
                recording.finish()
            }
            for index in 0..<20 { try call("/\(index)") }
            #expect(server.connectionCount == 1)
            try call("/endless")
            try call("/a")
            try call("/b")
            #expect(server.connectionCount == 2)
            try call("/last")
            try call("/c")
            #expect(server.connectionCount == 3)
            #expect(loop.statistics.connections.value == 3)
        }
    }

    /// A kept connection that the server has closed meanwhile costs nothing but a new one.
    @Test func aConnectionThatWasClosedMeanwhileIsReplaced() throws {
        let closed = Door()
        try withServer { peer in
            _ = peer.request()
            peer.reply(200, "\(peer.index)")
            peer.close()
            closed.open()
        } _: { loop, server in
            for index in 0..<5 {
                let recording = Recording()
                _ = try loop.start(get(server.address), recording)
                let log = recording.finish()
                #expect(log.end == .complete, "\(log.detail)")
                #expect(log.text == "\(index)")
                closed.pass()
            }
        }
    }

    @Test func oneCallMoreThanTheMostIsRefused() throws {
        let mayGoOn = Door()
        var settings = OutboundSettings()
        settings.callsMax = 3
        try withServer(settings) { peer in
            while peer.request() != nil {
                mayGoOn.pass()
                peer.reply(200, "")
            }
        } _: { loop, server in
            let recordings = (0..<3).map { _ in Recording() }
            for recording in recordings { _ = try loop.start(get(server.address), recording) }
            #expect(throws: CallRefusal.tooManyCalls) {
                try loop.start(get(server.address), Recording())
            }
            #expect(loop.activeCount == 3)
            #expect(loop.statistics.refused.value == 1)
            mayGoOn.open()
            mayGoOn.open()
            mayGoOn.open()
            for recording in recordings { recording.finish() }
            mayGoOn.open()
            let next = Recording()
            _ = try loop.start(get(server.address), next)
            #expect(next.finish().end == .complete)
        }
    }

    /// Calls by name wait for each other's look-up and all arrive.
    @Test func manyCallsByNameShareAFewLookups() throws {
        try withServer { peer in
            while let request = peer.request() { peer.reply(200, request.target) }
        } _: { loop, server in
            let recordings = (0..<60).map { _ in Recording() }
            for (index, recording) in recordings.enumerated() {
                _ = try loop.start(get("http://localhost:\(server.port)/\(index)"), recording)
            }
            for (index, recording) in recordings.enumerated() {
                #expect(recording.finish().text == "/\(index)")
            }
        }
    }

    /// Starting, cancelling and dropping at random moments: every call ends exactly once.
    @Test func everyCallEndsOnceWhateverHappens() throws {
        var random = Seed.random("everyCallEndsOnceWhateverHappens")
        var settings = OutboundSettings()
        settings.callsMax = 64
        try withServer(settings) { peer in
            while let request = peer.request() {
                let kind = Int(request.target.dropFirst()) ?? 0
                switch kind % 6 {
                case 0: peer.reply(200, "whole")
                case 1: peer.send(chunkedHead + "3\r\nab")
                case 2: peer.reset()
                case 3:
                    peer.send(chunkedHead)
                    while peer.sendChunk("token ") {}
                case 4: break
                default: peer.reply(503, "busy", fields: ["Connection: close"])
                }
                if kind % 6 != 0 { return }
            }
        } _: { loop, server in
            var recordings: [Recording] = []
            for _ in 0..<400 {
                let recording = Recording()
                let kind = Int.random(in: 0..<6_000, using: &random)
                let request = get("\(server.address)/\(kind)") {
                    $0.wholeMilliseconds = Int.random(in: 1...300, using: &random)
                    $0.bodyBytesMax = 20_000
                }
                do throws(CallRefusal) {
                    let call = try loop.start(request, recording)
                    recordings.append(recording)
                    if Bool.random(using: &random) { call.cancel() }
                } catch {
                    #expect(error == .tooManyCalls)
                    recordings.last?.finish()
                }
            }
            loop.stop()
            #expect(recordings.allSatisfy { $0.log.ends == 1 })
            #expect(loop.activeCount == 0)
        }
    }
}

/// Lets nobody through until `count` have come, or ten seconds have passed.
final class Barrier: Sendable {
    private let waiting: Mutex<Int>
    private let doors: [Door]

    init(_ count: Int) {
        waiting = Mutex(count)
        doors = (0..<count).map { _ in Door() }
    }

    func wait() {
        let place = waiting.withLock { left in
            left -= 1
            return left
        }
        if place == 0 { for door in doors { door.open() } }
        if doors.indices.contains(place) { doors[place].pass() }
    }
}
