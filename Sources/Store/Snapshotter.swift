// Takes snapshots when they are due: by time, by the size of the log, on demand, and a last one
// when the server stops. One thread of its own, that pauses as long as it has worked: half of a
// core and of the disk at most. (Of ordinary priority: one that the kernel keeps waiting while it
// holds a stripe would keep everybody waiting.)
//
//     due or asked ─► write ─► remove old snapshots ─► let the log go that only they needed
//
// Whoever reads the directory meanwhile (a backup) holds it: nothing is removed until all holds are
// given back.

package import Base
import Synchronization

package struct SnapshotPolicy: Sendable {
    package var intervalSeconds = 3_600
    /// A log of so many bytes since the last one is worth another. A small disk makes it less: a
    /// quarter of what is free.
    package var logBytes = 256 << 20
    /// At least 1.
    package var kept = 3

    package init() {}
}

package enum SnapshotEvent: Sendable {
    case written(SnapshotSummary, milliseconds: UInt64)
    case failed(SnapshotFailure)
    /// Old files could not be removed; that is tried again with the next one.
    case pruningFailed(SystemError)
}

package struct SnapshotStatistics: Sendable {
    package internal(set) var written = 0
    package internal(set) var failures = 0
    package internal(set) var last: SnapshotSummary?
    /// How long that one took.
    package internal(set) var lastMilliseconds: UInt64 = 0
    /// Bytes of log since it was begun.
    package internal(set) var logBytes: UInt64 = 0
}

package final class Snapshotter: Sendable {
    /// Where a quarter of the free space is less than this, snapshots do not come more often.
    static let logBytesMin = 4 << 20
    /// After a failure.
    static let pauseNanoseconds: UInt64 = 30_000_000_000
    private static let pollNanoseconds: UInt64 = 1_000_000_000

    struct State: ~Copyable {
        var good: [SnapshotSummary]
        var nextNumber: UInt64
        /// The log's counts when the last one was begun.
        var bytesBefore: UInt64
        var lastAttempt: UInt64
        var isFailing = false
        var requested = 0
        var served = 0
        var result: Result<SnapshotSummary, SnapshotFailure> = .failure(.stopped)
        var holds = 0
        var isStopping = false
        var hasEnded = false
        /// Of the monotonic clock; the last snapshot must be done by then.
        var deadline: UInt64 = 0
        var statistics = SnapshotStatistics()
    }

    private let writer: SnapshotWriter
    private let policy: SnapshotPolicy
    private let report: @Sendable (SnapshotEvent) -> Void
    private let monitor: Monitor<State>
    private let thread = Mutex<Thread?>(nil)

    /// - Parameter recovered: what the server began with.
    package init(
        _ writer: SnapshotWriter, _ policy: SnapshotPolicy, after recovered: Recovered,
        report: @escaping @Sendable (SnapshotEvent) -> Void
    ) {
        self.writer = writer
        self.policy = policy
        self.report = report
        // What was replayed counts as log since the last one.
        let replayed = UInt64(recovered.end.bytes)
        var state = State(
            good: recovered.snapshots, nextNumber: recovered.lastNumber + 1, bytesBefore: 0,
            lastAttempt: Clock.monotonicNanoseconds())
        state.bytesBefore = 0 &- replayed
        state.statistics.last = recovered.snapshots.last
        monitor = Monitor(state)
        thread.withLock { $0 = Thread(name: "snapshots") { self.run() } }
    }

    package var statistics: SnapshotStatistics {
        let bytes = writer.log.statistics.bytes
        return monitor.withLock { state in
            var statistics = state.statistics
            statistics.logBytes = bytes &- state.bytesBefore
            return statistics
        }
    }

    /// Takes one now and waits for it.
    package func take() throws(SnapshotFailure) -> SnapshotSummary {
        let ticket = monitor.withLock { state in
            state.requested += 1
            return state.requested
        }
        monitor.signal(.work)
        let result: Result<SnapshotSummary, SnapshotFailure> = monitor.attempt(on: .space) {
            if $0.served >= ticket { return .done($0.result) }
            return $0.isStopping ? .done(.failure(.stopped)) : .wait(until: nil)
        }
        return try result.get()
    }

    /// Keeps every file that is there until `release`.
    package func hold() { monitor.withLock { $0.holds += 1 } }

    package func release() { monitor.withLock { $0.holds -= 1 } }

    /// Takes a last snapshot where something has changed and it can be done by `deadline` (of the
    /// monotonic clock), and ends the thread. One that a disk keeps hanging is left behind.
    package func stop(by deadline: UInt64) {
        guard let running = thread.withLock({ $0.take() }) else { return }
        monitor.withLock { state in
            state.isStopping = true
            state.deadline = deadline
        }
        monitor.signal(.work)
        monitor.signal(.space)
        let hasEnded = monitor.attempt(on: .space) { state in
            if state.hasEnded { return .done(true) }
            return Clock.monotonicNanoseconds() < deadline
                ? .wait(until: deadline) : .done(false)
        }
        if hasEnded { running.join() }
    }

    // MARK: The thread

    private enum Duty {
        case snapshot(serving: Int)
        case last
    }

    private func run() {
        while true {
            let duty: Duty = monitor.attempt(on: .work) { state in
                if state.isStopping { return .done(.last) }
                if state.requested > state.served {
                    return .done(.snapshot(serving: state.requested))
                }
                let now = Clock.monotonicNanoseconds()
                if self.isDue(state, now) { return .done(.snapshot(serving: state.requested)) }
                return .wait(until: now &+ Self.pollNanoseconds)
            }
            switch duty {
            case .snapshot(let serving): serve(serving)
            case .last:
                finish()
                monitor.withLock { $0.hasEnded = true }
                return monitor.signal(.space)
            }
        }
    }

    private func isDue(_ state: borrowing State, _ now: UInt64) -> Bool {
        let waited = now &- state.lastAttempt
        if state.isFailing, waited < Self.pauseNanoseconds { return false }
        guard writer.log.appended > state.good.last?.highest ?? 0 else { return false }
        if waited >= UInt64(policy.intervalSeconds) &* 1_000_000_000 { return true }
        return writer.log.statistics.bytes &- state.bytesBefore >= UInt64(logBytes)
    }

    private var logBytes: Int {
        var free = Int.max
        do throws(SystemError) {
            free = try writer.files.freeBytes(in: writer.directory.path)
        } catch { return policy.logBytes }
        return min(policy.logBytes, max(Self.logBytesMin, free / 4))
    }

    private func serve(_ serving: Int) {
        let result = snapshot { [monitor] nanoseconds in
            let now = Clock.monotonicNanoseconds()
            return monitor.attempt(on: .work) { state in
                if state.isStopping { return .done(false) }
                let until = now &+ nanoseconds
                return Clock.monotonicNanoseconds() >= until
                    ? .done(true) : .wait(until: until)
            }
        }
        monitor.withLock { state in
            state.served = max(state.served, serving)
            state.result = result
        }
        monitor.signal(.space)
    }

    private func finish() {
        let (deadline, highest, bytes) = monitor.withLock {
            ($0.deadline, $0.good.last?.highest ?? 0, $0.good.last?.bytes ?? 0)
        }
        guard writer.log.appended > highest else { return }
        // A tenth of what disks do: where that is too slow, the log serves.
        let estimate = UInt64(bytes) / 50 * 1_000
        guard Clock.monotonicNanoseconds() &+ estimate < deadline else { return }
        _ = snapshot { _ in Clock.monotonicNanoseconds() < deadline }
    }

    private func snapshot(
        _ pacing: @escaping SnapshotPacing
    ) -> Result<SnapshotSummary, SnapshotFailure> {
        let start = Clock.monotonicNanoseconds()
        let logged = writer.log.statistics.bytes
        let number = monitor.withLock { state in
            defer { state.nextNumber += 1 }
            state.lastAttempt = start
            return state.nextNumber
        }
        do throws(SnapshotFailure) {
            let deadline = monitor.withLock { $0.isStopping ? $0.deadline : .max }
            let summary = try writer.write(
                number, at: Clock.unixMilliseconds(), by: deadline, pacing)
            let milliseconds = (Clock.monotonicNanoseconds() &- start) / 1_000_000
            monitor.withLock { state in
                state.good.append(summary)
                state.bytesBefore = logged
                state.isFailing = false
                state.statistics.written += 1
                state.statistics.last = summary
                state.statistics.lastMilliseconds = milliseconds
            }
            report(.written(summary, milliseconds: milliseconds))
            prune()
            return .success(summary)
        } catch {
            monitor.withLock { state in
                state.isFailing = true
                state.statistics.failures += 1
            }
            if error != .stopped { report(.failed(error)) }
            return .failure(error)
        }
    }

    /// Lets go of what is not kept: snapshots first, then the log that only they needed.
    private func prune() {
        let (good, isHeld) = monitor.withLock { ($0.good, $0.holds > 0) }
        if isHeld { return }
        do throws(SystemError) {
            let staying = try Snapshots(writer.directory, writer.files)
                .prune(good, kept: policy.kept)
            monitor.withLock { $0.good = staying }
            if let oldest = staying.first { writer.log.drop(before: oldest.lowest + 1) }
        } catch {
            report(.pruningFailed(error))
        }
    }
}
