// What the store does, as log lines for the operator.

import Base
import Store
import Synchronization

/// A recovery: progress where it takes long, what was found, and what to do where it fails.
final class RecoveryReport: Sendable {
    /// Nanoseconds between two lines of progress.
    private static let pause: UInt64 = 2_000_000_000

    private let log: LogWriter
    private let start = Clock.monotonicNanoseconds()
    private let last: Atomic<UInt64>

    init(_ log: LogWriter) {
        self.log = log
        last = Atomic(start)
    }

    func progress(_ progress: RecoveryProgress) {
        let now = Clock.monotonicNanoseconds()
        let before = last.load(ordering: .relaxed)
        guard now &- before >= Self.pause,
            last.compareExchange(expected: before, desired: now, ordering: .relaxed).exchanged
        else { return }
        let seconds = (now - start) / 1_000_000_000
        switch progress {
        case .snapshot(let done, let all):
            log.info(
                "recovering from the snapshot",
                ["percent": all > 0 ? done * 100 / all : 0, "seconds": seconds])
        case .log(let records, let lsn):
            log.info(
                "recovering from the log", ["records": records, "lsn": lsn, "seconds": seconds])
        }
    }

    func end(_ recovered: Recovered) {
        for failure in recovered.passedOver {
            log.error("a snapshot was passed over", ["why": "\(failure)"])
        }
        if let cut = recovered.end.cut {
            log.warning(
                "a torn end of the log was cut off",
                ["file": cut.file, "offset": cut.offset, "bytes": cut.bytes])
        }
        log.info(
            "recovered",
            [
                "snapshot": recovered.snapshot?.number ?? 0, "records": recovered.end.records,
                "lsn": recovered.end.lastLSN, "messages": recovered.end.lastMark,
                "milliseconds": (Clock.monotonicNanoseconds() - start) / 1_000_000,
            ])
    }

    /// What helps, behind the sentence that says what is wrong.
    static func advice(_ failure: StoreFailure, _ path: String) -> String {
        switch failure {
        case .damaged, .missing, .unreadable, .foreign:
            "; nothing was changed: keep a copy of \(path), and start from a backup of it"
        case .futureVersion: "; start the version that wrote it, or a later one"
        case .locked, .unwritable, .system, .recordTooLarge, .storageUnavailable: ""
        }
    }
}

/// What upkeep did.
struct UpkeepReport: Sendable {
    private let log: LogWriter

    init(_ log: LogWriter) { self.log = log }

    func event(_ event: UpkeepEvent) {
        switch event {
        case .memoryFull(let resident):
            log.error(
                "the memory limit is reached: what needs more is refused", ["bytes": resident])
        case .memoryFreed(let resident):
            log.info("there is memory again", ["bytes": resident])
        case .dropped(let messages, let forMemory):
            log.info("messages were dropped", ["messages": messages, "for_memory": forMemory])
        }
    }
}

/// Snapshots that were taken or failed.
struct SnapshotReport: Sendable {
    private let log: LogWriter

    init(_ log: LogWriter) { self.log = log }

    func event(_ event: SnapshotEvent) {
        switch event {
        case .written(let summary, let milliseconds):
            log.info(
                "snapshot",
                [
                    "number": summary.number, "bytes": summary.bytes, "lsn": summary.highest,
                    "milliseconds": milliseconds,
                ])
        case .failed(let failure):
            log.error("a snapshot failed", ["why": "\(failure)"])
        case .pruningFailed(let error):
            log.warning("old snapshots could not be removed", ["why": "\(error)"])
        }
    }
}
