// What an operator has to know of the disk: the log says each once, from its own thread, and leaves
// the words to whoever it was told to tell.
//
//     outage(full) ──► outage(failed) ──► resumed        one outage: at most one line for each
//     hanging ──► resumed                                no call fails, and none returns
//
// An outage ends when a segment can be written to and another one is ready behind it.

package import Base

package enum StorageEvent: Sendable, Equatable {
    package enum Kind: Sendable, Equatable {
        /// No segment can be made ahead: what is at hand is used up, then nothing is admitted.
        case full
        /// A write or a sync failed, or a start found no place: nothing is admitted.
        case failed
    }
    /// Begins, or becomes worse; this call failed.
    case outage(Kind, SystemError)
    /// Nothing has failed, and something was held for too long.
    case hanging
    /// Everything that waited is stored. `refusals`: records that were not admitted meanwhile.
    case resumed(milliseconds: UInt64, refusals: UInt64)
    /// The log was closed in an outage: so many records were never stored, their fate is open.
    case abandoned(records: UInt64)
    /// Space cannot be given back; told once until it succeeds again.
    case leftOver(SystemError)
}

/// Where an outage stands, and what is to be told of it. Belongs to the log's thread.
struct Outage {
    private var kind: StorageEvent.Kind?
    private var beganAt: UInt64 = 0
    private var refusalsBefore: UInt64 = 0

    var isRunning: Bool { kind != nil }

    /// What to tell of a failure; nil when it has been told.
    mutating func begin(
        _ new: StorageEvent.Kind, _ cause: SystemError, at now: UInt64,
        _ statistics: inout LogStatistics
    ) -> StorageEvent? {
        if kind == nil {
            beganAt = now
            refusalsBefore = statistics.refusals
            statistics.outages += 1
        }
        if kind == new || kind == .failed { return nil }
        kind = new
        return .outage(new, cause)
    }

    /// What to tell of its end; nil when there was none.
    mutating func end(at now: UInt64, _ statistics: inout LogStatistics) -> StorageEvent? {
        guard kind != nil else { return nil }
        kind = nil
        let milliseconds = (now &- beganAt) / 1_000_000
        statistics.outageMilliseconds += milliseconds
        return .resumed(
            milliseconds: milliseconds, refusals: statistics.refusals - refusalsBefore)
    }
}
