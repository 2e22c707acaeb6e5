// The log's own thread: it syncs, makes segments ahead and removes old ones, so that no reactor
// waits for the disk. It also brings the log back after a failure (LogRecovery.swift).
//
// What it syncs is first taken out of the shared state; so `syncing` and `delivering` are its own
// and need no lock. Order of its duties: a failed log first; then space, which commands wait for;
// then old segments; then syncing, which includes everything that was written meanwhile.

import Base

final class LogWorker: @unchecked Sendable {
    enum Duty {
        case recover, prepare, synchronize, stop
        case drop(LSN)
    }
    /// Between two attempts of something that failed.
    static let pauseNanoseconds: UInt64 = 250_000_000
    /// `unsynced` and `syncing` keep at most this much between two syncs.
    static let unsyncedBytesKept = 1 << 20

    let log: Log
    /// Whether it waits by itself; else its duties are run from outside (`runOnce`).
    let pauses: Bool
    /// Records that are being synced; after a failure, those to be written again.
    var syncing = ByteBuffer(capacity: 4096)
    /// Batches whose effects go out now.
    var delivering: [Batch] = []
    private var dirty: [Segment] = []
    private var outage = Outage()
    private var isRemovalFailing = false

    init(_ log: Log, pauses: Bool) {
        self.log = log
        self.pauses = pauses
        delivering.reserveCapacity(BatchPool.countMax)
        dirty.reserveCapacity(4)
    }

    func run() {
        while true {
            let duty = log.monitor.attempt(on: .work) {
                Self.duty(&$0, at: Clock.monotonicNanoseconds())
            }
            _ = perform(duty)
            if case .stop = duty { return }
        }
    }

    /// Performs what is due at `now`, each failed preparation or recovery once.
    func runOnce(at now: UInt64) {
        let failures = log.monitor.withLock { $0.statistics.preparationFailures }
        while true {
            let attempt = log.monitor.withLock { state in
                let prepares = state.statistics.preparationFailures == failures
                return Self.duty(&state, at: now, prepares: prepares)
            }
            guard case .done(let duty) = attempt, perform(duty) else { return }
        }
    }

    /// False when there is nothing left that could be performed.
    private func perform(_ duty: Duty) -> Bool {
        switch duty {
        case .recover: return recover()
        case .prepare: prepare()
        case .drop(let lsn): drop(before: lsn)
        case .synchronize: synchronize()
        case .stop:
            finish()
            return false
        }
        return true
    }

    private static func duty(
        _ state: inout LogState, at now: UInt64, prepares: Bool = true
    ) -> Attempt<Duty> {
        if state.isAbandoned { return .done(.stop) }
        if state.hasFailed {
            guard state.writer == .none else { return .wait(until: nil) }
            state.writer = .worker
            return .done(.recover)
        }
        var alarm: UInt64?
        if prepares, state.needsSegment {
            if now >= state.prepareAt { return .done(.prepare) }
            alarm = state.prepareAt
        }
        if state.dropBefore > 0 {
            defer { state.dropBefore = 0 }
            return .done(.drop(state.dropBefore))
        }
        if state.syncWanted > state.durable, state.writtenLSN > state.durable {
            return .done(.synchronize)
        }
        switch state.policy {
        case .always:
            if !state.written.isEmpty { return .done(.synchronize) }
        case .interval(let milliseconds):
            if state.dirty.isEmpty { break }
            let due = state.dirtySince &+ UInt64(max(milliseconds, 1)) &* 1_000_000
            if now >= due { return .done(.synchronize) }
            alarm = min(alarm ?? due, due)
        case .never: break
        }
        if state.isClosing, state.writer == .none {
            state.writer = .worker
            return .done(.stop)
        }
        return .wait(until: alarm)
    }

    /// Brings everything that is written so far to disk, then releases what waited for that. False
    /// when the disk failed: then recovery follows.
    @discardableResult
    func synchronize() -> Bool {
        // A write that failed meanwhile is booked as handed to the disk, so that it is written
        // again: syncing now would take it for durable. The batches stay where their effects can
        // be got at, however long the disk takes.
        let taken: LSN? = log.monitor.withLock { state in
            if state.hasFailed { return nil }
            swap(&dirty, &state.dirty)
            swap(&syncing, &state.unsynced)
            swap(&state.syncing, &state.written)
            return state.writtenLSN
        }
        guard let target = taken else { return false }
        for segment in dirty {
            let start = Clock.monotonicNanoseconds()
            do throws(SystemError) { try segment.file.synchronize() } catch {
                dirty.removeAll(keepingCapacity: true)
                log.monitor.withLock { $0.fail(error) }
                return false
            }
            let duration = Clock.monotonicNanoseconds() &- start
            log.monitor.withLock { $0.statistics.count(synchronization: duration) }
        }
        dirty.removeAll(keepingCapacity: true)
        syncing.removeAll(keepingAtMost: Self.unsyncedBytesKept)
        let hung = log.monitor.withLock { state in
            state.durable = target
            if state.waiting > 0 { log.monitor.signal(.space) }
            swap(&delivering, &state.syncing)
            return state.hangingSince == nil
                ? nil : state.endHanging(at: Clock.monotonicNanoseconds())
        }
        if let hung { log.report(.resumed(milliseconds: hung, refusals: 0)) }
        deliverAll()
        return true
    }

    func deliverAll() {
        for batch in delivering { log.deliver(batch) }
        delivering.removeAll(keepingCapacity: true)
    }

    /// Makes the segment after the target. The target's header has to be on disk before another can
    /// name it as its predecessor: hence the sync.
    private func prepare() {
        let number = log.monitor.withLock { state in
            defer { state.nextNumber += 1 }
            return state.nextNumber
        }
        let segment: Segment
        do throws(SystemError) {
            let free = try log.files.freeBytes(in: log.directory.path)
            segment = try Segment.prepare(
                number: number, size: Format.segmentBytes(free: free), log.directory, log.files)
        } catch {
            log.monitor.withLock { state in
                state.hasPreparationFailed = true
                state.prepareAt = Clock.monotonicNanoseconds() &+ Self.pauseNanoseconds
                state.statistics.preparationFailures += 1
            }
            log.monitor.signal(.space)
            beginOutage(.full, error)
            return
        }
        guard synchronize() else { return remove([number]) }
        log.monitor.withLock { state in
            state.next = segment
            state.hasPreparationFailed = false
        }
        log.monitor.signal(.space)
        endOutage()
    }

    private func drop(before lsn: LSN) {
        // The segment that stays has to be on disk before those in front of it go.
        let kept = log.monitor.withLock { state -> UInt64 in
            let limit = min(lsn, state.durable)
            while state.chain.count > 1, state.chain[1].firstLSN <= limit {
                state.chain.removeFirst()
            }
            return state.chain.first?.number ?? 0
        }
        do throws(SystemError) {
            let names = try log.files.names(in: log.directory.path)
            // Oldest first: what a crash leaves has no hole.
            let numbers = names.compactMap { Format.segmentNumber($0) }.filter { $0 < kept }
            for number in numbers.sorted() { try log.files.remove(log.directory.segment(number)) }
            try log.files.synchronizeDirectory(log.directory.path)
            isRemovalFailing = false
        } catch {
            // They are looked for again at the next drop.
            noteLeftOver(error)
        }
    }

    /// Removes files that nothing refers to; one that cannot be removed does no harm but take
    /// space.
    func remove(_ numbers: [UInt64]) {
        for number in numbers {
            do throws(SystemError) {
                try log.files.remove(log.directory.segment(number))
                isRemovalFailing = false
            } catch { noteLeftOver(error) }
        }
    }

    func noteLeftOver(_ error: SystemError) {
        // Never made, or removed by whoever failed to make it.
        if error.isNoSuchFile { return }
        log.monitor.withLock { $0.statistics.removalFailures += 1 }
        if !isRemovalFailing { log.report(.leftOver(error)) }
        isRemovalFailing = true
    }

    // MARK: outages

    func beginOutage(_ kind: StorageEvent.Kind, _ cause: SystemError) {
        let now = Clock.monotonicNanoseconds()
        if let event = log.monitor.withLock({ outage.begin(kind, cause, at: now, &$0.statistics) })
        {
            log.report(event)
        }
    }

    func endOutage() {
        guard outage.isRunning else { return }
        let now = Clock.monotonicNanoseconds()
        if let event = log.monitor.withLock({ outage.end(at: now, &$0.statistics) }) {
            log.report(event)
        }
    }

    /// Ends the log, and says so to whoever closes it.
    private func finish() {
        complete()
        let released = log.released
        let lost = log.monitor.withLock { $0.isAbandoned ? $0.appended - released : 0 }
        if lost > 0 { log.report(.abandoned(records: lost)) }
        log.monitor.withLock { $0.isFinished = true }
        log.monitor.signal(.space)
    }

    /// Writes and releases what is left, and leaves a log that says that all of it was on disk.
    private func complete() {
        if log.monitor.withLock({ $0.isAbandoned }) { return }
        if let batch = log.monitor.withLock({ $0.continueWriting() }) { log.writeAll(batch) }
        if log.monitor.withLock({ $0.hasFailed }) || !synchronize() {
            log.monitor.withLock { $0.writer = .worker }
            guard recover(), synchronize() else { return }
        }
        let (target, next, durable, salt) = log.monitor.withLock {
            ($0.target, $0.next, $0.durable, $0.salt)
        }
        if let next { remove([next.number]) }
        guard let target, target.isActive else { return }
        var mark = ByteBuffer(capacity: Format.markBytes)
        Frame.begin(&mark, lsn: durable + 1, kind: Format.markKind)
        mark.append(littleEndian: durable)
        Frame.finish(&mark, start: 0, salt: salt)
        do throws(SystemError) {
            try target.write(mark, from: 0)
            try target.file.truncate(to: target.position)
            try target.file.synchronize()
        } catch {
            // Everything was released before; without the mark the next start reads the same.
            log.monitor.withLock { $0.statistics.failures += 1 }
            beginOutage(.failed, error)
        }
    }
}
