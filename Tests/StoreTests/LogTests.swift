// The log as its users see it: what is appended comes back, in order, released once and not before
// its time.

import Base
import Dispatch
import Glibc
import SimulatedDisk
import Store
import Synchronization
import Testing

@Suite struct LogTests {
    static let policies: [FsyncPolicy] = [.always, .interval(milliseconds: 5), .never]

    @Test(arguments: policies)
    func readsBackWhatWasAppended(_ policy: FsyncPolicy) throws {
        let disk = MemoryDisk()
        var expected: [LSN: [UInt8]] = [:]
        for round in 0..<4 {
            let ledger = Ledger()
            let (log, read) = try LogBench.open(disk, policy: policy, ledger)
            #expect(read.records == expected)
            #expect(read.end.cut == nil)
            for index in 0..<50 {
                let payload = LogBench.payload(UInt64(round * 100 + index), index * 7)
                let lsn = try LogBench.append(log, payload)
                expected[lsn] = [7] + payload
                if index % 9 == 0 { log.commit() }
            }
            log.close()
            #expect(log.released == LSN(50 * (round + 1)))
            #expect(log.releasedMark == log.released * 10)
            #expect(ledger.last == log.released)
        }
        #expect(try LogBench.read(disk).records == expected)
        #expect(try LogBench.read(disk, from: 120).records.count == 81)
    }

    @Test(arguments: policies)
    func releasesInOrderForManyThreads(_ policy: FsyncPolicy) throws {
        let disk = MemoryDisk()
        disk.with { $0.capacity = 80 << 20 }
        let ledger = Ledger()
        let (log, _) = try LogBench.open(disk, policy: policy, ledger)
        let each = 4000
        let failures = Atomic<Int>(0)
        DispatchQueue.concurrentPerform(iterations: 4) { thread in
            let payload = LogBench.payload(UInt64(thread), 100 + thread)
            for index in 0..<each {
                do throws(StoreFailure) { try LogBench.append(log, payload) } catch {
                    failures.add(1, ordering: .relaxed)
                }
                if index % 3 == 0 { log.commit() }
            }
            log.commit()
        }
        log.close()
        #expect(failures.load(ordering: .relaxed) == 0)
        #expect(ledger.overlaps.load(ordering: .relaxed) == 0)
        var next: LSN = 1
        for entry in ledger.all {
            #expect(entry.first == next)
            next = entry.last + 1
        }
        #expect(next == LSN(4 * each + 1))
        #expect(log.statistics.segments > 1)
        #expect(try LogBench.read(disk).records.count == 4 * each)
    }

    @Test func alwaysReleasesOnlyWhatIsOnDisk() throws {
        let disk = MemoryDisk()
        let early = Atomic<Int>(0)
        let ledger = Ledger { batch in
            var random = SeededRandom(seed: 3)
            let image = disk.afterPowerCut(keep: 0, &random)
            let last = (try? LogBench.read(image))?.end.lastLSN ?? 0
            if last < batch.lastLSN { early.add(1, ordering: .relaxed) }
        }
        let (log, _) = try LogBench.open(disk, policy: .always, ledger)
        for index in 0..<20 {
            let lsn = try LogBench.append(log, LogBench.payload(UInt64(index), 50))
            log.commit()
            if index % 4 == 0 { ledger.wait(for: lsn) }
        }
        log.close()
        #expect(ledger.last == 20)
        #expect(early.load(ordering: .relaxed) == 0)
    }

    @Test(arguments: policies)
    func effectsAloneComeAfterWhatWasBefore(_ policy: FsyncPolicy) throws {
        let seen = Mutex<[UInt8]>([])
        let ledger = Ledger { batch in
            let bytes = LogBench.bytes(batch.effects)
            seen.withLock { $0 += bytes }
        }
        let (log, _) = try LogBench.open(MemoryDisk(), policy: policy, ledger)
        for number in UInt8(0)..<30 {
            if number % 3 == 0 {
                log.attach { $0.append(number) }
            } else {
                try log.admit(bytes: 1)
                log.append(kind: 1, admitted: 1) { _, payload, effects, _ in
                    payload.append(number)
                    effects.append(number)
                }
            }
            if number % 4 == 1 { log.commit() }
        }
        log.close()
        #expect(seen.withLock { $0 } == Array(0..<30))
    }

    @Test func dropsSegmentsThatASnapshotCovers() throws {
        let disk = MemoryDisk()
        disk.with { $0.capacity = 80 << 20 }
        let ledger = Ledger()
        let (log, _) = try LogBench.open(disk, policy: .always, ledger)
        let payload = LogBench.payload(1, 100_000)
        for _ in 0..<60 {
            try LogBench.append(log, payload)
            log.commit()
        }
        ledger.wait(for: 60)
        let before = disk.segments.count
        log.drop(before: 41)
        log.close()
        #expect(disk.segments.count < before)
        let read = try LogBench.read(disk, from: 41)
        #expect(read.end.lastLSN == 60 && read.records.count == 20)
        #expect(throws: StoreFailure.self) { try LogBench.read(disk, from: 1) }
    }

    @Test func aRecordHasALimitAndAnAdmissionCanBeGivenBack() throws {
        let (log, _) = try LogBench.open(MemoryDisk(), policy: .never, Ledger())
        #expect(throws: StoreFailure.recordTooLarge(bytes: (1 << 20) + 1)) {
            try log.admit(bytes: (1 << 20) + 1)
        }
        for _ in 0..<1000 {
            try log.admit(bytes: 1 << 20)
            log.cancel(bytes: 1 << 20)
        }
        try LogBench.append(log, LogBench.payload(1, 1 << 20))
        log.close()
        #expect(log.released == 1)
    }

    @Test func theDirectoryHasOneUser() throws {
        let path = "/tmp/lingxi-store-\(getpid())-\(UInt64.random(in: 0...UInt64.max))"
        let files = LinuxFileSystem()
        let ledger = Ledger()
        let (log, _) = try LogBench.open(files, path: path, policy: .always, ledger)
        #expect(throws: StoreFailure.locked(directory: path)) {
            _ = try DataDirectory(path: path, files: files)
        }
        var expected: [LSN: [UInt8]] = [:]
        for index in 0..<200 {
            let payload = LogBench.payload(UInt64(index), 300)
            expected[try LogBench.append(log, payload)] = [7] + payload
            log.commit()
        }
        ledger.wait(for: 200)
        log.close()
        #expect(log.statistics.synchronizations > 0)
        let missing = "\(path)/none/deeper"
        #expect(throws: StoreFailure.self) { _ = try DataDirectory(path: missing, files: files) }
        withExtendedLifetime(log) {}
        for name in try files.names(in: path) where name != "." && name != ".." {
            #expect(name.hasSuffix(".log") || name == "lock" || name == "identity")
            try files.remove("\(path)/\(name)")
        }
        #expect(unsafe rmdir(path) == 0)
    }
}
