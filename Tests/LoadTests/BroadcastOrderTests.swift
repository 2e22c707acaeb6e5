// The shared order of a group: three receivers, and what each may do wrong.

import Load
import Testing

@Suite struct BroadcastOrderTests {
    /// An order that the macros of the tests can hold.
    private final class Shared {
        private var order: BroadcastOrder

        init(receivers: Int = 3, capacity: Int = 8) {
            order = BroadcastOrder(receivers: receivers, capacity: capacity, payloadBytesMax: 64)
        }

        /// The next message comes, to receiver 0 first.
        func append(_ number: UInt64, sender: UInt32 = 0) {
            let entry = BroadcastOrder.Entry(sender: sender, counter: number, time: number)
            order.append(entry, payload(number).span)
            order.deliverNext(number, to: 0)
        }

        func isNext(_ bytes: [UInt8], for receiver: Int) -> Bool {
            order.isNext(bytes.span, for: receiver)
        }
        func deliverNext(_ position: UInt64, to receiver: Int) {
            order.deliverNext(position, to: receiver)
        }
        func deliver(_ position: UInt64, to receiver: Int) -> DeliveryOrder.Outcome {
            order.deliver(position, to: receiver)
        }
        func takeFinished() -> UInt64? { order.takeFinished()?.counter }
        func find(sender: UInt32, counter: UInt64) -> UInt64? {
            order.find(sender: sender, counter: counter)
        }
        var first: UInt64 { order.first }
        var hasRoom: Bool { order.hasRoom }
        var missingDeliveries: Int { order.missingDeliveries }
    }

    private static func payload(_ number: UInt64) -> [UInt8] { Array("message \(number)".utf8) }

    /// Three receivers, and `count` messages that receiver 0 has, in order.
    private func order(_ count: UInt64) -> Shared {
        let order = Shared()
        for number in 0..<count { order.append(number) }
        return order
    }

    @Test func theSameBytesAreTheNextMessage() {
        let order = order(2)
        #expect(order.isNext(Self.payload(0), for: 1))
        #expect(!order.isNext(Self.payload(1), for: 1), "it is not the next one")
        #expect(!order.isNext(Self.payload(0), for: 0), "it has that one")
        order.deliverNext(0, to: 1)
        #expect(order.isNext(Self.payload(1), for: 1))
    }

    @Test func oneOtherByteIsAnotherMessage() {
        let order = order(1)
        for place in Self.payload(0).indices {
            var other = Self.payload(0)
            other[place] ^= 1
            #expect(!order.isNext(other, for: 1), "at \(place)")
        }
        #expect(!order.isNext(Self.payload(0) + [0], for: 1))
        #expect(!order.isNext([], for: 1))
    }

    @Test func aMessageIsFinishedWhenTheLastReceiverHasIt() {
        let order = order(2)
        order.deliverNext(0, to: 1)
        #expect(order.takeFinished() == nil)
        order.deliverNext(0, to: 2)
        #expect(order.takeFinished() == 0)
        #expect(order.takeFinished() == nil)
        #expect(order.first == 1)
        #expect(order.missingDeliveries == 2)
    }

    @Test func aGapARepeatAndALateOneAreTold() {
        let order = order(4)
        #expect(order.deliver(1, to: 1) == .skipped(1))
        #expect(order.deliver(1, to: 1) == .doubled)
        #expect(order.deliver(0, to: 1) == .late)
        #expect(order.deliver(0, to: 1) == .doubled)
        #expect(order.deliver(2, to: 1) == .inOrder)
    }

    @Test func whatAReceiverSkippedIsNotWaitedFor() {
        let order = order(2)
        #expect(order.deliver(1, to: 1) == .skipped(1))
        order.deliverNext(0, to: 2)
        #expect(order.takeFinished() == 0)
        #expect(order.missingDeliveries == 1, "the second message, to receiver 2")
    }

    @Test func messagesAreFoundBySenderAndCounter() {
        let order = order(3)
        #expect(order.find(sender: 0, counter: 2) == 2)
        #expect(order.find(sender: 1, counter: 2) == nil)
        #expect(order.find(sender: 0, counter: 3) == nil)
    }

    @Test func theRingIsUsedAgain() {
        let order = Shared(receivers: 2, capacity: 2)
        for number in 0..<10 as Range<UInt64> {
            order.append(number, sender: 3)
            #expect(order.isNext(Self.payload(number), for: 1))
            order.deliverNext(number, to: 1)
            #expect(order.takeFinished() == number)
            #expect(order.hasRoom)
        }
    }
}
