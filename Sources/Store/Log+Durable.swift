// Bringing the log to disk now, whatever its policy: a snapshot may only hold what is there.

import Base

extension Log {
    /// How long a snapshot waits for the disk before it gives up.
    static let durableNanoseconds: UInt64 = 30_000_000_000

    /// Writes and syncs every record up to `lsn`; false when that does not come about in half a
    /// minute (or by `end` of the monotonic clock), or the log is closing.
    package func makeDurable(_ lsn: LSN, by end: UInt64 = .max) -> Bool {
        commit()
        let deadline = min(end, Clock.monotonicNanoseconds() &+ Self.durableNanoseconds)
        monitor.withLock { state in
            state.syncWanted = max(state.syncWanted, lsn)
            state.waiting += 1
        }
        monitor.signal(.work)
        caller?.runOnce(at: 0)
        defer { monitor.withLock { $0.waiting -= 1 } }
        return monitor.attempt(on: .space) { state in
            if state.durable >= lsn { return .done(true) }
            if state.isClosing || state.isAbandoned || caller != nil { return .done(false) }
            return Clock.monotonicNanoseconds() < deadline
                ? .wait(until: deadline) : .done(false)
        }
    }
}
