// All state in memory: 64 stripes (Stripes.swift has the lock order), and the way in, `withLocked`.
//
// Every stripe notes the log sequence number of the newest record that touched it. A reader takes
// that number along, so that nobody is shown what is not durable yet; and applying a record skips
// stripes that have it already, so that state from a snapshot can be brought up to date by the log.

import Base
import CLinux
import Glibc
import Synchronization

/// What a reader has seen: the newest change in any stripe that it looked at.
package struct Reading {
    package private(set) var lsn: UInt64 = 0
    package init() {}
    package mutating func saw(_ other: UInt64) { lsn = max(lsn, other) }
}

struct PrivateTalk {
    let key: ConversationKey
    var conversation = Conversation()
    var smaller: Participation
    var larger: Participation

    init(key: ConversationKey) {
        self.key = key
        smaller = Participation(user: key.users.smaller)
        larger = Participation(user: key.users.larger)
    }
}

struct Stripe: ~Copyable {
    var lsn: UInt64 = 0
    /// Row of user u at u / 64; nil where there is none (any more).
    var users = PagedArray<User?>(pageSize: 64)
    /// Row of group g at g / 64.
    var groups = PagedArray<Group?>(pageSize: 64)
    var talks = PagedArray<PrivateTalk>(pageSize: 64)
    var talkPlaces = IntegerMap()
    /// The sealed blocks that are not packed; some may be gone by now.
    var unpacked: [PlainBlock] = []
    let cache = BlockCache()
    /// In stripe 0 only.
    var admins: [Admin] = []

    mutating func add(_ talk: PrivateTalk) {
        talkPlaces[talk.key.bits] = UInt32(truncatingIfNeeded: talks.count)
        talks.append(talk)
    }
}

@safe
package final class Tables: @unchecked Sendable {
    /// Lock and rows of a stripe, alone on their cache lines.
    @safe
    struct Slot: ~Copyable {
        var lock = unsafe pthread_mutex_t()
        var stripe = Stripe()
        let padding: InlineArray<8, UInt64> = .init(repeating: 0)
    }

    private let slots: UnsafeMutablePointer<Slot>
    let names = NameTable()
    let directory = MessageDirectory()
    private let groupNumbers = Counter()
    private let messages = Counter()
    private let memoryFull = Atomic(false)

    package init() {
        let stride = MemoryLayout<Slot>.stride
        let memory = UnsafeMutableRawPointer.allocate(
            byteCount: StripeSet.count * stride, alignment: 128)
        unsafe slots = memory.bindMemory(to: Slot.self, capacity: StripeSet.count)
        for index in 0..<StripeSet.count {
            unsafe (slots + index).initialize(to: Slot())
            unsafe pthread_mutex_init(&slots[index].lock, nil)
        }
    }

    deinit {
        unsafe slots.deinitialize(count: StripeSet.count)
        unsafe slots.deallocate()
    }

    /// Runs `body` with the stripes of `set` locked, and lets `reading` know how new they are.
    package func withLocked<R, E: Error>(
        _ set: StripeSet, _ reading: inout Reading, _ body: (LockedTables) throws(E) -> R
    ) throws(E) -> R {
        var rest = set.bits
        while rest != 0 {
            let index = rest.trailingZeroBitCount
            unsafe pthread_mutex_lock(&slots[index].lock)
            reading.saw(unsafe slots[index].stripe.lsn)
            rest &= rest - 1
        }
        defer {
            var rest = set.bits
            while rest != 0 {
                unsafe pthread_mutex_unlock(&slots[rest.trailingZeroBitCount].lock)
                rest &= rest - 1
            }
        }
        return try body(unsafe LockedTables(tables: self, slots: slots, set: set))
    }

    /// The conversation of a message that is, or was, there.
    package func conversation(ofMessage id: UInt64) -> ConversationKey? {
        switch directory[id] {
        case .none: return nil
        case .group(let group): return ConversationKey(group: group)
        case .talk(let stripe, let row):
            var reading = Reading()
            return withLocked(StripeSet(bits: 1 << UInt64(stripe)), &reading) { locked in
                locked.talkKey(stripe: stripe, row: Int(row))
            }
        }
    }

    // MARK: without a lock

    /// The name of a user that exists or existed.
    package func name(of user: UInt32) -> String { names[user] }

    /// Whether `name` is, to the byte, the name under which `user` was registered. The row may be
    /// gone by now; only its stripe knows.
    package func isCurrentName(_ name: Span<UInt8>, of user: UInt32) -> Bool {
        names[user].utf8.span.isEqual(to: name)
    }

    /// The number of the user with this name, in any case.
    package func user(named name: String) -> UInt32? {
        names.number(ofFolded: Folding.fold(name))
    }

    /// The highest number that was given to a user; some below may be gone.
    package var lastUser: UInt32 { names.last }

    package var lastGroup: UInt32 { UInt32(truncatingIfNeeded: groupNumbers.value) }

    /// Takes a name; nil when somebody has it. The row comes with the record.
    package func reserveUser(name: String) -> UInt32? {
        names.add(name, folded: Folding.fold(name))
    }

    package func reserveGroup() -> UInt32 { UInt32(truncatingIfNeeded: groupNumbers.next()) }

    /// The process has as much memory as it may: what makes it grow is refused.
    package var isMemoryFull: Bool { memoryFull.load(ordering: .relaxed) }

    func setMemoryFull(_ isFull: Bool) { memoryFull.store(isFull, ordering: .relaxed) }

    /// The highest id of a message that was restored; those that came later are the log's to count.
    var lastRestoredMessage: UInt64 { messages.value }

    func restoreMessage(_ id: UInt64) { messages.raise(to: id) }

    func restoreGroup(_ group: UInt32) { groupNumbers.raise(to: UInt64(group)) }
}
