// The verification finds what it is there for: synthetic streams in which a message is lost,
// doubled, swapped, changed, or acknowledged too early, and one in which nothing is wrong.

import Base
import Load
import TestSupport
import Testing

@Suite struct VerificationTests {
    /// The tally after one receiver got these numbers, with what never came counted at the end.
    private func tally(_ numbers: [UInt64]) -> FindingTally {
        var order = DeliveryOrder()
        var tally = FindingTally()
        for number in numbers {
            DeliveryOrder.count(order.note(number), in: &tally, about: "\(number)")
        }
        return tally
    }

    @Test func inOrderIsGood() {
        #expect(tally(Array(0..<100)).total == 0)
    }

    @Test func aLostMessageIsFound() {
        let tally = tally([0, 1, 3, 4])
        #expect((tally[.lost], tally.total) == (1, 1))
        #expect(tally.first == "lost: 3")
    }

    @Test func aDoubledMessageIsFound() {
        let tally = tally([0, 1, 1, 2, 0])
        #expect((tally[.doubled], tally.total) == (2, 2))
    }

    @Test func aSwapIsOutOfOrderAndNotALoss() {
        let tally = tally([0, 2, 1, 3])
        #expect((tally[.outOfOrder], tally[.lost], tally.total) == (1, 0, 1))
    }

    @Test func whatCameLateIsDoubledWhenItComesAgain() {
        let tally = tally([0, 2, 1, 1, 3])
        #expect((tally[.outOfOrder], tally[.doubled], tally.total) == (1, 1, 2))
    }

    /// Any stream: each bad delivery is counted once, under its kind.
    @Test func everyKindIsCountedInAnyStream() {
        var random = Seed.random("everyKindIsCountedInAnyStream")
        for _ in 0..<200 {
            let count = UInt64(random.next() % 50 + 2)
            var numbers: [UInt64] = []
            var (lost, doubled) = (0, 0)
            for number in 0..<count {
                switch random.next() % 6 {
                case 0 where number + 1 < count: lost += 1
                case 1:
                    numbers += [number, number]
                    doubled += 1
                default: numbers.append(number)
                }
            }
            let tally = tally(numbers)
            #expect((tally[.lost], tally[.doubled]) == (lost, doubled))
            #expect(tally.total == lost + doubled)
        }
    }

    private func window(_ count: Int) -> SendWindow {
        var window = SendWindow(limit: 4, wanted: [.receipt, .echo, .ack])
        for index in 0..<count { #expect(window.send(at: UInt64(index)) == UInt64(index)) }
        return window
    }

    @Test func aMessageIsFinishedWhenAllHasCome() {
        var window = window(2)
        #expect(window.note(.echo, 0, id: 7, sequence: 1) == nil)
        #expect(window.note(.ack, 0, id: 7, sequence: 1) == nil)
        #expect(window.done == 0)
        #expect(window.note(.receipt, 0, id: 7, sequence: 1) == nil)
        #expect((window.done, window.outstanding) == (1, 1))
    }

    @Test func anAckBeforeItsEchoIsFound() {
        var window = window(1)
        #expect(window.note(.receipt, 0, id: 7, sequence: 1) == nil)
        #expect(window.note(.ack, 0, id: 7, sequence: 1) == .ackBeforeEcho)
    }

    @Test func aSecondAckIsFoundWhereverItComes() {
        var window = window(1)
        #expect(window.note(.echo, 0, id: 7, sequence: 1) == nil)
        #expect(window.note(.ack, 0, id: 7, sequence: 1) == nil)
        #expect(window.note(.ack, 0, id: 7, sequence: 1) == .ackDoubled)
        #expect(window.note(.receipt, 0, id: 7, sequence: 1) == nil)
        #expect(window.note(.ack, 0, id: 7, sequence: 1) == .ackDoubled)
    }

    @Test(arguments: [(8, 1), (7, 2)] as [(Int64, Int64)])
    func numbersHaveToAgree(id: Int64, sequence: Int64) {
        var window = window(1)
        #expect(window.note(.echo, 0, id: 7, sequence: 1) == nil)
        #expect(window.note(.ack, 0, id: id, sequence: sequence) == .numbersDiffer)
    }

    @Test func whatWasNeverSentIsFound() {
        var window = window(1)
        #expect(window.note(.echo, 1, id: 7, sequence: 1) == .unknownMessage)
        #expect(window.time(of: 1) == nil)
    }

    @Test func theWindowKeepsItsLimit() {
        var window = SendWindow(limit: 3, wanted: [.receipt])
        for _ in 0..<3 { _ = window.send(at: 0) }
        #expect(!window.hasRoom)
        _ = window.note(.receipt, 1, id: 0, sequence: 0)
        #expect(!window.hasRoom, "the oldest is still under way")
        _ = window.note(.receipt, 0, id: 0, sequence: 0)
        #expect((window.hasRoom, window.outstanding) == (true, 1))
    }
}
