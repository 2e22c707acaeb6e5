// The list of members beside a plain array that shifts: the same people in the same order, the same
// owner and the same heir, through any sequence of joining and leaving.

import Base
import Store
import TestSupport
import Testing

@Suite struct MemberListTests {
    private func member(_ user: UInt32, _ role: MemberRole = .member) -> Member {
        Member(part: Participation(user: user), role: role, joinedAt: Int64(user))
    }

    /// What `MemberList` is to be, done the slow way.
    private struct Model {
        var users: [UInt32] = []
        var owner: UInt32 = 0

        mutating func remove(_ user: UInt32) {
            users.removeAll { $0 == user }
            if owner == user { owner = 0 }
        }
    }

    private func check(_ list: MemberList, _ model: Model) {
        #expect(list.all.map(\.user) == model.users && list.count == model.users.count)
        #expect(list.owner == model.owner)
        #expect(
            list.all.filter { $0.role == .owner }.map(\.user) == [model.owner].filter { $0 > 0 })
        for user in UInt32(0)...40 {
            #expect(list.contains(user) == model.users.contains(user))
            #expect((list[user] != nil) == model.users.contains(user))
            #expect(list.longestStanding(but: user) == model.users.first { $0 != user })
        }
    }

    @Test func doesWhatAnArrayDoes() {
        var random = Seed.random("members")
        for _ in 0..<20 {
            var (list, model) = (MemberList(), Model())
            for _ in 0..<400 {
                let user = UInt32.random(in: 1...40, using: &random)
                switch Int.random(in: 0..<10, using: &random) {
                case 0..<5:
                    let role: MemberRole = model.users.isEmpty ? .owner : .member
                    list.add(member(user, role))
                    if !model.users.contains(user) {
                        model.users.append(user)
                        if role == .owner { model.owner = user }
                    }
                case 5..<9:
                    list.remove(user)
                    model.remove(user)
                default:
                    list.promote(user)
                    if model.users.contains(user) { model.owner = user }
                }
                check(list, model)
            }
        }
    }

    @Test func changesAPartInPlace() {
        var list = MemberList()
        for user in UInt32(1)...100 { list.add(member(user)) }
        for user in UInt32(1)...60 { list.remove(user) }
        #expect(list.update(80) { $0.readSequence = 7 } && list[80]?.part.readSequence == 7)
        #expect(!list.update(30) { $0.readSequence = 7 } && list[79]?.part.readSequence == 0)
        list.add(member(0))
        #expect(list.count == 40 && !list.contains(0))
    }

    /// Ten thousand come and go, each the longest standing or the newest; a list that shifted would
    /// move every member each time.
    @Test func aLargeGroupComesAndGoes() {
        var list = MemberList()
        let count = UInt32(10_000)
        for user in 1...count { list.add(member(user, user == 1 ? .owner : .member)) }
        for user in 1..<count {
            #expect(list.longestStanding(but: user) == user + 1)
            list.remove(user)
            list.promote(user + 1)
        }
        #expect(list.owner == count && list.all.map(\.user) == [count])
        for user in 1..<count { list.add(member(user)) }
        for user in (1..<count).reversed() { list.remove(user) }
        #expect(list.count == 1 && list.longestStanding(but: count) == nil)
        list.remove(count)
        #expect(list.count == 0 && list.owner == 0 && list.all.isEmpty)
    }
}
