// One sender's messages that are under way, and what each still waits for.
//
//     done ──► │ finished in part: receipt, echo, ack as bits │ ◄── sent
//                one slot a message, counter modulo capacity
//
// Invariant: done <= sent <= done + capacity; a message below `done` has everything it waits for.
// The numbers (`id`, `seq`) that are told of a message first have to be told with the others too.

package struct SendWindow: Sendable {
    package struct Part: OptionSet, Sendable {
        package let rawValue: UInt8
        package init(rawValue: UInt8) { self.rawValue = rawValue }
        /// Delivered to everyone it was meant for.
        package static let receipt = Part(rawValue: 1)
        /// The sender's own copy.
        package static let echo = Part(rawValue: 2)
        package static let ack = Part(rawValue: 4)
    }

    private struct Slot {
        var time: UInt64 = 0
        var id: Int64 = 0
        var sequence: Int64 = 0
        var parts: Part = []
    }

    private var slots: [Slot]
    private let mask: UInt64
    private let wanted: Part
    private let limit: UInt64
    package private(set) var sent: UInt64 = 0
    package private(set) var done: UInt64 = 0

    /// - Parameters:
    ///   - limit: messages that may be under way.
    ///   - wanted: what a message needs to be finished.
    package init(limit: Int, wanted: Part) {
        var capacity = 1
        while capacity < limit { capacity *= 2 }
        slots = Array(repeating: Slot(), count: capacity)
        mask = UInt64(capacity - 1)
        self.limit = UInt64(limit)
        self.wanted = wanted
    }

    package var hasRoom: Bool { sent &- done < limit }
    package var outstanding: Int { Int(sent &- done) }

    /// Takes the next message on its way; the caller has looked for room. Returns its counter.
    package mutating func send(at time: UInt64) -> UInt64 {
        precondition(hasRoom, "more messages under way than there are slots")
        let counter = sent
        slots[Int(counter & mask)] = Slot(time: time)
        sent &+= 1
        return counter
    }

    /// When the message was sent, or should have been; nil when it is not under way.
    @inline(__always)
    package func time(of counter: UInt64) -> UInt64? {
        guard counter >= done, counter < sent else { return nil }
        return slots[Int(counter & mask)].time
    }

    /// Notes that `part` has come for a message; the numbers are 0 where none were told.
    /// Returns what is wrong with that.
    @inline(__always)
    package mutating func note(
        _ part: Part, _ counter: UInt64, id: Int64, sequence: Int64
    ) -> Finding? {
        guard counter < sent else { return .unknownMessage }
        guard counter >= done else { return part == .ack ? .ackDoubled : .doubled }
        let index = Int(counter & mask)
        if !slots[index].parts.isDisjoint(with: part) {
            return part == .ack ? .ackDoubled : .doubled
        }
        var finding: Finding?
        if part == .ack, wanted.contains(.echo), !slots[index].parts.contains(.echo) {
            finding = .ackBeforeEcho
        }
        if id != 0 || sequence != 0 {
            if slots[index].id == 0 && slots[index].sequence == 0 {
                slots[index].id = id
                slots[index].sequence = sequence
            } else if slots[index].id != id || slots[index].sequence != sequence {
                finding = .numbersDiffer
            }
        }
        slots[index].parts.insert(part)
        while done < sent, slots[Int(done & mask)].parts.isSuperset(of: wanted) { done &+= 1 }
        return finding
    }

    /// The oldest message without an ack: for a server whose acks bear no name.
    package var oldestWithoutAck: UInt64? {
        var counter = done
        while counter < sent {
            if !slots[Int(counter & mask)].parts.contains(.ack) { return counter }
            counter &+= 1
        }
        return nil
    }
}
