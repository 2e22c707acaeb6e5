// The one order in which a group's messages come, and where each receiver stands in it.
//
//     first ──► │ frame, as the first receiver got it, and who still waits for it │ ◄── end
//                    ▲                ▲
//                    receiver 3       receiver 1        (a position each)
//
// The first receiver of a message has it read and checked in full; for every other one its payload
// is compared, byte for byte, with what the first one got. That is exact and costs a few
// nanoseconds; only what differs is read again, to say what is wrong with it.
//
// Invariant: first <= every position not skipped <= end, end - first <= capacity. Frames of a
// message that all have are forgotten. Limits: payloads up to `payloadBytesMax`.

import Base

package struct BroadcastOrder: ~Copyable {
    package struct Entry: Sendable {
        package var sender: UInt32
        package var counter: UInt64
        /// When it was sent, or should have been: nanoseconds of the monotonic clock.
        package var time: UInt64
        package var id: Int64
        package var sequence: Int64
        /// Receivers that do not have it yet.
        fileprivate(set) package var remaining = 0
        fileprivate var length = 0

        package init(
            sender: UInt32 = 0, counter: UInt64 = 0, time: UInt64 = 0, id: Int64 = 0,
            sequence: Int64 = 0
        ) {
            self.sender = sender
            self.counter = counter
            self.time = time
            self.id = id
            self.sequence = sequence
        }
    }

    private var entries: [Entry]
    private var bytes: ByteBuffer
    private let mask: UInt64
    private let receivers: Int
    package let payloadBytesMax: Int
    private var orders: [DeliveryOrder]
    /// The oldest message that someone does not have.
    package private(set) var first: UInt64 = 0
    /// Messages that anyone has.
    package private(set) var end: UInt64 = 0

    package init(receivers: Int, capacity limit: Int, payloadBytesMax: Int) {
        var capacity = 1
        while capacity < limit { capacity *= 2 }
        entries = Array(repeating: Entry(), count: capacity)
        mask = UInt64(capacity - 1)
        self.receivers = receivers
        self.payloadBytesMax = (payloadBytesMax + 63) & ~63
        bytes = ByteBuffer(capacity: capacity * self.payloadBytesMax)
        let size = capacity * self.payloadBytesMax
        unsafe bytes.append(upTo: size) { room in
            unsafe room.initializeMemory(as: UInt8.self, repeating: 0)
            return size
        }
        orders = Array(repeating: DeliveryOrder(), count: receivers)
    }

    /// Whether one more message may be appended.
    package var hasRoom: Bool { end &- first <= mask }

    package func entry(at position: UInt64) -> Entry { entries[Int(position & mask)] }

    /// Where the receiver stands: the position of its next message.
    @inline(__always)
    package func position(of receiver: Int) -> UInt64 { orders[receiver].next }

    /// Whether `payload` is exactly the receiver's next message, as others got it.
    @inline(__always)
    package func isNext(_ payload: Span<UInt8>, for receiver: Int) -> Bool {
        let position = orders[receiver].next
        guard position < end, position >= first else { return false }
        let index = Int(position & mask)
        guard entries[index].length == payload.count else { return false }
        let start = index &* payloadBytesMax
        return bytes.span(start..<start &+ payload.count).isEqual(to: payload)
    }

    /// Appends a message that nobody had before. The caller has looked for room and length.
    package mutating func append(_ entry: Entry, _ payload: Span<UInt8>) {
        precondition(hasRoom && payload.count <= payloadBytesMax, "no room for a message")
        let index = Int(end & mask)
        entries[index] = entry
        entries[index].remaining = receivers
        entries[index].length = payload.count
        let start = index * payloadBytesMax
        var room = bytes.mutableSpan
        for offset in payload.indices { room[start + offset] = payload[offset] }
        end &+= 1
    }

    /// Where the message of this sender stands, if not all have it yet.
    package func find(sender: UInt32, counter: UInt64) -> UInt64? {
        var position = first
        while position < end {
            let entry = entries[Int(position & mask)]
            if entry.sender == sender, entry.counter == counter { return position }
            position &+= 1
        }
        return nil
    }

    /// The receiver has its next message, the one at `position`.
    @inline(__always)
    package mutating func deliverNext(_ position: UInt64, to receiver: Int) {
        guard orders[receiver].takeNext(position) else { return }
        entries[Int(position & mask)].remaining &-= 1
    }

    /// The receiver has the message at `position`. The outcome says whether it was its next one;
    /// what it skips counts as not to be waited for, so that the run goes on.
    package mutating func deliver(
        _ position: UInt64, to receiver: Int
    ) -> DeliveryOrder.Outcome {
        let before = orders[receiver].next
        let outcome = orders[receiver].note(position)
        switch outcome {
        case .inOrder: entries[Int(position & mask)].remaining &-= 1
        case .skipped:
            for one in max(before, first)...position { entries[Int(one & mask)].remaining &-= 1 }
        case .late, .doubled: break
        }
        return outcome
    }

    /// The oldest message, when all have it; it is forgotten with that. To be asked after each
    /// delivery, until there is none.
    @inline(__always)
    package mutating func takeFinished() -> Entry? {
        guard first < end else { return nil }
        let index = Int(first & mask)
        guard entries[index].remaining <= 0 else { return nil }
        first &+= 1
        return entries[index]
    }

    /// Deliveries that have not happened: what each receiver misses of what anyone has.
    package var missingDeliveries: Int {
        orders.reduce(0) { $0 + Int(end - min(end, $1.next)) }
    }
}
