// Reading a log that is not as it was left: torn at every byte, flipped at every byte, files
// missing, swapped, emptied, foreign, from the future. A torn tail is cut; everything else is
// refused with its place.

import Base
import SimulatedDisk
import Store
import Testing

@Suite struct LogReaderTests {
    /// A log of commits with two records each, every one released before the next, not closed; says
    /// where in the last segment each commit ends.
    static func written(commits: Int) throws -> (disk: MemoryDisk, ends: [Int]) {
        let disk = MemoryDisk()
        disk.with { $0.capacity = 80 << 20 }
        let ledger = Ledger()
        let (log, _) = try LogBench.open(disk, policy: .always, ledger)
        var ends: [Int] = []
        for index in 0..<commits {
            try LogBench.append(log, LogBench.payload(UInt64(index), 20))
            let lsn = try LogBench.append(log, LogBench.payload(UInt64(index), 33))
            log.commit()
            ledger.wait(for: lsn)
            ends.append(filled(disk.bytes(disk.segments[0])))
        }
        let copy = disk.copy()
        log.close()
        return (copy, ends)
    }

    static func filled(_ bytes: [UInt8]) -> Int {
        (bytes.lastIndex { $0 != 0 } ?? -1) + 1
    }

    static func failure(_ disk: MemoryDisk, from lsn: LSN = 1) -> StoreFailure? {
        do throws(StoreFailure) {
            _ = try LogBench.read(disk, from: lsn)
            return nil
        } catch { return error }
    }

    @Test func aTornTailIsCutAtEveryByte() throws {
        let (disk, ends) = try Self.written(commits: 4)
        let name = disk.segments[0]
        let whole = disk.bytes(name)
        for length in ends[2]..<ends[3] {
            var torn = whole
            for index in length..<ends[3] { torn[index] = 0 }
            disk.set(name, torn)
            let read = try LogBench.read(disk)
            #expect(read.end.lastLSN == 6 || read.end.lastLSN == 7)
            #expect(read.records.count == Int(read.end.lastLSN))
            if let cut = read.end.cut { #expect(cut.offset >= ends[2] && cut.file == name) }
            // Opening behind it and reading again gives the same, and no cut any more.
            if length % 16 == 0 {
                let (log, _) = try LogBench.open(disk, policy: .always, Ledger())
                try LogBench.append(log, [1, 2, 3])
                log.close()
                let again = try LogBench.read(disk)
                #expect(again.end.lastLSN == read.end.lastLSN + 1 && again.end.cut == nil)
                for other in disk.segments where other != name { disk.set(other, nil) }
            }
        }
    }

    @Test func aFlippedBitIsNamedWithItsPlace() throws {
        let (disk, ends) = try Self.written(commits: 4)
        let name = disk.segments[0]
        let whole = disk.bytes(name)
        for index in 0..<ends[3] {
            for bit in [0, 5] {
                var flipped = whole
                flipped[index] ^= UInt8(1 << bit)
                disk.set(name, flipped)
                let failure = Self.failure(disk)
                switch failure {
                case .damaged(let file, let offset, let lsn, _):
                    #expect(file == name && offset <= index && lsn <= 6)
                    if index >= 64 { #expect(index - offset < 50) }
                case .foreign(let file, _, _), .futureVersion(let file, _, _),
                    .missing(let file, _):
                    #expect(file == name && index < 64)
                case nil:
                    // Only behind what the last mark proves.
                    #expect(index >= ends[2])
                case let other: Issue.record("\(index): \(String(describing: other))")
                }
            }
        }
    }

    /// Three starts, each with records: three segments.
    static func chain() throws -> MemoryDisk {
        let disk = MemoryDisk()
        for _ in 0..<3 {
            let (log, _) = try LogBench.open(disk, policy: .never, Ledger())
            for index in 0..<5 { try LogBench.append(log, LogBench.payload(UInt64(index), 40)) }
            log.close()
        }
        return disk
    }

    @Test func filesThatAreNotAsTheyWere() throws {
        let disk = try Self.chain()
        let names = disk.segments
        try #require(names.count == 3)
        #expect(try LogBench.read(disk).end.lastLSN == 15)
        for (index, name) in names.enumerated() {
            let bytes = disk.bytes(name)
            if index < 2 {
                disk.set(name, nil)
                #expect(Self.failure(disk) == .missing(file: name, lsn: 1))
            }
            disk.set(name, [])
            #expect(Self.failure(disk)?.isDamage(of: name) == true)
            if index < 2 {
                // Whole records gone from the end of a fenced segment.
                disk.set(name, Array(bytes[..<120]))
                #expect(Self.failure(disk)?.isDamage(of: name) == true)
                disk.set(name, bytes.map { _ in 0 })
                #expect(Self.failure(disk)?.isDamage(of: name) == true)
            }
            disk.set(
                name,
                Array("something else that is long enough to have a header....".utf8)
                    + [UInt8](repeating: 1, count: 100))
            #expect(Self.failure(disk)?.isForeign(name) == true)
            var future = bytes
            future[8] = 2
            disk.set(name, future)
            #expect(Self.failure(disk) == .futureVersion(file: name, offset: 8, version: 2))
            disk.set(name, try Self.chain().bytes(name))
            #expect(Self.failure(disk)?.isForeign(name) == true)
            disk.set(name, bytes)
            #expect(Self.failure(disk) == nil)
        }
        let (first, second) = (disk.bytes(names[0]), disk.bytes(names[1]))
        disk.set(names[0], second)
        disk.set(names[1], first)
        #expect(Self.failure(disk)?.isDamage(of: names[1]) == true)
        disk.set(names[0], first)
        disk.set(names[1], second)
        disk.set("/data/identity", nil)
        #expect(Self.failure(disk) == .missing(file: "/data/identity", lsn: 0))
    }

    @Test func aLogThatLostEverythingIsNotNew() throws {
        let disk = try Self.chain()
        for name in disk.segments { disk.set(name, nil) }
        guard case .missing = Self.failure(disk) else {
            Issue.record("an emptied log was taken for a new one")
            return
        }
    }

    @Test func startsWithoutRecordsDoNotPileUpSegments() throws {
        let disk = MemoryDisk()
        for _ in 0..<20 {
            let (log, read) = try LogBench.open(disk, policy: .always, Ledger())
            #expect(read.end.lastLSN == 0)
            log.close()
        }
        #expect(disk.segments.count <= 2)
    }
}

extension StoreFailure {
    func isDamage(of name: String) -> Bool {
        if case .damaged(name, _, _, _) = self { true } else { false }
    }
    func isForeign(_ name: String) -> Bool {
        if case .foreign(name, _, _) = self { true } else { false }
    }
}
