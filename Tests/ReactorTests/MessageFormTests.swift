// Messages in several forms: each connection gets its own, in the order in which messages were
// sent, and a form is made once however many take it.

import Base
import Reactor
import TestSupport
import Testing

@Suite struct MessageFormTests {
    private func changed(_ bytes: [UInt8], by form: UInt8) -> [UInt8] {
        form < 2 ? bytes : bytes.map { $0 ^ form }
    }

    @Test func everyConnectionGetsItsForm() throws {
        let bench = try LoopBench()
        let forms: [UInt8] = [0, 15, 0, 9, 15, 1, 12, 0, 15, 9, 1, 2]
        let peers = try forms.map { _ in try bench.connect() }
        try bench.run { loop in
            for (form, (_, key)) in zip(forms, peers) {
                if let slot = loop.slot(of: key) { loop.setForm(form, slot) }
            }
        }
        var random = SeededRandom(seed: 7)
        var expected = [[UInt8]](repeating: [], count: forms.count)
        for _ in 0..<20 {
            let turn = (0..<Int.random(in: 1...9, using: &random)).map { _ in
                pattern(Int.random(in: 0...300, using: &random))
            }
            let keys = peers.map(\.1)
            try bench.run { loop in
                let slots = keys.compactMap { loop.slot(of: $0) }
                for message in turn {
                    let staged = loop.stage(message.span)
                    loop.send(staged, toAll: slots, topic: 0, sequence: 0)
                    // What is for one connection alone goes as it is.
                    if let first = slots.first { loop.send(loop.stage([7].span), to: first) }
                    if let last = slots.last {
                        loop.send(staged, toOne: last, topic: 0, sequence: 0)
                    }
                }
            }
            for message in turn {
                for index in forms.indices {
                    expected[index] += changed(message, by: forms[index])
                }
                expected[0].append(7)
                expected[forms.count - 1] += changed(message, by: forms[forms.count - 1])
            }
        }
        for (peer, wanted) in zip(peers, expected) {
            #expect(peer.0.receive(wanted.count).bytes == wanted)
        }
        #expect(bench.stop())
    }

    @Test func aFormIsMadeOnceForAllWhoTakeIt() throws {
        let bench = try LoopBench()
        let peers = try (0..<30).map { _ in try bench.connect() }
        let keys = peers.map(\.1)
        let before = bench.formsMade
        try bench.run { loop in
            let slots = keys.compactMap { loop.slot(of: $0) }
            let staged = loop.stage([1, 2, 3].span)
            loop.send(staged, toAll: slots, topic: 0, sequence: 0)
        }
        #expect(bench.formsMade == before, "nobody takes another form")
        try bench.run { loop in
            let slots = keys.compactMap { loop.slot(of: $0) }
            for (index, slot) in slots.enumerated() { loop.setForm([0, 9, 15][index % 3], slot) }
            for message in [[1, 2, 3], [4, 5], [6]] as [[UInt8]] {
                let staged = loop.stage(message.span)
                loop.send(staged, toAll: slots, topic: 0, sequence: 0)
                for slot in slots { loop.send(staged, toOne: slot, topic: 0, sequence: 0) }
            }
        }
        #expect(bench.formsMade == before + 6)
        #expect(peers[0].0.receive(15).bytes == [1, 2, 3, 1, 2, 3, 1, 2, 3, 4, 5, 4, 5, 6, 6])
        #expect(bench.stop())
    }

    /// The arena is flushed between messages when it is full, never between two forms of one.
    @Test func largeMessagesInManyForms() throws {
        let bench = try LoopBench()
        let forms: [UInt8] = [0, 9, 10, 11, 12, 13, 14, 15]
        let peers = try forms.map { _ in try bench.connect() }
        let keys = peers.map(\.1)
        let message = pattern(1_000_000)
        let count = 12
        let readers = zip(forms, peers).map { form, peer in
            let client = peer.0
            let wanted = changed(message, by: form)
            return Thread(name: "reader") {
                for _ in 0..<count { #expect(client.receive(wanted.count).bytes == wanted) }
            }
        }
        for _ in 0..<2 {
            try bench.run { loop in
                let slots = keys.compactMap { loop.slot(of: $0) }
                for (form, slot) in zip(forms, slots) { loop.setForm(form, slot) }
                for _ in 0..<count / 2 {
                    let staged = loop.stage(message.span)
                    loop.send(staged, toAll: slots, topic: 0, sequence: 0)
                }
            }
        }
        for reader in readers { reader.join() }
        #expect(bench.stop())
    }
}
