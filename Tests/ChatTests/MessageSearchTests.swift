// A search beside a look at everything that was ever said: the same messages, newest first, page by
// page, wherever they are.

import Base
import Chat
import Hub
import Store
import TestSupport
import Testing

@Suite struct MessageSearchTests {
    private struct Said {
        let id: UInt64
        let key: ConversationKey
        let text: String
    }

    private func page(
        _ bench: ChatBench, _ user: UInt32, _ keyword: String, in key: ConversationKey? = nil,
        before: UInt64 = 0, limit: Int
    ) -> (ids: [UInt64], hasMore: Bool) {
        let search = MessageSearch(
            bench.chat, for: user, keyword: keyword, in: key, beforeID: before, limit: limit)
        while !search.advance() {}
        var ids: [UInt64] = []
        search.forEachFound { ids.append($0.message.id) }
        return (ids, search.hasMore)
    }

    /// Sends at random; returns all of it, oldest first.
    private func talk(
        _ bench: ChatBench, _ users: [UInt32], _ groups: [UInt32], _ random: inout SeededRandom
    ) throws -> [Said] {
        var said: [Said] = []
        for number in 0..<3_000 {
            let sender = users[Int.random(in: 0..<users.count, using: &random)]
            let key: ConversationKey
            let target: MessageTarget
            if Bool.random(using: &random) {
                let group = groups[Int.random(in: 0..<groups.count, using: &random)]
                (key, target) = (ConversationKey(group: group), .group(group))
            } else {
                let peer = users[Int.random(in: 0..<users.count, using: &random)]
                (key, target) = (ConversationKey(sender, peer), .user(peer))
            }
            let words = ["apfel", "Birne", "苹果", "ГРУША", "pear"]
            let word = words[Int.random(in: 0..<words.count, using: &random)]
            let length = number % 100 == 0 ? 12_000 : 20
            let text = String(repeating: "x", count: length) + word + "\(number)"
            do { try bench.send(from: sender, to: target, Array(text.utf8)) } catch is Failure {
                continue
            }
            bench.chat.log.commit()
            said.append(Said(id: bench.chat.log.releasedMark, key: key, text: text.lowercased()))
        }
        return said
    }

    @Test func findsWhatALookAtEverythingFinds() throws {
        var random = Seed.random("message-search")
        let bench = try ChatBench()
        let users = try ["li", "bo", "王", "ann"].map { try bench.register($0) }
        var reading = Reading()
        for owner in users {
            try bench.chat.createGroup(
                name: "g", notice: nil, membersMax: nil, by: owner, at: bench.time,
                origin: bench.origin, bench.workspace, &reading)
        }
        let groups = Array(1...bench.chat.tables.lastGroup)
        for (index, user) in users.enumerated() {
            try bench.chat.joinGroup(
                groups[(index + 1) % 4], by: user, at: bench.time, origin: bench.origin,
                bench.workspace, &reading)
        }
        let said = try talk(bench, users, groups, &random)
        for user in users {
            let mine = Set(bench.chat.conversationKeys(of: user, &reading))
            for keyword in ["APFEL", "birne", "果", "груша", "x", "pear1", "nothing"] {
                let all = said.reversed().filter {
                    mine.contains($0.key) && $0.text.contains(keyword.lowercased())
                }
                var (before, left) = (UInt64(0), all.map(\.id)[...])
                let limit = Int.random(in: 1...200, using: &random)
                repeat {
                    let (ids, hasMore) = page(bench, user, keyword, before: before, limit: limit)
                    #expect(ids == Array(left.prefix(limit)))
                    left = left.dropFirst(limit)
                    #expect(hasMore == !left.isEmpty)
                    before = ids.last ?? 0
                } while !left.isEmpty
                guard let key = mine.randomElement(using: &random) else { continue }
                let (ids, _) = page(bench, user, keyword, in: key, limit: 200)
                #expect(ids == Array(all.filter { $0.key == key }.map(\.id).prefix(200)))
            }
        }
        bench.close()
        try bench.remove()
    }
}
