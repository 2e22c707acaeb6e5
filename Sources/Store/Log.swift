// The write-ahead log: every change of the server's state is a record here before anybody hears of
// it.
//
//     admit ─► (stripes locked) append ─► commit: write(2) ─► [fdatasync] ─► release(batch)
//
// Threads append under one short lock. At the end of its turn each calls `commit`: the first one
// there writes what all have gathered, with no lock held; whoever comes meanwhile leaves again,
// because the writer looks once more before it stops. With `always` the written batches wait for
// the log's own thread, which syncs once for all of them; otherwise they are released by the
// writer.
//
// Promises: batches are released in LSN order, by one caller at a time; `released` is raised first;
// a record that was admitted has its space; steady state allocates nothing.
// Limits: 1 MiB of payload a record. `close` must be called: the thread keeps the log alive. A log
// without a thread of its own (`Worker.caller`) belongs to one thread, which runs its duties.
// Lock order: the stripes of the tables, the log's lock, the pool of batches.

package import Base
import Synchronization

/// When records are on disk.
package enum FsyncPolicy: Sendable, Equatable {
    /// Before they are released.
    case always
    /// This much later at most; they are released when the kernel has them.
    case interval(milliseconds: Int)
    /// When the kernel likes.
    case never
}

package final class Log: Sendable {
    /// Who syncs, makes segments ahead, removes old ones and brings the log back after a failure.
    package enum Worker: Sendable {
        /// A thread of the log's own.
        case thread
        /// Whoever uses the log, one thread, by `runDuties`: then nothing depends on scheduling.
        case caller
    }
    private enum Running: Sendable {
        case thread(Thread)
        case caller(LogWorker)
    }

    /// How long `admit` waits for a segment that is being prepared.
    static let admissionNanoseconds: UInt64 = 1_000_000_000

    let directory: DataDirectory
    let files: any FileSystem
    let policy: FsyncPolicy
    let monitor: Monitor<LogState>
    private let release: @Sendable (Batch) -> Void
    let report: @Sendable (StorageEvent) -> Void
    private let appendedLSN: Atomic<LSN>
    private let releasedLSN: Atomic<LSN>
    private let highestMark: Atomic<UInt64>
    private let running = Mutex<Running?>(nil)

    /// Opens a new segment behind `end` and starts the log's thread. `release` gets each batch once
    /// its records are as durable as the policy promises; `report` hears of outages, from the log's
    /// thread. Where no segment can be made in a directory that is established, the log starts in
    /// an outage.
    package init(
        directory: DataDirectory, files: any FileSystem, policy: FsyncPolicy, end: LogEnd,
        report: @escaping @Sendable (StorageEvent) -> Void = { _ in }, worker: Worker = .thread,
        release: @escaping @Sendable (Batch) -> Void
    ) throws(StoreFailure) {
        self.directory = directory
        self.files = files
        self.policy = policy
        self.release = release
        self.report = report
        appendedLSN = Atomic(end.lastLSN)
        releasedLSN = Atomic(end.lastLSN)
        highestMark = Atomic(end.lastMark)
        monitor = Monitor(
            LogState(end, pool: BatchPool(), salt: directory.salt, policy: policy))
        let duties = LogWorker(self, pauses: worker == .thread)
        try duties.begin(LogOpening(directory: directory, files: files, end: end))
        running.withLock { running in
            switch worker {
            case .thread: running = .thread(Thread(name: "log") { duties.run() })
            case .caller: running = .caller(duties)
            }
        }
    }

    /// With `Worker.caller`: performs what the log's thread would, and returns where that would
    /// wait. What waits for a time (the next sync of `interval`, another attempt after a failure)
    /// counts as due with `timed`; what fails is tried again by the next call.
    package func runDuties(timed: Bool = true) {
        caller?.runOnce(at: timed ? .max : 0)
    }

    /// With `Worker.caller`: ends the log as the end of the process would, with nothing written or
    /// released any more.
    package func abandon() { running.withLock { $0 = nil } }

    /// The worker whose duties the caller runs.
    var caller: LogWorker? {
        running.withLock { if case .caller(let duties) = $0 { duties } else { nil } }
    }

    /// Reserves space for one record of at most `bytes` of payload, before any lock is taken. May
    /// commit, and wait up to a second for a segment that is being prepared. Throws
    /// `storageUnavailable` when the disk is full or failing.
    package func admit(bytes: Int) throws(StoreFailure) {
        guard bytes >= 0, bytes <= Format.payloadBytesMax else {
            throw .recordTooLarge(bytes: bytes)
        }
        let cost = LogState.cost(bytes)
        switch monitor.withLock({ $0.reserve(cost) }) {
        case .admitted: return
        case .refused: throw .storageUnavailable
        case .full: break
        }
        // A segment is prepared once the one before it is written to.
        commit()
        guard waitForSpace(cost) else { throw .storageUnavailable }
    }

    private func waitForSpace(_ cost: Int) -> Bool {
        if let duties = caller {
            duties.runOnce(at: 0)
            return monitor.withLock { $0.reserve(cost) } == .admitted
        }
        let deadline = Clock.monotonicNanoseconds() &+ Self.admissionNanoseconds
        monitor.withLock { $0.waiting += 1 }
        defer { monitor.withLock { $0.waiting -= 1 } }
        return monitor.attempt(on: .space) { state in
            switch state.reserve(cost) {
            case .admitted: return .done(true)
            case .refused: return .done(false)
            case .full:
                if Clock.monotonicNanoseconds() < deadline { return .wait(until: deadline) }
                // Whoever comes next does not wait for a disk that hangs.
                state.hasPreparationFailed = true
                return .done(false)
            }
        }
    }

    /// Gives an admission back.
    package func cancel(bytes: Int) {
        monitor.withLock { state in
            state.giveBack(LogState.cost(bytes))
            if state.waiting > 0 { monitor.signal(.space) }
        }
    }

    /// Appends one admitted record. `write` is called under the log's lock: it appends to payload
    /// and effects and raises the mark; it reads neither, and changes nothing that is there
    /// already.
    @inline(__always)
    @discardableResult
    package func append(
        kind: UInt8, admitted bytes: Int,
        _ write: (
            _ lsn: LSN, _ payload: inout ByteBuffer, _ effects: inout ByteBuffer,
            _ mark: inout UInt64
        ) -> Void
    ) -> LSN {
        precondition(kind != Format.markKind, "kind 0 is the log's own")
        return monitor.withLock { state in
            let cost = LogState.cost(bytes)
            // After a failure there is no segment; the next one will have the space.
            if cost > state.free, !state.hasFailed { state.moveOn() }
            let lsn = state.appended &+ 1
            let start = state.records.count
            Frame.begin(&state.records, lsn: lsn, kind: kind)
            write(lsn, &state.records, &state.effects, &state.mark)
            let length = state.records.count - start
            precondition(
                length >= Format.recordHeaderBytes && length <= bytes + Format.recordHeaderBytes,
                "a record is larger than was admitted")
            Frame.finish(&state.records, start: start, salt: state.salt)
            state.free -= length + (start == Format.markBytes ? Format.markBytes : 0)
            state.appended = lsn
            state.giveBack(cost)
            state.statistics.records &+= 1
            state.statistics.bytes &+= UInt64(length)
            appendedLSN.store(lsn, ordering: .relaxed)
            if state.waiting > 0 { monitor.signal(.space) }
            return lsn
        }
    }

    /// Effects without a record: released after everything that was appended before.
    package func attach(_ write: (_ effects: inout ByteBuffer) -> Void) {
        monitor.withLock { write(&$0.effects) }
    }

    /// Writes what all threads have gathered, unless somebody does already. To be called at the end
    /// of a turn, without locks.
    package func commit() {
        if let batch = monitor.withLock({ $0.beginWriting() }) { writeAll(batch) }
    }

    /// Everything up to here is as durable as the policy promises, and handed to `release` (or just
    /// being so).
    package var released: LSN { releasedLSN.load(ordering: .acquiring) }

    /// The highest mark of a released batch.
    package var releasedMark: UInt64 { highestMark.load(ordering: .acquiring) }

    package var appended: LSN { appendedLSN.load(ordering: .relaxed) }

    package var statistics: LogStatistics {
        monitor.withLock { state in
            var statistics = state.statistics
            statistics.segments = state.chain.count
            statistics.durable = state.durable
            statistics.isUnavailable = state.hasFailed || state.hasPreparationFailed
            return statistics
        }
    }

    /// Lets go of the segments that hold nothing from `lsn` on: a snapshot has it. The log's thread
    /// removes them; never the segment in use.
    package func drop(before lsn: LSN) {
        monitor.withLock { $0.dropBefore = max($0.dropBefore, lsn) }
        monitor.signal(.work)
    }

    /// Writes, syncs and releases everything, and ends the log's thread. Nobody may append any
    /// more. While the disk fails it tries once; what is not released then never will be. False
    /// when the disk hangs until `deadline` (of the monotonic clock): the thread is left behind.
    @discardableResult
    package func close(by deadline: UInt64? = nil) -> Bool {
        guard let running = running.withLock({ $0.take() }) else { return true }
        commit()
        monitor.withLock { $0.isClosing = true }
        monitor.signal(.work)
        monitor.signal(.space)
        switch running {
        case .caller(let duties):
            duties.runOnce(at: .max)
            return true
        case .thread(let thread):
            let isFinished = monitor.attempt(on: .space) { state in
                if state.isFinished { return .done(true) }
                let isOver = deadline.map { Clock.monotonicNanoseconds() >= $0 } ?? false
                return isOver ? .done(false) : .wait(until: deadline)
            }
            if isFinished { thread.join() }
            return isFinished
        }
    }

    /// Publishes the batch, then hands it out. The number goes first: who sees the mark and then
    /// asks for `released` learns of a batch that is not older.
    func deliver(_ batch: Batch) {
        releasedLSN.store(batch.lastLSN, ordering: .releasing)
        highestMark.store(batch.mark, ordering: .releasing)
        release(batch)
        batch.release()
    }
}
