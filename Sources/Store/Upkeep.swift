// What is done now and then, on a thread of its own: messages that nobody reads are packed, those
// past their time dropped, and the process's memory held against its limit.
//
//     every second        memory: above the limit all that is sealed is packed first; then, by
//                         policy, new data is refused or the oldest messages go
//     every cold/2        a packing pass
//     every minute        retention
//
// Memory is the process's resident set: what the operator's box has to give.

import Base
import CLinux
import Glibc
import Synchronization

package enum MemoryPolicy: String, Sendable, CaseIterable {
    /// New messages, users and groups are refused until there is room again.
    case refuse
    /// The oldest messages of all conversations go.
    case dropOldest = "drop_oldest"
}

package struct UpkeepPolicy: Sendable {
    /// Seconds without a reader after which a sealed block is packed.
    package var coldSeconds = 300
    package var retention = RetentionPolicy()
    /// 0: none.
    package var memoryBytes = 0
    package var memoryPolicy = MemoryPolicy.refuse

    package init() {}
}

package enum UpkeepEvent: Sendable {
    case memoryFull(resident: Int)
    case memoryFreed(resident: Int)
    case dropped(messages: Int, forMemory: Bool)
}

package struct UpkeepStatistics: Sendable {
    package internal(set) var bytesSaved = 0
    package internal(set) var messagesDropped = 0
    package internal(set) var messagesDroppedForMemory = 0
    package internal(set) var residentBytes = 0
}

package final class Upkeep: Sendable {
    private static let secondNanoseconds: UInt64 = 1_000_000_000
    private static let retentionSeconds = 60
    /// Freed memory of so many bytes is given back to the kernel.
    private static let trimBytes = 4 << 20
    /// Under pressure at least one in so many messages goes at once, and at most one in 16.
    private static let smallestShare = 256

    struct State: ~Copyable {
        var isStopping = false
        var seconds = 0
        var isFull = false
        /// Everything that is sealed was packed since memory was short.
        var isPacked = false
        var statistics = UpkeepStatistics()
    }

    private let tables: Tables
    private let log: Log
    private let policy: UpkeepPolicy
    private let report: @Sendable (UpkeepEvent) -> Void
    private let monitor = Monitor(State())
    private let thread = Mutex<Thread?>(nil)

    package init(
        tables: Tables, log: Log, policy: UpkeepPolicy,
        report: @escaping @Sendable (UpkeepEvent) -> Void
    ) {
        self.tables = tables
        self.log = log
        self.policy = policy
        self.report = report
    }

    package func start() {
        thread.withLock { $0 = Thread(name: "upkeep") { [unowned self] in self.run() } }
    }

    package func stop() {
        guard let running = thread.withLock({ $0.take() }) else { return }
        monitor.withLock { $0.isStopping = true }
        monitor.signal(.work)
        running.join()
    }

    package var statistics: UpkeepStatistics { monitor.withLock { $0.statistics } }

    private func run() {
        while let seconds = nextSecond() {
            if policy.memoryBytes > 0 { holdMemory(resident: Self.residentBytes()) }
            if seconds % max(1, policy.coldSeconds / 2) == 0 { pack(all: false) }
            if seconds % Self.retentionSeconds == 0 { retain(at: Clock.unixMilliseconds()) }
        }
    }

    /// Nil when the thread is to end.
    private func nextSecond() -> Int? {
        let due = Clock.monotonicNanoseconds() &+ Self.secondNanoseconds
        return monitor.attempt(on: .work) { state in
            if state.isStopping { return .done(nil) }
            if Clock.monotonicNanoseconds() < due { return .wait(until: due) }
            state.seconds += 1
            return .done(state.seconds)
        }
    }

    private var isStopping: Bool { monitor.withLock { $0.isStopping } }

    // MARK: Duties

    /// One packing pass; with `all` also what was read lately.
    package func pack(all: Bool) {
        var saved = 0
        for index in 0..<StripeSet.count {
            let start = Clock.monotonicNanoseconds()
            saved += tables.pack(stripe: index, all: all)
            pause(Clock.monotonicNanoseconds() &- start)
            if isStopping { break }
        }
        monitor.withLock { $0.statistics.bytesSaved += saved }
        if saved >= Self.trimBytes { linux_trim_memory() }
    }

    /// As long as was worked: half of a core stays free.
    private func pause(_ nanoseconds: UInt64) {
        let until = Clock.monotonicNanoseconds() &+ nanoseconds
        monitor.attempt(on: .work) { state in
            state.isStopping || Clock.monotonicNanoseconds() >= until
                ? .done(()) : .wait(until: until)
        }
    }

    package func retain(at time: Int64) {
        let gone = Retention(tables: tables, log: log).apply(policy.retention, at: time)
        if gone == 0 { return }
        monitor.withLock { $0.statistics.messagesDropped += gone }
        report(.dropped(messages: gone, forMemory: false))
        linux_trim_memory()
    }

    /// Acts on the memory that is in use.
    package func holdMemory(resident: Int) {
        monitor.withLock { $0.statistics.residentBytes = resident }
        if resident <= policy.memoryBytes { return leaveShortage(resident) }
        let wasPacked = monitor.withLock { state in
            defer { state.isPacked = true }
            return state.isPacked
        }
        if !wasPacked {
            pack(all: true)
            linux_trim_memory()
            if Self.residentBytes() <= policy.memoryBytes { return }
        }
        switch policy.memoryPolicy {
        case .refuse: refuse(resident)
        case .dropOldest: dropOldest(resident)
        }
    }

    private func leaveShortage(_ resident: Int) {
        let wasFull = monitor.withLock { state in
            // Not at the limit itself, where it would come and go with every message.
            if resident > policy.memoryBytes / 32 * 31 { return false }
            state.isPacked = false
            defer { state.isFull = false }
            return state.isFull
        }
        guard wasFull else { return }
        tables.setMemoryFull(false)
        report(.memoryFreed(resident: resident))
    }

    private func refuse(_ resident: Int) {
        let wasFull = monitor.withLock { state in
            defer { state.isFull = true }
            return state.isFull
        }
        if wasFull { return }
        tables.setMemoryFull(true)
        report(.memoryFull(resident: resident))
    }

    private func dropOldest(_ resident: Int) {
        let first = tables.oldestMessage()
        let last = log.releasedMark
        guard let first, last > first else { return refuse(resident) }
        let all = last - first
        let share = UInt64(max(1, policy.memoryBytes / max(1, resident - policy.memoryBytes)))
        let count = all / min(max(share, 16), UInt64(Self.smallestShare))
        let gone = Retention(tables: tables, log: log).drop(beforeID: first + max(1, count))
        monitor.withLock { state in
            state.statistics.messagesDroppedForMemory += gone
            state.isPacked = false
        }
        report(.dropped(messages: gone, forMemory: true))
        linux_trim_memory()
    }

    /// Bytes of the process that are in memory; 0 where the kernel does not say.
    package static func residentBytes() -> Int { linux_resident_bytes() }
}
