// Alarms ring in order, once, and not after they were removed, compared with a sorted list; the
// gate lets in as many as it says, in order.

import Outbound
import Synchronization
import TestSupport
import Testing

@Suite struct AlarmsTests {
    @Test func alarmsRingInOrderAndRemovedOnesNever() throws {
        var random = Seed.random("alarmsRingInOrderAndRemovedOnesNever")
        let waits = (0..<300).map { _ in Int.random(in: 1...40, using: &random) }
        let removed = Set((0..<300).filter { _ in Int.random(in: 0..<3, using: &random) == 0 })
        try withLoop { loop in
            let rung = Mutex<[Int]>([])
            let done = Door()
            _ = loop.post {
                let ids = waits.enumerated().map { index, wait in
                    loop.alarm(afterMilliseconds: wait) { rung.withLock { $0.append(index) } }
                }
                for index in removed { loop.silence(ids[index]) }
                _ = loop.alarm(afterMilliseconds: 60) { done.open() }
            }
            #expect(done.pass())
            let expected = waits.indices.filter { !removed.contains($0) }
                .sorted { (waits[$0], $0) < (waits[$1], $1) }
            #expect(rung.withLock { $0 } == expected)
        }
    }

    @Test func aLoopWithNothingToDoSleeps() throws {
        try withLoop { loop in
            let turns = Mutex(0)
            for _ in 0..<3 {
                let door = Door()
                _ = loop.post {
                    turns.withLock { $0 += 1 }
                    door.open()
                }
                #expect(door.pass())
            }
            #expect(turns.withLock { $0 } == 3)
            #expect(!loop.isOnLoop)
        }
    }
}

@Suite struct LookupGateTests {
    @Test func onlySoManyAreInsideAndTheOthersFollowInOrder() {
        var gate = LookupGate<Int>(perHostMax: 2)
        var entered: [Bool] = []
        for call in 0..<6 { entered.append(gate.enter("a", call)) }
        entered.append(gate.enter("b", 9))
        #expect(entered == [true, true, false, false, false, false, true])
        var next: [Int?] = []
        // The third has lost interest meanwhile.
        for _ in 0..<4 { next.append(gate.leave("a") { $0 != 2 }) }
        #expect(next == [3, 4, 5, nil])
        #expect(gate.hostCount == 2)
        next = [gate.leave("a") { _ in true }, gate.leave("b") { _ in true }]
        next.append(gate.leave("b") { _ in true })
        #expect(next == [nil, nil, nil])
        #expect(gate.hostCount == 0)
    }

    @Test(arguments: [
        ("127.0.0.1", true), ("[::1", true), ("localhost", false), ("1.example", false),
    ])
    func addressesNeedNoLookup(host: String, isNumeric: Bool) {
        #expect(LookupGate<Int>.isNumeric(host[...]) == isNumeric)
    }
}
