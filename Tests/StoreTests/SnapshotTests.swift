// Snapshots from outside: what is written while commands run is what was there, recovery finds its
// way through damaged ones, and no byte of a file can be wrong without being noticed.

import Base
import SimulatedDisk
import Store
import Synchronization
import TestSupport
import Testing

@Suite struct SnapshotTests {
    /// Users, a group and talks, with enough messages for sealed blocks, some of them packed.
    private func filled(_ random: inout SeededRandom) throws -> StoreBench {
        let bench = try StoreBench(MemoryDisk())
        try bench.commit(.adminCreated, .admins) {
            AdminCreated(createdAt: 1, name: "root", passwordHash: "x").append(to: &$0)
        }
        let users = try (0..<5).map { try bench.register("user\($0)王") }
        let group = bench.tables.reserveGroup()
        try bench.commit(.groupCreated, .group(group) + .user(users[0])) {
            GroupCreated(
                group: group, owner: users[0], createdAt: 2, membersMax: 9, name: "g群",
                notice: "n"
            ).append(to: &$0)
        }
        for user in users.dropFirst() {
            try bench.commit(.memberJoined, .group(group) + .user(user)) {
                MemberJoined(group: group, user: user, time: 3, joinedSequence: 0).append(to: &$0)
            }
        }
        let keys = [
            ConversationKey(group: group), ConversationKey(users[0], users[1]),
            ConversationKey(users[2], users[2]),
        ]
        var sequences: [ConversationKey: UInt32] = [:]
        for step in 0..<1_500 {
            let key = keys[step % keys.count]
            let sender = key.isGroup ? users[step % 5] : key.users.smaller
            let length = Int.random(in: 1...400, using: &random)
            sequences[key, default: 0] += 1
            let msgID = step % 3 == 0 ? Array("id-\(step)".utf8) : []
            try bench.send(
                sender, key, sequences[key] ?? 0, at: Int64(step) * 1_000, msgID: msgID,
                (0..<length).map { UInt8(97 + ($0 * step) % 26) })
        }
        for stripe in 0..<32 { _ = bench.tables.pack(stripe: stripe, all: true) }
        try bench.commit(.cursorMoved, .user(users[1])) {
            CursorMoved(
                user: users[1], lastSeenAt: 9, watermark: 700, merges: false, device: "d",
                exceptions: [DeviceCursor.Exception(conversation: keys[0], sequence: 3)]
            ).append(to: &$0)
        }
        return bench
    }

    private func names(_ disk: MemoryDisk, _ suffix: String) -> [String] {
        disk.with { $0.names.keys.filter { $0.hasSuffix(suffix) }.sorted() }
    }

    @Test func aSnapshotAloneGivesTheSameState() throws {
        var random = Seed.random("snapshot")
        let bench = try filled(&random)
        let before = Digest.of(bench.tables)
        let summary = try bench.snapshot(1)
        #expect(summary.lowest == bench.log.appended && summary.highest == summary.lowest)
        bench.log.close()
        let disk = bench.disk.copy()
        let again = try StoreBench(disk)
        #expect(Digest.of(again.tables) == before)
        #expect(again.recovered.snapshot == summary && again.recovered.end.records == 0)
        #expect(again.recovered.end.lastMark == 1_500)
        #expect(again.tables.user(named: "USER3王") == 4)
        again.log.close()
    }

    @Test func theLogBringsAnOlderSnapshotUpToDate() throws {
        var random = Seed.random("snapshot-log")
        let bench = try filled(&random)
        _ = try bench.snapshot(1)
        let key = ConversationKey(1, 5)
        for sequence in 1...300 as ClosedRange<UInt32> {
            try bench.send(1, key, sequence, at: 10, msgID: [], Array("later \(sequence)".utf8))
            if sequence == 150 { _ = try bench.snapshot(2) }
        }
        let digest = Digest.of(bench.tables)
        bench.log.close()
        for newest in [2, 1, 0] as [UInt64] {
            let disk = bench.disk.copy()
            for number in [1, 2] as [UInt64] where number > newest {
                let name = "/data/00000000000\(number).snapshot"
                var bytes = disk.bytes(name)
                let place = Int.random(in: 0..<bytes.count, using: &random)
                bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
                disk.set(name, bytes)
            }
            let again = try StoreBench(disk)
            #expect(Digest.of(again.tables) == digest, "newest good: \(newest)")
            #expect(again.recovered.snapshot?.number ?? 0 == newest)
            #expect(again.recovered.passedOver.count == 2 - Int(newest))
            again.log.close()
        }
    }

    @Test func everyKindOfDamageIsNoticed() throws {
        var random = Seed.random("snapshot-damage")
        let bench = try filled(&random)
        _ = try bench.snapshot(1)
        bench.log.close()
        let name = "/data/000000000001.snapshot"
        let good = bench.disk.bytes(name)
        func isNoticed(_ bytes: [UInt8], _ what: String) throws {
            let disk = bench.disk.copy()
            disk.set(name, bytes)
            disk.with { $0.locks = [] }
            let directory = try DataDirectory(path: "/data", files: disk)
            let result = Result { try Recovery(directory, disk).run() }
            switch result {
            case .success(let recovered):
                // The log still begins with its first record.
                #expect(recovered.passedOver.count == 1 && recovered.snapshot == nil, "\(what)")
            case .failure(let failure):
                // A later version's file is never passed over.
                guard case StoreFailure.futureVersion = failure else {
                    Issue.record("\(what): \(failure)")
                    return
                }
            }
        }
        for _ in 0..<300 {
            let place = Int.random(in: 0..<good.count, using: &random)
            var bytes = good
            bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
            try isNoticed(bytes, "bit at \(place)")
        }
        for length in [0, 1, 59, 60, 104, good.count / 2, good.count - 1] {
            try isNoticed(Array(good.prefix(length)), "cut to \(length)")
        }
        try isNoticed(Array(repeating: 0, count: good.count), "zeros")
        try isNoticed(good + [0], "one byte more")
        try isNoticed(bench.disk.bytes("/data/identity"), "another file")
    }

    @Test func onlyTheNewestAreKeptAndTheLogGoesWithTheOthers() throws {
        var random = Seed.random("snapshot-kept")
        let bench = try filled(&random)
        var policy = SnapshotPolicy()
        policy.kept = 2
        let snapshotter = Snapshotter(bench.writer, policy, after: bench.recovered) { _ in }
        let key = ConversationKey(1, 5)
        var taken: [SnapshotSummary] = []
        for sequence in 1...60 as ClosedRange<UInt32> {
            let content = (0..<16_000).map { _ in UInt8(truncatingIfNeeded: random.next()) }
            try bench.send(1, key, sequence, at: 10, msgID: [], content)
            if sequence % 15 == 0 { taken.append(try snapshotter.take()) }
        }
        snapshotter.stop(by: 0)
        let digest = Digest.of(bench.tables)
        bench.log.close()
        #expect(taken.map(\.number) == [1, 2, 3, 4])
        #expect(
            names(bench.disk, ".snapshot")
                == ["/data/000000000003.snapshot", "/data/000000000004.snapshot"])
        #expect(!names(bench.disk, ".log").contains("/data/000000000001.log"))
        // The newest destroyed loses nothing; both destroyed is said.
        let disk = bench.disk.copy()
        disk.set("/data/000000000004.snapshot", [1, 2, 3])
        let again = try StoreBench(disk)
        #expect(Digest.of(again.tables) == digest && again.recovered.snapshot?.number == 3)
        again.log.close()
        disk.set("/data/000000000003.snapshot", [])
        #expect(throws: StoreFailure.self) { try StoreBench(disk) }
    }

    @Test func aSnapshotNeverKnowsMoreThanTheLog() throws {
        var random = Seed.random("snapshot-sync")
        let bench = try filled(&random)
        bench.disk.with { $0.fault = { call, _ in call == .synchronize ? 5 : nil } }
        #expect(throws: SnapshotFailure.self) {
            try bench.writer.write(7, at: 0, by: 1) { _ in true }
        }
        #expect(names(bench.disk, ".snapshot").isEmpty && names(bench.disk, "shot.new").isEmpty)
        bench.disk.with { $0.fault = nil }
        bench.log.close()
    }

    @Test func aSnapshotThatIsStoppedLeavesNothing() throws {
        var random = Seed.random("snapshot-stop")
        let bench = try filled(&random)
        var pieces = 0
        #expect(throws: SnapshotFailure.stopped) {
            try bench.writer.write(7, at: 0) { _ in
                pieces += 1
                return pieces < 20
            }
        }
        #expect(names(bench.disk, ".snapshot").isEmpty && names(bench.disk, "shot.new").isEmpty)
        bench.log.close()
    }

    @Test func aCopyStaysWhileOthersAppend() throws {
        var random = Seed.random("snapshot-while")
        let bench = try filled(&random)
        // Between any two pieces of the snapshot more is written, to stripes copied and not.
        var sequence: UInt32 = 0
        let key = ConversationKey(1, 5)
        let other = ConversationKey(4, 5)
        _ = try bench.writer.write(1, at: 0) { _ in
            sequence += 1
            do {
                try bench.send(1, key, sequence, at: 20, msgID: [], Array("a\(sequence)".utf8))
                try bench.send(4, other, sequence, at: 20, msgID: [], Array("b\(sequence)".utf8))
            } catch { Issue.record("\(error)") }
            return true
        }
        let digest = Digest.of(bench.tables)
        bench.log.close()
        let again = try StoreBench(bench.disk.copy())
        #expect(Digest.of(again.tables) == digest)
        #expect(again.recovered.snapshot != nil && again.recovered.end.records > 0)
        again.log.close()
    }
}
