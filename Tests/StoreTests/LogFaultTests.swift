// The log on a bad disk: power cuts at any moment, calls that fail, space that runs out and comes
// back. What was released under `always` is never missing, and nothing is invented.

import Base
import SimulatedDisk
import Store
import Synchronization
import TestSupport
import Testing

@Suite struct LogFaultTests {
    /// One life with faults, cut short: what was released, and all that was appended.
    struct Life {
        var appended: [LSN: [UInt8]] = [:]
        var released: LSN = 0
    }

    static func live(
        _ disk: MemoryDisk, _ policy: FsyncPolicy, _ random: inout SeededRandom,
        fault: Bool
    ) throws -> (Life, MemoryDisk) {
        let ledger = Ledger()
        let (log, read) = try LogBench.open(disk, policy: policy, ledger)
        var life = Life(appended: read.records, released: read.end.lastLSN)
        if fault {
            let from = disk.with { $0.calls } + Int.random(in: 1..<60, using: &random)
            let count = Int.random(in: 1..<3, using: &random)
            disk.with { state in
                state.random = SeededRandom(seed: UInt64(from))
                state.fault = { _, call in (from..<from + count).contains(call) ? 5 : nil }
            }
        }
        let steps = Int.random(in: 1..<60, using: &random)
        let cutAt = Int.random(in: 0..<steps, using: &random)
        var image: MemoryDisk?
        for step in 0..<steps {
            let size = Int.random(in: 0..<5, using: &random) == 0 ? 30_000 : 60
            let payload = LogBench.payload(random.next(), size)
            do throws(StoreFailure) {
                let lsn = try LogBench.append(log, payload)
                life.appended[lsn] = [7] + payload
            } catch { #expect(error == .storageUnavailable) }
            if Int.random(in: 0..<3, using: &random) > 0 { log.commit() }
            if !fault, Int.random(in: 0..<6, using: &random) == 0 {
                log.commit()
                ledger.wait(for: log.appended)
            }
            if step == cutAt {
                life.released = max(life.released, ledger.last)
                image = disk.afterPowerCut(
                    keep: Int.random(in: 0...100, using: &random), &random)
            }
        }
        log.close()
        return (life, try #require(image))
    }

    @Test(arguments: [false, true])
    func whatWasReleasedSurvivesPowerCuts(fault: Bool) throws {
        var random = Seed.random("power cuts")
        for _ in 0..<(fault ? 100 : 300) {
            var disk = MemoryDisk()
            disk.with { $0.capacity = 70 << 20 }
            for _ in 0..<3 {
                let (life, image) = try Self.live(disk, .always, &random, fault: fault)
                let read = try LogBench.read(image)
                #expect(read.end.lastLSN >= life.released)
                #expect(read.records.count == Int(read.end.lastLSN))
                for (lsn, bytes) in read.records { #expect(life.appended[lsn] == bytes) }
                disk = image
            }
        }
    }

    @Test func whatIsWrittenSurvivesTheProcess() throws {
        var random = Seed.random("kill")
        for policy in LogTests.policies {
            let disk = MemoryDisk()
            let ledger = Ledger()
            let (log, _) = try LogBench.open(disk, policy: policy, ledger)
            for _ in 0..<300 {
                let lsn = try LogBench.append(log, LogBench.payload(random.next(), 90))
                log.commit()
                if policy == .always { ledger.wait(for: lsn) }
                #expect(log.released == lsn)
            }
            #expect(try LogBench.read(disk.copy()).end.lastLSN == 300)
            log.close()
        }
    }

    /// Whichever call fails, once: everything that was admitted is released in the end and is
    /// there.
    @Test(arguments: LogTests.policies)
    func theLogComesBackAfterAnyCallThatFails(_ policy: FsyncPolicy) throws {
        for call in 1...24 {
            let disk = MemoryDisk()
            let ledger = Ledger()
            let (log, _) = try LogBench.open(disk, policy: policy, ledger)
            let before = disk.with { $0.calls }
            disk.with { state in state.fault = { _, number in number == before + call ? 5 : nil } }
            var expected: [LSN: [UInt8]] = [:]
            for index in 0..<12 {
                let payload = LogBench.payload(UInt64(index), 64)
                do throws(StoreFailure) {
                    let lsn = try LogBench.append(log, payload)
                    expected[lsn] = [7] + payload
                } catch { #expect(error == .storageUnavailable) }
                log.commit()
            }
            ledger.wait(for: log.appended)
            #expect(log.released == LSN(expected.count))
            var random = SeededRandom(seed: UInt64(call))
            if policy == .always {
                let image = disk.afterPowerCut(keep: 0, &random)
                #expect(try LogBench.read(image).records == expected)
            }
            log.close()
            #expect(try LogBench.read(disk.copy()).records == expected)
            #expect(ledger.overlaps.load(ordering: .relaxed) == 0)
        }
    }

    @Test func aFullDiskIsKnownBeforeAndServiceResumes() throws {
        let disk = MemoryDisk()
        disk.with { $0.capacity = 3 << 20 }
        let ledger = Ledger()
        let (log, _) = try LogBench.open(disk, policy: .always, ledger)
        let payload = LogBench.payload(1, 10_000)
        var count = 0
        var refusal: StoreFailure?
        while refusal == nil, count < 1000 {
            do throws(StoreFailure) {
                try LogBench.append(log, payload)
                count += 1
            } catch { refusal = error }
            log.commit()
        }
        #expect(refusal == .storageUnavailable)
        #expect(count > 100 && count < 1000)
        ledger.wait(for: LSN(count))
        #expect(log.statistics.failures == 0)
        #expect(log.statistics.isUnavailable)
        disk.with { $0.capacity = 100 << 20 }
        // The log's thread tries again after a pause; admission says when it has succeeded.
        var isBack = false
        while !isBack {
            do throws(StoreFailure) {
                try LogBench.append(log, payload)
                isBack = true
            } catch { #expect(error == .storageUnavailable) }
        }
        log.close()
        #expect(ledger.last == LSN(count + 1))
        #expect(try LogBench.read(disk).records.count == count + 1)
    }

    @Test func aDiskThatStaysBrokenAcknowledgesNothing() throws {
        let disk = MemoryDisk()
        let ledger = Ledger()
        let (log, _) = try LogBench.open(disk, policy: .always, ledger)
        let lsn = try LogBench.append(log, [1])
        log.commit()
        ledger.wait(for: lsn)
        disk.with { state in
            state.fault = { call, _ in call == .synchronize || call == .write ? 5 : nil }
        }
        try LogBench.append(log, [2])
        log.commit()
        log.close()
        #expect(ledger.last == 1)
        #expect(log.released == 1)
        #expect(throws: StoreFailure.storageUnavailable) { try log.admit(bytes: 1) }
    }
}
