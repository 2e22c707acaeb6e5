// A loop with real sockets: what comes goes to the session and what the session sends arrives, in
// order and whole, however slowly the peer reads; and keys of what is gone find nobody.

import Base
import Reactor
import Synchronization
import TestSupport
import Testing

@Suite struct EventLoopTests {
    @Test func echoesForManyConnections() throws {
        let bench = try LoopBench()
        let peers = try (0..<40).map { _ in try bench.connect().0 }
        for round in 0..<5 {
            for (number, peer) in peers.enumerated() { peer.send("\(round) \(number);") }
            for (number, peer) in peers.enumerated() {
                let text = "\(round) \(number);"
                #expect(peer.text(text.utf8.count) == text)
            }
        }
        #expect(try bench.run { $0.connectionCount } == 40)
        #expect(bench.loop.statistics.accepted.value == 40)
        for peer in peers {
            peer.endOutput()
            #expect(peer.receive().end == .closed)
        }
        #expect(bench.stop())
        #expect(bench.loop.statistics.closes(.peerClosed) == 40)
    }

    /// More than the receive buffer, offered again with what comes next until the session takes it.
    @Test func keepsWhatASessionLeaves() throws {
        let total = 3_000_000
        let bench = try LoopBench { session, _, _ in
            session.onReceive = { input, loop, slot in
                if input.count < total { return 0 }
                loop.send(loop.stage(input.span), to: slot)
                return input.count
            }
        }
        let (client, _) = try bench.connect()
        let sent = pattern(total)
        let writer = Thread(name: "writer") { client.send(sent) }
        #expect(client.receive(total).bytes == sent)
        writer.join()
        #expect(bench.stop())
    }

    @Test func bigAnswersToASlowReaderComeWholeAndInOrder() throws {
        let bench = try LoopBench { session, _, _ in
            session.onReceive = { input, loop, slot in
                loop.send(loop.stage(pattern(20_000_000).span), to: slot)
                loop.send(loop.stage(pattern(1_000, from: 20_000_000).span), to: slot)
                return input.count
            }
        }
        let (client, key) = try bench.connect(receiveBytes: 4_096)
        client.send("x")
        #expect(client.receive(1, piece: 1).end == .enough)
        // What comes in later turns, while the rest waits, stands behind it.
        for part in 0..<20 {
            try bench.run { loop in
                guard let slot = loop.slot(of: key) else { return }
                let more = pattern(1_000, from: 20_001_000 + part * 1_000)
                loop.send(loop.stage(more.span), to: slot)
            }
        }
        try bench.run { loop in
            guard let slot = loop.slot(of: key) else { return }
            #expect(loop.queuedBytes(slot) > 1_000_000)
            loop.finish(slot, .finished)
        }
        var all = pattern(1)
        var rest = client.receive(20_000, piece: 100)
        all += rest.bytes
        rest = client.receive()
        all += rest.bytes
        #expect(rest.end == .closed)
        #expect(all == pattern(20_021_000))
        #expect(bench.stop())
        #expect(bench.loop.statistics.closes(.finished) == 1)
    }

    @Test func aStaleKeyFindsNobody() throws {
        let ended = Door()
        let bench = try LoopBench { session, _, _ in
            session.onEnd = { _, _, _ in ended.open() }
        }
        var old: Set<ConnectionKey> = []
        for _ in 0..<5 {
            let (client, key) = try bench.connect()
            #expect(key.reactor == 3)
            let stale = old
            try bench.run { loop in
                #expect(loop.slot(of: key) == key.slot)
                #expect(stale.allSatisfy { loop.slot(of: $0) == nil })
            }
            #expect(old.allSatisfy { $0.slot == key.slot && $0 != key })
            old.insert(key)
            client.endOutput()
            #expect(client.receive().end == .closed)
            #expect(ended.pass())
            try bench.run { loop in #expect(loop.slot(of: key) == nil) }
            // The next turn has freed the slot.
            try bench.run { _ in }
        }
        try bench.run { loop in
            #expect(loop.slot(of: .none) == nil)
            #expect(loop.slot(of: ConnectionKey(reactor: 4, generation: 1, slot: 0)) == nil)
            #expect(loop.slot(of: ConnectionKey(reactor: 3, generation: 1, slot: .max)) == nil)
        }
        #expect(bench.stop())
    }

    @Test func finishSendsEverythingAndCloseNothing() throws {
        let bench = try LoopBench { session, _, _ in
            session.onReceive = { input, loop, slot in
                let isFinish = input.span[0] == UInt8(ascii: "f")
                loop.send(loop.stage(pattern(100).span), to: slot)
                if isFinish { loop.finish(slot, .finished) } else { loop.close(slot, .removed) }
                // Nothing goes out behind an end.
                loop.send(loop.stage(pattern(100).span), to: slot)
                return input.count
            }
        }
        let (first, _) = try bench.connect()
        first.send("f")
        let all = first.receive()
        #expect(all.bytes == pattern(100) && all.end == .closed)
        let (second, _) = try bench.connect()
        second.send("c")
        let none = second.receive()
        #expect(none.bytes == [] && none.end != .silent)
        #expect(bench.stop())
        #expect(bench.loop.statistics.closes(.finished) == 1)
        #expect(bench.loop.statistics.closes(.removed) == 1)
    }

    @Test func aSessionEndsExactlyOnce() throws {
        let ends = Mutex<[CloseReason]>([])
        let bench = try LoopBench { session, _, _ in
            session.onReceive = { input, loop, slot in
                loop.finish(slot, .finished)
                loop.finish(slot, .removed)
                loop.close(slot, .removed)
                loop.close(slot, .tooSlow)
                return input.count
            }
            session.onEnd = { reason, loop, slot in
                loop.close(slot, .socketError)
                ends.withLock { $0.append(reason) }
            }
        }
        let (client, _) = try bench.connect()
        client.send("x")
        #expect(client.receive().end != .silent)
        #expect(bench.stop())
        #expect(ends.withLock { $0 } == [.finished])
    }

    /// A table of fewer slots than a page has.
    @Test func aFullTableRefusesAndRecovers() throws {
        let ended = Door()
        let bench = try LoopBench(connectionsMax: 3) { session, _, _ in
            session.onEnd = { _, _, _ in ended.open() }
        }
        var peers = try (0..<3).map { _ in try bench.connect().0 }
        let refused = try Client()
        try refused.connect(bench.port)
        #expect(refused.receive().end != .silent)
        #expect(bench.loop.statistics.closes(.tableFull) == 1)
        peers.removeLast()
        #expect(ended.pass())
        try bench.run { _ in }
        let (client, _) = try bench.connect()
        client.send("in")
        #expect(client.text(2) == "in")
        #expect(bench.stop())
        withExtendedLifetime(peers) {}
    }

    @Test func aFanOutAsksThoseWhoChoose() throws {
        let bench = try LoopBench { session, _, _ in
            session.takes = { topic, sequence in topic == 7 && sequence > 2 }
        }
        let peers = try (0..<3).map { _ in try bench.connect() }
        let slots = peers.map(\.1.slot)
        try bench.run { loop in
            loop.setChoosing(true, slots[1])
            for sequence in UInt64(1)...4 {
                let byte = [UInt8(truncatingIfNeeded: sequence)]
                loop.send(loop.stage(byte.span), toAll: slots, topic: 7, sequence: sequence)
            }
            loop.send(loop.stage([9].span), toOne: slots[1], topic: 8, sequence: 9)
            for slot in slots { loop.finish(slot, .finished) }
        }
        #expect(peers[0].0.receive().bytes == [1, 2, 3, 4])
        #expect(peers[1].0.receive().bytes == [3, 4])
        #expect(peers[2].0.receive().bytes == [1, 2, 3, 4])
        #expect(bench.stop())
    }
}
