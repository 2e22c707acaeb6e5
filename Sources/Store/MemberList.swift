// The members of a group in the order of joining, which is what a hand-over goes by.
//
//     entries  [ -, -, 7, -, 19, 3 ]     places  7 → 2, 19 → 4, 3 → 5     first = 2
//
// Who leaves leaves a hole, so that nobody else moves; with more holes than members the list is
// closed up. So joining and leaving cost the same however large the group is, on the average of
// many. Invariant: places[u] = i  <=>  entries[i].user = u; no member stands before `first`.

import Base

package struct MemberList {
    /// Holes are entries of user 0, who is nobody.
    private var entries: [Member] = []
    private var places = IntegerMap()
    /// Where the member stands who has been here longest; the end, when there is none.
    private var first = 0
    package private(set) var owner: UInt32 = 0

    private static let holesKept = 16

    package init() {}

    package var count: Int { places.count }

    package func contains(_ user: UInt32) -> Bool { places[UInt64(user)] != nil }

    package subscript(user: UInt32) -> Member? {
        guard let place = places[UInt64(user)] else { return nil }
        return entries[Int(place)]
    }

    /// Everybody, in the order of joining.
    package var all: [Member] {
        var members: [Member] = []
        members.reserveCapacity(count)
        for entry in entries where entry.user != 0 { members.append(entry) }
        return members
    }

    /// Who has been here longest, but for `user`; nil when nobody is left.
    package func longestStanding(but user: UInt32) -> UInt32? {
        var place = first
        while place < entries.count {
            let found = entries[place].user
            if found != 0, found != user { return found }
            place += 1
        }
        return nil
    }

    /// Does nothing for somebody who is a member already.
    package mutating func add(_ member: Member) {
        if member.user == 0 || contains(member.user) { return }
        places[UInt64(member.user)] = UInt32(entries.count)
        entries.append(member)
        if member.role == .owner { owner = member.user }
    }

    /// False when there is no such member.
    @discardableResult
    package mutating func update(_ user: UInt32, _ change: (inout Participation) -> Void) -> Bool {
        guard let place = places[UInt64(user)] else { return false }
        change(&entries[Int(place)].part)
        return true
    }

    /// Makes a member the owner.
    package mutating func promote(_ user: UInt32) {
        guard let place = places[UInt64(user)] else { return }
        if let old = places[UInt64(owner)] { entries[Int(old)].role = .member }
        entries[Int(place)].role = .owner
        owner = user
    }

    package mutating func remove(_ user: UInt32) {
        guard let place = places[UInt64(user)] else { return }
        places[UInt64(user)] = nil
        entries[Int(place)] = Member(part: Participation(user: 0), role: .member, joinedAt: 0)
        if owner == user { owner = 0 }
        while first < entries.count, entries[first].user == 0 { first += 1 }
        if entries.count - count > count + Self.holesKept { closeUp() }
    }

    package mutating func removeAll() { self = MemberList() }

    private mutating func closeUp() {
        entries = all
        first = 0
        for (place, entry) in entries.enumerated() {
            places[UInt64(entry.user)] = UInt32(place)
        }
    }
}
