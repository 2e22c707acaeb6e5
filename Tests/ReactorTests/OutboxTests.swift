// The outbox against the plain thing: for every connection an array of its bytes. Connections that
// get the same messages share their path; whatever they get, in whatever order, comes out of it.

import Base
import Reactor
import TestSupport
import Testing

@Suite struct OutboxTests {
    private struct Peer {
        var node: UInt32 = 0
        var bytes: [UInt8] = []
    }

    private func stage(_ outbox: inout Outbox, _ bytes: [UInt8]) -> StagedMessage {
        let start = outbox.arena.count
        outbox.arena.append(bytes.span)
        return outbox.staged(from: start)
    }

    private func bytes(_ outbox: inout Outbox, _ node: UInt32) -> [UInt8] {
        if node == 0 { return [] }
        return outbox.withBytes(of: node) { span in span.indices.map { span[$0] } }
    }

    private func check(_ outbox: inout Outbox, _ peers: [Peer], _ random: inout SeededRandom) {
        // In any order, and some twice: the assembly buffer holds one path at a time.
        for index in (0..<peers.count * 2).map({ $0 % peers.count }).shuffled(using: &random) {
            let peer = peers[index]
            if peer.node != 0 { #expect(outbox.count(peer.node) == peer.bytes.count) }
            if bytes(&outbox, peer.node) != peer.bytes {
                Issue.record("connection \(index) gets other bytes")
            }
        }
    }

    @Test func agreesWithAnArrayForEachConnection() {
        var random = Seed.random("outbox")
        var outbox = Outbox()
        for turn in 0..<150 {
            var peers = [Peer](repeating: Peer(), count: Int.random(in: 1...24, using: &random))
            var staged: [(StagedMessage, [UInt8])] = []
            for _ in 0..<Int.random(in: 0...40, using: &random) {
                let longest = turn % 10 == 0 ? 100_000 : 60
                let count = Int.random(in: 0...longest, using: &random)
                let first = UInt8.random(in: 0...255, using: &random)
                let content = (0..<count).map { first &+ UInt8(truncatingIfNeeded: $0) }
                let message = stage(&outbox, content)
                #expect(message.count == count)
                staged.append((message, content))
                // Mostly the newest message, as a fan-out has it; sometimes an old one again.
                let old = Int.random(in: 0..<staged.count, using: &random)
                let isOld = Int.random(in: 0..<6, using: &random) == 0
                let (sent, body) = isOld ? staged[old] : staged[staged.count - 1]
                let chance = [1, 5, 9, 10][Int.random(in: 0..<4, using: &random)]
                for index in peers.indices where Int.random(in: 0..<10, using: &random) < chance {
                    peers[index].node = outbox.append(sent, to: peers[index].node)
                    peers[index].bytes += body
                }
                if Int.random(in: 0..<8, using: &random) == 0 { check(&outbox, peers, &random) }
            }
            check(&outbox, peers, &random)
            outbox.removeAll()
        }
    }

    /// An empty message begins where the next one does, and must not be taken for it.
    @Test func anEmptyMessageHidesNoOther() {
        var outbox = Outbox()
        let empty = stage(&outbox, [])
        let first = outbox.append(empty, to: 0)
        let full = stage(&outbox, [1, 2, 3])
        let second = outbox.append(full, to: 0)
        #expect(bytes(&outbox, second) == [1, 2, 3])
        #expect(bytes(&outbox, first) == [])
        #expect(bytes(&outbox, outbox.append(full, to: first)) == [1, 2, 3])
    }

    @Test func membersWhoGetTheSameShareOnePath() {
        var outbox = Outbox()
        var nodes = [UInt32](repeating: 0, count: 1_000)
        for number in UInt8(0)..<10 {
            let message = stage(&outbox, [number, number])
            for index in nodes.indices { nodes[index] = outbox.append(message, to: nodes[index]) }
        }
        #expect(Set(nodes).count == 1)
        #expect(bytes(&outbox, nodes[0]) == (UInt8(0)..<10).flatMap { [$0, $0] })
    }
}
