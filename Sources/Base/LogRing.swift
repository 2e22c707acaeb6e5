// The bounded space between those who log and the thread that writes.
//
//     caller ──► filling │ lines, at most `bytesMax` │ ──swap──► batch of the writer ──► descriptor
//
// The lock is held for a copy or a swap, never across a write, so a descriptor that blocks holds up
// the writer thread alone. A line that does not fit is dropped and counted; the writer reports the
// count behind the batch after which lines were lost. Invariant: written <= taken <= added, all in
// lines, and `flush` waits for `written` to reach what `added` was.

import CLinux
import Glibc

/// Shared by a `LogWriter` and its thread; the condition variables need one fixed address.
/// Unchecked: every field is read and changed only between `lock` and `unlock`.
@safe final class LogRing: @unchecked Sendable {
    private let bytesMax: Int
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    /// Signalled when there is something to write, or the end.
    private let filled = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    /// Signalled when the writer has finished a batch.
    private let emptied = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)

    private var filling = ByteBuffer()
    private var dropped: UInt64 = 0
    /// Lost in a write that failed; told with the next lines, not at once, for the next write may
    /// fail as well.
    private var failed: UInt64 = 0
    private var lostInAll: UInt64 = 0
    private var added: UInt64 = 0
    private var taken: UInt64 = 0
    private var written: UInt64 = 0
    private var writerWaits = false
    private var ended = false

    init(bytesMax: Int) {
        self.bytesMax = bytesMax
        let mutexMade = unsafe pthread_mutex_init(mutex, nil)
        precondition(mutexMade == 0, "no memory for a lock")
        unsafe Self.prepare(filled)
        unsafe Self.prepare(emptied)
    }

    /// Time-outs are measured by the clock that never goes back.
    private static func prepare(_ condition: UnsafeMutablePointer<pthread_cond_t>) {
        var attributes = pthread_condattr_t()
        unsafe pthread_condattr_init(&attributes)
        unsafe pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        let made = unsafe pthread_cond_init(condition, &attributes)
        precondition(made == 0, "no memory for a condition")
        unsafe pthread_condattr_destroy(&attributes)
    }

    deinit {
        unsafe pthread_cond_destroy(filled)
        unsafe pthread_cond_destroy(emptied)
        unsafe pthread_mutex_destroy(mutex)
        unsafe filled.deallocate()
        unsafe emptied.deallocate()
        unsafe mutex.deallocate()
    }

    private func lock() { unsafe _ = pthread_mutex_lock(mutex) }
    private func unlock() { unsafe _ = pthread_mutex_unlock(mutex) }

    /// Lines lost since the start, for want of room or in a write that failed.
    var lostCount: UInt64 {
        lock()
        defer { unlock() }
        return lostInAll
    }

    // MARK: For callers

    func add(_ line: Span<UInt8>) {
        lock()
        defer { unlock() }
        // Once a line was dropped, later and shorter ones wait for the report too: the log stays
        // a beginning without holes followed by the number of lines that are missing.
        guard dropped == 0, filling.count + line.count <= bytesMax else {
            dropped += 1
            lostInAll += 1
            return
        }
        filling.append(line)
        added += 1
        if writerWaits { unsafe _ = pthread_cond_signal(filled) }
    }

    /// Waits until all that was added before is written, at most `milliseconds`.
    /// - Returns: false when the time was over first.
    func flush(milliseconds: Int) -> Bool {
        lock()
        defer { unlock() }
        let target = added
        let end = Clock.monotonicNanoseconds() + UInt64(max(milliseconds, 0)) * 1_000_000
        var moment = timespec()
        moment.tv_sec = Int(end / 1_000_000_000)
        moment.tv_nsec = Int(end % 1_000_000_000)
        while written < target || dropped > 0 {
            let result = unsafe pthread_cond_timedwait(emptied, mutex, &moment)
            if result != 0 { return written >= target && dropped == 0 }
        }
        return true
    }

    /// Lets the writer end once everything is written.
    func end() {
        lock()
        defer { unlock() }
        ended = true
        unsafe _ = pthread_cond_signal(filled)
    }

    // MARK: For the writer

    /// Waits for lines and swaps them into `batch`, which must be empty.
    /// - Returns: how many lines were lost since the last batch; nil at the end.
    func take(_ batch: inout ByteBuffer) -> UInt64? {
        lock()
        defer { unlock() }
        while filling.isEmpty && dropped == 0 {
            if ended { return nil }
            writerWaits = true
            unsafe _ = pthread_cond_wait(filled, mutex)
            writerWaits = false
        }
        swap(&filling, &batch)
        taken = added
        let lost = dropped + failed
        dropped = 0
        failed = 0
        return lost
    }

    /// Says that the batch last taken has been written (or has failed, with `lost` lines).
    func finishBatch(lost: UInt64) {
        lock()
        defer { unlock() }
        written = taken
        lostInAll += lost
        failed += lost
        unsafe _ = pthread_cond_broadcast(emptied)
    }
}
