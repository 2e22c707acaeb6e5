// What a loop does when one side is faster than the other: a full outbox is told of and bounded, a
// paused session loses nothing, and a turn that sends more than a turn may hold loses nothing
// either.

import Base
import Reactor
import Synchronization
import TestSupport
import Testing

@Suite struct BackpressureTests {
    @Test func aFullOutboxIsToldAndBounded() throws {
        let full = Counter()
        let limit = 200_000
        let bench = try LoopBench { session, loop, slot in
            loop.setOutboundBytesMax(limit, slot)
            session.onFull = { loop, slot in
                full.add()
                loop.send(loop.stage([0].span), to: slot)
            }
        }
        let (client, key) = try bench.connect(receiveBytes: 4_096)
        let piece = pattern(50_000).map { $0 | 1 }
        var sent = 0
        var queued: [Int] = []
        // Until it is full, and then as often again.
        while full.value == 0 || queued.count < 200 {
            try #require(queued.count < 4_000, "a peer that reads nothing takes everything")
            queued.append(
                try bench.run { loop in
                    guard let slot = loop.slot(of: key) else { return -1 }
                    loop.send(loop.stage(piece.span), to: slot)
                    return loop.queuedBytes(slot)
                })
            if full.value == 0 { sent += 1 }
        }
        #expect(full.value == 1)
        #expect((queued.max() ?? 0) <= limit + 2 * piece.count)
        // Everything up to the limit comes, then the session's own word, then nothing.
        let got = client.receive(sent * piece.count)
        #expect(got.end == .enough)
        #expect(got.bytes.elementsEqual((0..<sent).lazy.flatMap { _ in piece }))
        var rest = client.receive(1).bytes
        if rest != [0] {
            // The piece that found the outbox full in its own turn.
            rest = Array(client.receive(piece.count).bytes.suffix(1))
        }
        #expect(rest == [0])
        // It has drained, and takes again.
        for _ in 0..<1_000 {
            let waits = try bench.run { loop in
                loop.slot(of: key).map { loop.queuedBytes($0) } ?? -1
            }
            if waits == 0 { break }
        }
        try bench.run { loop in
            guard let slot = loop.slot(of: key) else { return }
            loop.send(loop.stage([2, 4].span), to: slot)
        }
        #expect(client.receive(2).bytes == [2, 4])
        #expect(bench.stop())
    }

    /// The turn's arena is over its bound when the flush finds an outbox full, and the session's
    /// farewell is staged in the middle of that flush.
    @Test func aFarewellInTheFlushOfABigTurnIsSent() throws {
        let size = ReactorLimits.turnBytesMax + 100_000
        let bench = try LoopBench { session, loop, slot in
            loop.setOutboundBytesMax(1_000, slot)
            session.onFull = { loop, slot in
                loop.send(loop.stage([1, 2, 3].span), to: slot)
                loop.finish(slot, .tooSlow)
            }
        }
        let peers = try (0..<3).map { _ in try bench.connect(receiveBytes: 4_096) }
        let big = pattern(size)
        try bench.run { loop in
            let message = loop.stage(big.span)
            for (_, key) in peers {
                if let slot = loop.slot(of: key) { loop.send(message, to: slot) }
            }
        }
        for (client, _) in peers {
            let all = client.receive()
            #expect(all.end == .closed)
            #expect(all.bytes.count == size + 3)
            #expect(all.bytes.prefix(size).elementsEqual(big))
            #expect(Array(all.bytes.suffix(3)) == [1, 2, 3])
        }
        #expect(bench.stop())
        #expect(bench.loop.statistics.closes(.tooSlow) == 3)
    }

    /// Far more in one turn than the arena holds: it is flushed on the way, in order.
    @Test func aTurnMaySendMoreThanItHolds() throws {
        let bench = try LoopBench()
        let (client, key) = try bench.connect()
        let (other, otherKey) = try bench.connect()
        let reader = Mutex<[UInt8]>([])
        let receiver = Thread(name: "reader") {
            let bytes = other.receive().bytes
            reader.withLock { $0 = bytes }
        }
        try bench.run { loop in
            guard let a = loop.slot(of: key), let b = loop.slot(of: otherKey) else { return }
            for part in 0..<40 {
                let message = loop.stage(pattern(1_000_000, from: part * 1_000_000).span)
                loop.send(message, to: a)
                if part % 2 == 0 { loop.send(message, to: b) }
            }
            loop.finish(a, .finished)
            loop.finish(b, .finished)
        }
        #expect(client.receive().bytes == pattern(40_000_000))
        receiver.join()
        let expected = (0..<20).flatMap { pattern(1_000_000, from: $0 * 2_000_000) }
        #expect(reader.withLock { $0 } == expected)
        #expect(bench.stop())
    }

    /// A session that takes a line at a time and pauses after each: it gets all lines, and hears of
    /// the peer's end behind the last of them.
    @Test func aPausedSessionLosesNothing() throws {
        let heard = Mutex<[String]>([])
        let step = Door()
        let bench = try LoopBench { session, _, _ in
            session.onReceive = { input, loop, slot in
                var line: [UInt8] = []
                let span = input.span
                for index in span.indices {
                    if span[index] == UInt8(ascii: "\n") {
                        let text = String(decoding: line, as: UTF8.self)
                        heard.withLock { $0.append(text) }
                        loop.pause(slot)
                        step.open()
                        return index + 1
                    }
                    line.append(span[index])
                }
                return 0
            }
            session.onInputEnd = { loop, slot in
                heard.withLock { $0.append("end") }
                loop.finish(slot, .peerClosed)
                step.open()
            }
        }
        let (client, key) = try bench.connect()
        client.send("one\ntwo\nthree\nhalf of")
        #expect(step.pass())
        client.send(" four\nfive\n")
        client.endOutput()
        for _ in 0..<5 {
            try bench.run { loop in
                if let slot = loop.slot(of: key) { loop.resume(slot) }
            }
            #expect(step.pass())
        }
        #expect(heard.withLock { $0 } == ["one", "two", "three", "half of four", "five", "end"])
        #expect(client.receive().end == .closed)
        #expect(bench.stop())
    }

    @Test func aSessionHearsWhenItsOutboxHasDrained() throws {
        let drained = Door()
        let left = Mutex(-1)
        let bench = try LoopBench { session, _, _ in
            session.onProceed = { loop, slot in
                let queued = loop.queuedBytes(slot)
                left.withLock { $0 = queued }
                drained.open()
            }
        }
        let (client, key) = try bench.connect(receiveBytes: 4_096)
        try bench.run { loop in
            guard let slot = loop.slot(of: key) else { return }
            loop.send(loop.stage(pattern(5_000_000).span), to: slot)
            loop.proceedWhenDrained(slot)
        }
        #expect(left.withLock { $0 } == -1)
        #expect(client.receive(5_000_000).bytes == pattern(5_000_000))
        #expect(drained.pass())
        #expect(left.withLock { $0 } == 0)
        let counts = try bench.run { loop in
            loop.slot(of: key).map { (loop.bytesWritten($0), loop.bytesAcknowledged($0)) } ?? (0, 0)
        }
        #expect(counts.0 == 5_000_000)
        #expect(counts.1 <= counts.0)
        #expect(bench.stop())
    }
}
