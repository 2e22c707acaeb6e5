// Writing. At most one thread has the writer's role at a time: a committer, or the log's own thread
// when it re-establishes a log that failed. Only the role's holder touches `position` of a segment,
// and (except with `always`) only it releases.
//
//     none ──commit──► committer ──nothing left──► none ──failed──► worker ──re-established──► none

import Base

extension Log {
    /// Writes `first` and all that was gathered since; the caller has the role and gives it up
    /// here.
    func writeAll(_ first: Batch) {
        var current: Batch? = first
        while let batch = current {
            let failure = write(batch)
            let (isDue, wake) = monitor.withLock { $0.settle(batch, failure) }
            if wake { monitor.signal(.work) }
            if isDue { deliver(batch) }
            current = monitor.withLock { state in
                let next = state.continueWriting()
                if next == nil, state.hasFailed || state.isClosing { monitor.signal(.work) }
                return next
            }
        }
    }

    /// Why it could not be written; nil when it was.
    private func write(_ batch: Batch) -> SystemError? {
        guard batch.hasRecords, let segment = batch.segment else { return nil }
        do throws(SystemError) {
            if !segment.isActive {
                let header = monitor.withLock { $0.header(of: segment, first: batch.firstLSN) }
                try segment.writeHeader(header, directory)
            }
            try segment.write(batch.records, from: batch.recordsStart)
            return nil
        } catch {
            return error
        }
    }
}
