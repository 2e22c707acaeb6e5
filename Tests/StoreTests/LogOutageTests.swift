// The log in an outage: it starts without space and goes on when there is some, tells of each
// outage once, lets go of what it has held for too long, and can be closed while the disk hangs.

import Base
import SimulatedDisk
import Dispatch
import Store
import Synchronization
import TestSupport
import Testing

/// What the log has reported.
private final class Reports: Sendable {
    private let events = Mutex<[StorageEvent]>([])
    private let arrival = DispatchSemaphore(value: 0)

    func add(_ event: StorageEvent) {
        events.withLock { $0.append(event) }
        arrival.signal()
    }

    var all: [StorageEvent] { events.withLock { $0 } }

    /// Returns when so many events of this name have come.
    func wait(for count: Int, _ name: String) {
        while names.count(where: { $0 == name }) < count { arrival.wait() }
    }

    /// Their names, in order.
    var names: [String] {
        all.map { event in
            switch event {
            case .outage(.full, _): "full"
            case .outage(.failed, _): "failed"
            case .resumed: "resumed"
            case .abandoned(let records): "abandoned \(records)"
            case .leftOver: "left over"
            case .hanging: "hanging"
            }
        }
    }
}

@Suite struct LogOutageTests {
    private static func open(
        _ disk: MemoryDisk, policy: FsyncPolicy = .always, _ ledger: Ledger, _ reports: Reports
    ) throws(StoreFailure) -> Log {
        disk.with { $0.locks = [] }
        let directory = try DataDirectory(path: LogBench.path, files: disk)
        let read = try LogBench.read(directory, disk)
        return try Log(
            directory: directory, files: disk, policy: policy, end: read.end,
            report: { reports.add($0) }, release: { ledger.release($0) })
    }

    /// Appends until the log takes it, and commits.
    private static func appendAtLast(_ log: Log, _ payload: [UInt8]) -> LSN {
        while true {
            do throws(StoreFailure) {
                let lsn = try LogBench.append(log, payload)
                log.commit()
                return lsn
            } catch { #expect(error == .storageUnavailable) }
        }
    }

    /// A disk with ten records and no space, as a stop or a kill left it.
    private static func fullDisk(killed: Bool) throws -> MemoryDisk {
        var disk = MemoryDisk()
        disk.with { $0.capacity = 70 << 20 }
        let ledger = Ledger()
        let log = try open(disk, ledger, Reports())
        for index in 0..<10 { try LogBench.append(log, LogBench.payload(UInt64(index), 40)) }
        log.commit()
        ledger.wait(for: 10)
        if killed { disk = disk.copy() }
        log.close()
        // What trimming the last segment gives back is taken, too.
        disk.with { $0.capacity = $0.used - (killed ? 1 << 20 : 0) }
        return disk
    }

    @Test(arguments: [false, true])
    func startsOnAFullDisk(killed: Bool) throws {
        let disk = try Self.fullDisk(killed: killed)
        let (ledger, reports) = (Ledger(), Reports())
        let log = try Self.open(disk, ledger, reports)
        #expect(log.released == 10)
        #expect(log.statistics.isUnavailable)
        #expect(throws: StoreFailure.storageUnavailable) { try log.admit(bytes: 1) }
        log.attach { $0.append(littleEndian: UInt64(0)) }
        log.commit()
        // Killed and started once more, nothing has changed.
        #expect(try LogBench.read(disk.copy()).records.count == 10)
        disk.with { $0.capacity = 70 << 20 }
        ledger.wait(for: Self.appendAtLast(log, [1, 2, 3]))
        #expect(reports.names == ["failed", "resumed"])
        #expect(log.statistics.outages == 1)
        #expect(!log.statistics.isUnavailable)
        log.close()
        #expect(try LogBench.read(disk).records.count == 11)
        #expect(disk.segments.count <= 2, "what a kill left is gone: \(disk.segments)")
    }

    @Test func aStartWithoutSpaceCanBeStopped() throws {
        let disk = try Self.fullDisk(killed: true)
        let reports = Reports()
        let log = try Self.open(disk, Ledger(), reports)
        log.close()
        #expect(reports.names == ["failed"])
        #expect(try LogBench.read(disk).records.count == 10)
    }

    @Test func aNewDirectoryNeedsSpace() throws {
        let disk = MemoryDisk()
        disk.with { $0.capacity = 1 << 19 }
        let reports = Reports()
        #expect(throws: StoreFailure.self) { try Self.open(disk, Ledger(), reports) }
        #expect(reports.all == [])
        disk.with { $0.capacity = 70 << 20 }
        let log = try Self.open(disk, Ledger(), reports)
        try LogBench.append(log, [1])
        log.close()
        #expect(log.released == 1)
    }

    @Test func eachOutageIsToldOnce() throws {
        let disk = MemoryDisk()
        let (ledger, reports) = (Ledger(), Reports())
        let log = try Self.open(disk, ledger, reports)
        for outage in 1...3 {
            // The third attempt succeeds.
            let failures = Mutex(0)
            disk.with { state in
                state.fault = { call, _ in
                    guard call == .synchronize else { return nil }
                    return failures.withLock { count in
                        count += 1
                        return count <= 2 ? 5 : nil
                    }
                }
            }
            _ = Self.appendAtLast(log, [1])
            reports.wait(for: outage, "resumed")
            ledger.wait(for: log.appended)
        }
        log.close()
        // The log's thread may have met a fault while it made a segment ahead.
        let outages = reports.names.split(separator: "resumed").map(Array.init)
        #expect(outages.count == 3 && log.statistics.outages == 3)
        for told in outages { #expect([["full"], ["failed"], ["full", "failed"]].contains(told)) }
        #expect(log.statistics.failures + log.statistics.preparationFailures == 6)
        for case .outage(_, let cause) in reports.all { #expect(cause.number == 5) }
    }

    @Test func whatWasNotStoredAtTheEndIsTold() throws {
        let disk = MemoryDisk()
        let (ledger, reports) = (Ledger(), Reports())
        let log = try Self.open(disk, ledger, reports)
        disk.with { $0.fault = { call, _ in call == .synchronize ? 5 : nil } }
        for _ in 0..<3 { try LogBench.append(log, [1]) }
        log.commit()
        reports.wait(for: 1, "failed")
        log.close()
        #expect(reports.names.filter { $0 != "full" } == ["failed", "abandoned 3"])
        #expect(ledger.last == 0)
    }

    /// What the kernel shows after a sync that failed need not be on disk, though a later sync
    /// succeeds: the next start writes it again, so that it stays when the machine is started anew.
    @Test func whatAFailedSyncLeftIsWrittenAgainByTheNextStart() throws {
        let disk = MemoryDisk()
        let (ledger, reports) = (Ledger(), Reports())
        var log = try Self.open(disk, ledger, reports)
        for _ in 0..<5 { try LogBench.append(log, [1]) }
        log.commit()
        ledger.wait(for: 5)
        let first = try #require(disk.segments.first)
        let onDisk = disk.with { $0.names[first]?.syncedBytes ?? [] }
        disk.with { $0.fault = { call, _ in call == .synchronize ? 5 : nil } }
        for _ in 0..<3 { try LogBench.append(log, LogBench.payload(1, 2_000)) }
        log.commit()
        reports.wait(for: 1, "failed")
        log.close()
        disk.with { $0.fault = nil }
        log = try Self.open(disk, Ledger(), Reports())
        #expect(log.released == 8)
        try LogBench.append(log, [2])
        log.close()
        disk.set(first, onDisk)
        #expect(try LogBench.read(disk).records.count == 9)
    }

    /// Two calls fail, wherever they stand: in the write, in the sync, in the preparing of a
    /// segment, in bringing the log back.
    @Test(arguments: LogTests.policies)
    func theLogComesBackAfterTwoFaults(_ policy: FsyncPolicy) throws {
        var random = Seed.random("two faults")
        for _ in 0..<20 {
            let disk = MemoryDisk()
            let ledger = Ledger()
            let log = try Self.open(disk, policy: policy, ledger, Reports())
            let first = disk.with { $0.calls } + Int.random(in: 1...14, using: &random)
            let faulty: Set = [first, first + Int.random(in: 1...8, using: &random)]
            disk.with { state in state.fault = { _, call in faulty.contains(call) ? 28 : nil } }
            var expected: [LSN: [UInt8]] = [:]
            for index in 0..<8 {
                let payload = LogBench.payload(UInt64(index), 64)
                expected[Self.appendAtLast(log, payload)] = [7] + payload
            }
            ledger.wait(for: log.appended)
            disk.with { $0.fault = nil }
            log.close()
            #expect(try LogBench.read(disk.copy()).records == expected)
            #expect(ledger.overlaps.load(ordering: .relaxed) == 0)
        }
    }

    /// A record that was admitted for the next segment is appended after the failure that took that
    /// segment away.
    @Test func anAdmittedRecordHasItsPlaceAfterAFailure() throws {
        let disk = MemoryDisk()
        disk.with { $0.capacity = 70 << 20 }
        let (ledger, reports) = (Ledger(), Reports())
        let log = try Self.open(disk, ledger, reports)
        let large = LogBench.payload(1, 900_000)
        try LogBench.append(log, LogBench.payload(2, 200_000))
        log.commit()
        ledger.wait(for: 1)
        try log.admit(bytes: 1)
        // It does not fit into the first segment.
        while true {
            do throws(StoreFailure) {
                try log.admit(bytes: large.count)
                break
            } catch { #expect(error == .storageUnavailable) }
        }
        let attempt = DispatchSemaphore(value: 0)
        let hasFailed = Atomic(false)
        let changes = Atomic(0)
        disk.with { state in
            state.fault = { call, _ in
                if call == .synchronize { hasFailed.store(true, ordering: .relaxed) }
                // First the segment ahead is taken away, then another one is to be made.
                if call == .directory, hasFailed.load(ordering: .relaxed),
                    changes.add(1, ordering: .relaxed).newValue == 2
                {
                    attempt.signal()
                }
                return call == .synchronize || call == .directory ? 5 : nil
            }
        }
        log.append(kind: 7, admitted: 1) { _, bytes, _, _ in bytes.append(1) }
        log.commit()
        attempt.wait()
        log.append(kind: 7, admitted: large.count) { _, bytes, _, _ in bytes.append(large.span) }
        log.commit()
        disk.with { $0.fault = nil }
        ledger.wait(for: 3)
        log.close()
        #expect(try LogBench.read(disk).records[3] == [7] + large)
    }

    // MARK: what waits too long

    private static let second: UInt64 = 1_000_000_000
    private static let tick: UInt64 = 125_000_000

    @Test func whatIsHeldForFiveSecondsIsTakenOnce() throws {
        let disk = MemoryDisk()
        let released = Mutex<[Int]>([])
        let ledger = Ledger { batch in
            let count = batch.effects.count
            released.withLock { $0.append(count) }
        }
        let reports = Reports()
        let log = try Self.open(disk, ledger, reports)
        disk.with { $0.fault = { call, _ in call == .synchronize ? 5 : nil } }
        let start = 100 * Self.second
        var taken: [Int] = []
        func tick(at moment: UInt64) {
            log.expire(at: moment, next: Self.tick) { effects in
                taken.append(effects.count)
                effects.truncate(to: 0)
            }
        }
        tick(at: start)
        try LogBench.append(log, [1])
        log.commit()
        reports.wait(for: 1, "failed")
        // Gathered while the disk fails: an answer without a record.
        tick(at: start + Self.second)
        log.attach { $0.append([1, 2, 3].span) }
        tick(at: start + Self.second + Self.tick)
        tick(at: start + 5 * Self.second - 2 * Self.tick)
        #expect(taken == [])
        tick(at: start + 5 * Self.second - Self.tick)
        #expect(taken == [8])
        tick(at: start + 6 * Self.second)
        tick(at: start + 60 * Self.second)
        #expect(taken == [8, 3])
        disk.with { $0.fault = nil }
        ledger.wait(for: 1)
        ledger.wait(for: Self.appendAtLast(log, [2]))
        log.close()
        // The record was released without what was taken; the next one is whole.
        #expect(released.withLock { $0.filter { $0 > 0 } } == [8])
        #expect(try LogBench.read(disk).records.count == 2)
    }

    @Test func nothingIsTakenFromAHealthyLog() throws {
        let disk = MemoryDisk()
        let ledger = Ledger()
        let log = try Self.open(disk, ledger, Reports())
        for round in 1...20 {
            try LogBench.append(log, [1])
            log.commit()
            ledger.wait(for: LSN(round))
            log.expire(at: UInt64(round) * 10 * Self.second, next: Self.tick) { _ in
                Issue.record("taken from a healthy log")
            }
        }
        log.close()
    }

    @Test func aDiskThatHangsHoldsUpNeitherAnswersNorTheEnd() throws {
        let disk = MemoryDisk()
        let (ledger, reports) = (Ledger(), Reports())
        let log = try Self.open(disk, ledger, reports)
        try LogBench.append(log, [1])
        log.commit()
        ledger.wait(for: 1)
        let (hangs, goesOn) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
        disk.with { state in
            state.fault = { call, _ in
                guard call == .synchronize else { return nil }
                hangs.signal()
                goesOn.wait()
                return nil
            }
        }
        log.expire(at: 100 * Self.second, next: Self.tick) { _ in }
        try LogBench.append(log, [2])
        log.commit()
        hangs.wait()
        var taken = 0
        log.expire(at: 106 * Self.second, next: Self.tick) { effects in
            taken += effects.count
            effects.truncate(to: 0)
        }
        #expect(taken == 8)
        #expect(reports.names == ["hanging"])
        let now = Clock.monotonicNanoseconds()
        #expect(!log.close(by: now + 10_000_000))
        #expect(log.released == 1)
        // The thread ends when the disk does not hang any more.
        for _ in 0..<10 { goesOn.signal() }
        ledger.wait(for: 2)
        #expect(reports.names == ["hanging", "resumed"])
    }
}
