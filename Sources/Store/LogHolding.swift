// How long effects are held: what the disk keeps waiting for five seconds is taken out of the
// batches by whoever asks with the ticks of its clock, so that somebody can be told. The records
// stay, and so does what else rides with them: only who waited no longer does.
//
//     gathered ─► sealed ─► writing ─► written ─► syncing ─► released
//        └───────── older than `holdNanoseconds`: `take` ──────┘
//
// While nothing is amiss, all of these are empty or young, and a tick is one short lock.

package import Base

extension LogState {
    /// Calls `take` once for the effects of each batch that will be held too long before the next
    /// tick, and notes the time. True when that shows that the disk hangs, for the first time.
    mutating func expire(
        at moment: UInt64, next interval: UInt64, _ take: (inout ByteBuffer) -> Void
    ) -> Bool {
        // What is gathered gets its time here when no writer comes for it. The last tick's time is
        // not later than that.
        var isLate = false
        let isStuck = writing.map { moment &- $0.time > 2 * interval } ?? false
        if hasFailed || isStuck, hasGatheredRecords || !effects.isEmpty { sealed.append(seal()) }
        now = max(now, moment)
        let next = now &+ interval
        for batch in sealed where expire(batch, at: next, take) { isLate = true }
        if let writing, expire(writing, at: next, take) { isLate = true }
        for batch in written where expire(batch, at: next, take) { isLate = true }
        for batch in syncing where expire(batch, at: next, take) { isLate = true }
        if hasFailed {
            dropSpent()
        } else if isLate, hangingSince == nil {
            hangingSince = moment
            statistics.outages += 1
            return true
        }
        return false
    }

    /// Whether the batch is held for too long.
    private func expire(
        _ batch: Batch, at moment: UInt64, _ take: (inout ByteBuffer) -> Void
    ) -> Bool {
        guard batch.time < .max - Log.holdNanoseconds,
            batch.time + Log.holdNanoseconds <= moment
        else { return false }
        batch.time = .max
        take(&batch.effects)
        return true
    }

    /// The disk has answered. How long it had been hanging at that, since that was noticed; nil
    /// when it had not.
    mutating func endHanging(at moment: UInt64) -> UInt64? {
        guard let since = hangingSince else { return nil }
        hangingSince = nil
        let milliseconds = (max(moment, since) - since + Log.holdNanoseconds) / 1_000_000
        statistics.outageMilliseconds += milliseconds
        return milliseconds
    }

    /// An outage may be long, and clients try again: batches with nothing left in them go.
    private mutating func dropSpent() {
        sealed.removeAll { batch in
            if batch.hasRecords || !batch.effects.isEmpty { return false }
            batch.release()
            return true
        }
    }
}

extension Log {
    /// The most that an effect is held back by a disk that fails or hangs (SPEC 8).
    package static let holdNanoseconds: UInt64 = 5_000_000_000

    /// To be called every `interval` nanoseconds, by one thread or many: `take` gets the effects of
    /// every batch that would be held too long before the next call, once each. It takes out what
    /// somebody waits for; it is called under the log's lock and touches bytes only.
    package func expire(
        at moment: UInt64, next interval: UInt64, _ take: (inout ByteBuffer) -> Void
    ) {
        if monitor.withLock({ $0.expire(at: moment, next: interval, take) }) { report(.hanging) }
    }
}
