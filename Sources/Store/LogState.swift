// What the log knows, behind its one short lock: what is being gathered, how much space there is
// for it, who writes, and what is written but not yet known to be on disk.
//
//     appended ── gathered ─► sealed ─► writer ── written, unsynced ─► disk
//                 (target)    (old target)                  durable ──┘
//
// Space. A record is admitted when it fits, whatever order the admitted ones arrive in:
//     free >= reserved                              all fit into the target, or
//     free + next.capacity - reserved >= largest    all fit behind a switch to the next segment,
//                                                   which wastes less than the largest record.
// Invariants: durable <= writtenLSN <= appended; first <= appended + 1; reserved >= 0.

import Base

struct LogState: ~Copyable {
    enum Writer {
        case none, committer, worker
    }
    enum Admission {
        case admitted, refused, full
    }

    let pool: BatchPool
    let salt: UInt32
    let policy: FsyncPolicy

    // Gathering. `records` begins with head room for a mark.
    var records = ByteBuffer(capacity: 4096)
    var effects = ByteBuffer(capacity: 4096)
    var first: LSN
    var appended: LSN
    var mark: UInt64
    /// Batches for a segment before the target, in order.
    var sealed: [Batch] = []

    // Space, in bytes.
    /// Nil while the log has not found a place for its first segment since the start.
    var target: Segment?
    var next: Segment?
    var free = 0
    var reserved = 0
    /// The largest reservation since there was none.
    var largest = 0
    var waiting = 0

    // Preparing segments.
    var nextNumber: UInt64
    var prepareAt: UInt64 = 0
    var hasPreparationFailed = false

    // Writing.
    var writer = Writer.none
    /// No segment can be written to; so it begins, until the first one is there.
    var hasFailed = true
    /// Why, while nobody has told yet.
    var cause: SystemError?
    var isClosing = false
    /// Closing met a disk that does not come back.
    var isAbandoned = false
    /// The log's thread is done.
    var isFinished = false
    /// What the writer writes just now.
    var writing: Batch?
    /// Since when a disk hangs that has not failed.
    var hangingSince: UInt64?
    /// Batches whose effects wait for the disk.
    var written: [Batch] = []
    /// The records behind `durable` that were handed to the disk, marks left out: they are written
    /// again when it fails. (What the log's thread is syncing just now it holds itself.)
    var unsynced = ByteBuffer(capacity: 4096)
    /// Those of them whose records are being synced.
    var syncing: [Batch] = []
    /// The time of the last tick.
    var now: UInt64 = 0
    /// Segments written to since the last sync, in order.
    var dirty: [Segment] = []
    var dirtySince: UInt64 = 0
    var writtenLSN: LSN
    var durable: LSN
    /// The durable LSN that the last mark or header on disk states.
    var marked: LSN
    /// The segments of the log, oldest first; the last one with a header is the last here.
    var chain: [SegmentPlace]
    /// Segments that a start found to hold nothing; they go when the log stands.
    var obsolete: [UInt64]
    var dropBefore: LSN = 0
    /// Up to here somebody wants the records on disk, whatever the policy.
    var syncWanted: LSN = 0
    var statistics = LogStatistics()

    /// A log behind `end` that has no segment to write to yet.
    init(_ end: LogEnd, pool: BatchPool, salt: UInt32, policy: FsyncPolicy) {
        self.pool = pool
        self.salt = salt
        self.policy = policy
        nextNumber = end.nextNumber
        appended = end.lastLSN
        first = end.lastLSN + 1
        mark = end.lastMark
        writtenLSN = end.lastLSN
        durable = end.lastLSN - end.unproven
        marked = end.lastLSN - end.unproven
        chain = end.segments
        obsolete = end.obsolete
        written.reserveCapacity(BatchPool.countMax)
        syncing.reserveCapacity(BatchPool.countMax)
        dirty.reserveCapacity(4)
        leaveHeadRoom()
    }

    var policyIsAlways: Bool {
        if case .always = policy { true } else { false }
    }

    // MARK: Space

    /// What a record with `bytes` of payload may take at most: it may be the first of a commit,
    /// which begins with a mark.
    static func cost(_ bytes: Int) -> Int {
        bytes + Format.recordHeaderBytes + Format.markBytes
    }

    mutating func reserve(_ cost: Int) -> Admission {
        if hasFailed || isClosing { return refuse() }
        if reserved == 0, cost > free, let next, cost <= next.capacity { moveOn() }
        var room = free - reserved - cost
        if let next { room += next.capacity - max(largest, cost) }
        guard room >= 0 else { return hasPreparationFailed ? refuse() : .full }
        reserved += cost
        largest = max(largest, cost)
        return .admitted
    }

    private mutating func refuse() -> Admission {
        statistics.refusals += 1
        return .refused
    }

    mutating func giveBack(_ cost: Int) {
        reserved -= cost
        precondition(reserved >= 0, "more space was given back than admitted")
        if reserved == 0 { largest = 0 }
    }

    // MARK: Gathering

    var hasGatheredRecords: Bool { records.count > Format.markBytes }

    private mutating func leaveHeadRoom() {
        for _ in 0..<3 { records.append(littleEndian: UInt64(0)) }
        records.append(0)
    }

    /// Goes on in the next segment; what was gathered for this one is sealed.
    mutating func moveOn() {
        guard let following = next else { preconditionFailure("an admitted record has no space") }
        if hasGatheredRecords { sealed.append(seal()) }
        target = following
        next = nil
        free = following.capacity
    }

    /// What is to be written next; nil when nothing is gathered.
    mutating func takeBatch() -> Batch? {
        if !sealed.isEmpty { return sealed.removeFirst() }
        return hasGatheredRecords || !effects.isEmpty ? seal() : nil
    }

    mutating func seal() -> Batch {
        let batch = pool.take()
        batch.time = now
        swap(&batch.records, &records)
        swap(&batch.effects, &effects)
        leaveHeadRoom()
        batch.firstLSN = first
        batch.lastLSN = appended
        batch.mark = mark
        batch.segment = target
        batch.recordsStart = Format.markBytes
        first = appended + 1
        if durable > marked, batch.hasRecords {
            Frame.setMark(&batch.records, lsn: batch.firstLSN, durable: durable, salt: salt)
            batch.recordsStart = 0
            marked = durable
        } else if batch.hasRecords {
            free += Format.markBytes
        }
        return batch
    }

    /// Bytes that are gathered or sealed, and not handed to the disk.
    var gatheredBytes: Int {
        var bytes = hasGatheredRecords ? records.count : 0
        for batch in sealed where batch.hasRecords { bytes += batch.records.count }
        return bytes
    }

    // MARK: Writing

    /// Takes the writer's role and the first batch; nil when there is nothing to write, or somebody
    /// who will.
    mutating func beginWriting() -> Batch? {
        guard writer == .none, !hasFailed, let batch = takeBatch() else { return nil }
        writer = .committer
        writing = batch
        return batch
    }

    /// The next batch, or nil: then the role is given up.
    mutating func continueWriting() -> Batch? {
        if !hasFailed, let batch = takeBatch() {
            writing = batch
            return batch
        }
        writer = .none
        return nil
    }

    /// Books a batch that was written, or was not. Says whether its effects may go out now, and
    /// whether the log's thread has something new to do.
    mutating func settle(_ batch: Batch, _ failure: SystemError?) -> (deliver: Bool, wake: Bool) {
        var wake = false
        writing = nil
        if let segment = batch.segment, batch.hasRecords {
            Frame.copy(batch.records, from: Format.markBytes, to: &unsynced)
            writtenLSN = batch.lastLSN
            if failure == nil { wake = noteWrite(to: segment, first: batch.firstLSN) }
        }
        statistics.commits += 1
        if let failure { fail(failure) }
        if hasFailed || policyIsAlways {
            written.append(batch)
            return (false, true)
        }
        return (true, wake)
    }

    private mutating func noteWrite(to segment: Segment, first: LSN) -> Bool {
        var wake = false
        if chain.last?.number != segment.number {
            chain.append(SegmentPlace(number: segment.number, firstLSN: first))
            wake = true
        }
        if dirty.isEmpty {
            dirtySince = Clock.monotonicNanoseconds()
            wake = true
        }
        if dirty.last !== segment { dirty.append(segment) }
        return wake
    }

    /// A write or a sync failed: nothing is admitted until the log stands in a new segment.
    mutating func fail(_ error: SystemError) {
        hasFailed = true
        if cause == nil { cause = error }
        statistics.failures += 1
    }

    /// The header of a segment that is about to be written to.
    func header(of segment: Segment, first: LSN) -> SegmentHeader {
        SegmentHeader(
            number: segment.number, predecessor: chain.last?.number ?? 0, firstLSN: first,
            durable: durable)
    }

    /// Whether the log's thread should make a segment ahead. Not before the target's own header is
    /// written: it has to be on disk before another one names it.
    var needsSegment: Bool {
        next == nil && !hasFailed && !isClosing && chain.last?.number == target?.number
    }
}
