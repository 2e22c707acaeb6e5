// After a failed write or sync. What the failed file holds behind the last durable record is open,
// and asking the disk again would not tell (a second fdatasync succeeds without having written).
// So it is never written or synced again: everything behind the last durable record goes into a
// new segment, first, whose header fences the old file off; when that is on disk, the effects that
// waited go out.
//
//     old    │ … durable │ open, never read again │
//     new    │ header: first = durable + 1 │ the same records │ what was gathered meanwhile …
//
// While the disk stays broken this is tried again after pauses; nothing is admitted or acknowledged
// meanwhile, and no state is undone. A start makes its first segment in the same way.

import Base

extension LogWorker {
    private struct Plan {
        let number: UInt64
        let predecessor: UInt64
        let durable: LSN
        /// What the segment has to hold.
        let bytes: Int
        let discarded: Segment?
    }

    /// The first segment since the start. Where none can be made now, a directory that is
    /// established is served without: nothing is admitted until there is one.
    func begin(_ opening: LogOpening) throws(StoreFailure) {
        try opening.settle { noteLeftOver($0) }
        try opening.copyUnproven(to: &syncing)
        if reestablish() { return }
        guard let cause = log.monitor.withLock({ $0.cause }) else { return }
        if !log.directory.isEstablished { throw .system(cause) }
        beginOutage(.failed, cause)
    }

    /// Re-establishes the log; the thread has the writer's role, and gives it up here. False when
    /// the log is closing and the disk does not come back, or who runs this has to try again.
    @discardableResult
    func recover() -> Bool {
        if let cause = log.monitor.withLock({ $0.cause }) { beginOutage(.failed, cause) }
        while !reestablish() {
            let deadline = Clock.monotonicNanoseconds() &+ Self.pauseNanoseconds
            let isOver: Bool = log.monitor.attempt(on: .work) { state in
                if state.isClosing {
                    state.isAbandoned = true
                    return .done(true)
                }
                if !pauses {
                    // The role goes back: the next call tries again.
                    state.writer = .none
                    return .done(true)
                }
                let now = Clock.monotonicNanoseconds()
                return now >= deadline ? .done(false) : .wait(until: deadline)
            }
            if isOver { return false }
        }
        endOutage()
        deliverAll()
        if let batch = log.monitor.withLock({ $0.continueWriting() }) { log.writeAll(batch) }
        log.monitor.signal(.space)
        return true
    }

    private func reestablish() -> Bool {
        let plan = log.monitor.withLock { takeOver(&$0) }
        if let discarded = plan.discarded { remove([discarded.number]) }
        let segment: Segment
        do throws(SystemError) {
            let free = try log.files.freeBytes(in: log.directory.path)
            let unit = Format.segmentBytesMin
            let needed = (plan.bytes + unit - 1) / unit * unit
            segment = try Segment.prepare(
                number: plan.number, size: max(Format.segmentBytes(free: free), needed),
                log.directory, log.files)
        } catch {
            log.monitor.withLock { $0.fail(error) }
            return false
        }
        do throws(SystemError) {
            // The header comes last: until it is there the old file counts, and with it what has to
            // be written again, which may well be on disk and acknowledged.
            try segment.writeBehindHeader(syncing)
            try segment.file.synchronize()
            try segment.writeHeader(
                SegmentHeader(
                    number: plan.number, predecessor: plan.predecessor,
                    firstLSN: plan.durable + 1, durable: plan.durable), log.directory,
                records: syncing.count)
            try segment.file.synchronize()
            try log.directory.establish(log.files)
        } catch {
            remove([plan.number])
            log.monitor.withLock { $0.fail(error) }
            return false
        }
        syncing.removeAll(keepingAtMost: Self.unsyncedBytesKept)
        let superfluous = log.monitor.withLock { state in
            swap(&delivering, &state.syncing)
            return Self.install(segment, plan, &state)
        }
        remove(superfluous)
        return true
    }

    /// Collects everything that has to be written again.
    private func takeOver(_ state: inout LogState) -> Plan {
        Frame.copy(state.unsynced, from: 0, to: &syncing)
        state.unsynced.removeAll(keepingAtMost: Self.unsyncedBytesKept)
        state.syncing.append(contentsOf: state.written)
        state.written.removeAll(keepingCapacity: true)
        state.dirty.removeAll(keepingCapacity: true)
        defer {
            state.next = nil
            state.nextNumber += 1
        }
        let durable = state.durable
        return Plan(
            number: state.nextNumber,
            predecessor: state.chain.last { $0.firstLSN <= durable }?.number ?? 0,
            durable: durable,
            bytes: Format.segmentHeaderBytes + syncing.count + state.gatheredBytes
                + state.reserved + 2 * Format.markBytes,
            discarded: state.next)
    }

    /// The log goes on in `segment`. Says which segments hold nothing any more.
    private static func install(
        _ segment: Segment, _ plan: Plan, _ state: inout LogState
    ) -> [UInt64] {
        let lost = state.chain.filter { $0.firstLSN > plan.durable }.map(\.number)
        let superfluous = lost + state.obsolete
        state.obsolete = []
        state.chain.removeAll { $0.firstLSN > plan.durable }
        state.chain.append(SegmentPlace(number: segment.number, firstLSN: plan.durable + 1))
        for batch in state.sealed { batch.segment = segment }
        state.target = segment
        state.free = segment.size - segment.position - Format.markBytes - state.gatheredBytes
        state.durable = state.writtenLSN
        state.marked = plan.durable
        state.hasFailed = false
        state.cause = nil
        state.hangingSince = nil
        state.hasPreparationFailed = false
        state.prepareAt = 0
        return superfluous
    }
}
