// What retention lets go, and what stays countable after it: by age, by number, under pressure of
// memory; the same after a restart, and packed messages are the messages that they were.

import Base
import SimulatedDisk
import Store
import TestSupport
import Testing

@Suite struct RetentionTests {
    private static let day: Int64 = 86_400_000
    private static let key = ConversationKey(1, 2)
    private static let group = ConversationKey(group: 1)

    /// Two users with a conversation and a group: message n of each was sent on day n.
    private func filled(_ count: UInt32) throws -> StoreBench {
        let bench = try StoreBench(MemoryDisk())
        for name in ["li", "bo"] { _ = try bench.register(name) }
        try bench.commit(.groupCreated, .group(1) + .user(1)) {
            GroupCreated(
                group: bench.tables.reserveGroup(), owner: 1, createdAt: 2, membersMax: 9,
                name: "g", notice: ""
            ).append(to: &$0)
        }
        for sequence in 1...count {
            for key in [Self.key, Self.group] {
                try bench.send(
                    1, key, sequence, at: Int64(sequence) * Self.day, msgID: [],
                    Array("message \(sequence) of \(key.bits)".utf8))
            }
        }
        return bench
    }

    private func sequences(_ tables: Tables, _ key: ConversationKey) -> [UInt32] {
        var reading = Reading()
        return tables.withLocked(.conversation(key), &reading) { locked in
            var all: [UInt32] = []
            locked.forEachMessage(of: key, from: 1) { message in
                let wanted = Array("message \(message.sequence) of \(key.bits)".utf8)
                #expect(message.content.indices.map { message.content[$0] } == wanted)
                all.append(message.sequence)
                return true
            }
            return all
        }
    }

    private func unread(_ tables: Tables, _ user: UInt32) -> UInt32 {
        var reading = Reading()
        return tables.withLocked(.user(user) + .conversation(Self.key), &reading) {
            $0.unread(user, in: Self.key)
        }
    }

    @Test(arguments: [false, true])
    func ageAndNumberAreHeldForEachKindApart(packed: Bool) throws {
        let bench = try filled(700)
        if packed {
            for stripe in 0..<64 { _ = bench.tables.pack(stripe: stripe, all: true) }
        }
        var policy = RetentionPolicy()
        policy.privateTalks = RetentionRule(days: 10)
        policy.groups = RetentionRule(messages: 300)
        let retention = Retention(tables: bench.tables, log: bench.log)
        let gone = retention.apply(policy, at: 700 * Self.day + 5)
        // Message 690 is ten days and a little old.
        #expect(gone == 690 + 400)
        #expect(sequences(bench.tables, Self.key) == Array(691...700))
        #expect(sequences(bench.tables, Self.group) == Array(401...700))
        #expect(retention.apply(policy, at: 700 * Self.day + 5) == 0)
        // Nobody read anything: the recipient has what is left, the sender nothing.
        #expect(unread(bench.tables, 2) == 10 && unread(bench.tables, 1) == 0)
        try bench.send(
            1, Self.key, 701, at: 701 * Self.day, msgID: [],
            Array("message 701 of \(Self.key.bits)".utf8))
        #expect(unread(bench.tables, 2) == 11 && unread(bench.tables, 1) == 0)
        let digest = Digest.of(bench.tables)
        bench.log.close()
        let again = try StoreBench(bench.disk.copy())
        #expect(Digest.of(again.tables) == digest)
        #expect(sequences(again.tables, Self.key) == Array(691...701))
        again.log.close()
    }

    @Test func everythingMayGoAndTheNumbersGoOn() throws {
        let bench = try filled(40)
        let retention = Retention(tables: bench.tables, log: bench.log)
        #expect(retention.drop(beforeID: 1_000) == 80)
        #expect(sequences(bench.tables, Self.key) == [])
        try bench.send(
            2, Self.key, 41, at: 41 * Self.day, msgID: [],
            Array("message 41 of \(Self.key.bits)".utf8))
        #expect(sequences(bench.tables, Self.key) == [41])
        #expect(unread(bench.tables, 1) == 1 && unread(bench.tables, 2) == 0)
        _ = try bench.snapshot(1)
        let digest = Digest.of(bench.tables)
        bench.log.close()
        let again = try StoreBench(bench.disk.copy())
        #expect(Digest.of(again.tables) == digest && again.recovered.snapshot?.number == 1)
        again.log.close()
    }

    @Test func whatIsReadStaysUnpackedForAWhile() throws {
        let bench = try filled(700)
        let stripe = 1
        func pass() -> Int { bench.tables.pack(stripe: stripe, all: false) }
        // A block counts as read when it is sealed, and then when somebody reads it.
        #expect(pass() == 0)
        #expect(sequences(bench.tables, Self.key) == Array(1...700))
        #expect(pass() == 0)
        let digest = Digest.of(bench.tables)
        #expect(pass() > 10_000)
        #expect(Digest.of(bench.tables) == digest)
        #expect(sequences(bench.tables, Self.key) == Array(1...700))
        bench.log.close()
    }

    @Test func aFullMemoryRefusesOrLetsTheOldestGo() throws {
        for policy in MemoryPolicy.allCases {
            let bench = try filled(100)
            var upkeepPolicy = UpkeepPolicy()
            upkeepPolicy.memoryBytes = 1
            upkeepPolicy.memoryPolicy = policy
            let upkeep = Upkeep(
                tables: bench.tables, log: bench.log, policy: upkeepPolicy, report: { _ in })
            bench.log.commit()
            upkeep.holdMemory(resident: 1 << 30)
            switch policy {
            case .refuse:
                #expect(bench.tables.isMemoryFull)
                #expect(sequences(bench.tables, Self.key).count == 100)
                upkeep.holdMemory(resident: 0)
                #expect(!bench.tables.isMemoryFull)
            case .dropOldest:
                let left = sequences(bench.tables, Self.key)
                #expect(!bench.tables.isMemoryFull && left.count < 100 && left.last == 100)
                #expect(upkeep.statistics.messagesDroppedForMemory > 0)
            }
            bench.log.close()
        }
    }
}
