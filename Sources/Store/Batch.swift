// What one commit writes and hands out: records as they go to disk, and the effects that ride with
// them. Batches are pooled, so a log in steady state allocates nothing.
//
//     pool ─► log (gathers, writes) ─► release callback ─► readers ─► pool
//
// A batch counts its readers: the log is one until its callback has returned; whoever passes the
// batch on counts further ones in with `retain` before that. At zero it goes back to the pool, and
// nobody may touch it then. While it is handed out it is only read.

package import Base
import Synchronization

package final class Batch: @unchecked Sendable {
    /// Framed records as they go to disk. The first `recordsStart` bytes are no record.
    package var records = ByteBuffer(capacity: 4096)
    /// Opaque to the store.
    package var effects = ByteBuffer(capacity: 4096)
    /// First and last record in here; a batch of effects alone has `firstLSN == lastLSN + 1`.
    package internal(set) var firstLSN: LSN = 0
    package internal(set) var lastLSN: LSN = 0
    /// The highest mark of any record so far.
    package internal(set) var mark: UInt64 = 0
    /// Where the first record begins: behind the head room for a mark, unless a mark is there.
    package internal(set) var recordsStart = 0
    /// Where the records go; nil in the pool.
    var segment: Segment?
    /// What is in here was gathered after this moment of the log's coarse clock.
    var time: UInt64 = 0

    private let readers = Atomic<Int>(0)
    private let pool: BatchPool

    init(pool: BatchPool) { self.pool = pool }

    package var hasRecords: Bool { lastLSN >= firstLSN }

    /// Counts `count` more readers in.
    package func retain(_ count: Int) {
        readers.add(count, ordering: .relaxed)
    }

    /// One reader is done.
    package func release() {
        let left = readers.subtract(1, ordering: .acquiringAndReleasing).newValue
        precondition(left >= 0, "a batch was released more often than retained")
        if left == 0 { pool.put(self) }
    }
}

/// Batches that wait to be used again.
final class BatchPool: Sendable {
    /// More than this many are given back to the allocator.
    static let countMax = 256
    /// Buffers that grew beyond this are cut back, so one burst does not keep its memory for ever.
    static let bytesMax = 256 << 10

    private let free: Mutex<[Batch]>

    init() {
        var batches: [Batch] = []
        batches.reserveCapacity(Self.countMax)
        free = Mutex(batches)
    }

    /// An empty batch with one reader: the log.
    func take() -> Batch {
        let batch = free.withLock { $0.popLast() } ?? Batch(pool: self)
        batch.retain(1)
        return batch
    }

    func put(_ batch: Batch) {
        batch.records.removeAll(keepingAtMost: Self.bytesMax)
        batch.effects.removeAll(keepingAtMost: Self.bytesMax)
        batch.segment = nil
        free.withLock { if $0.count < Self.countMax { $0.append(batch) } }
    }
}
