// A group's row: its settings and its members, in the order of joining.

import Base

package enum MemberRole: UInt8, Sendable {
    case member = 0
    case owner = 1

    package var name: StaticString { self == .owner ? "owner" : "member" }
}

package struct Member: Sendable {
    package var part: Participation
    package var role: MemberRole
    package let joinedAt: Int64

    package var user: UInt32 { part.user }
}

/// What is known of a group; a copy that stays true to the moment it was taken at.
package struct GroupInfo: Sendable {
    package let id: UInt32
    package var name: String
    package var owner: UInt32
    package var notice: String
    package var membersMax: UInt32
    package var memberCount: Int
    package let createdAt: Int64
}

struct Group {
    /// The top bit of a number tells groups from users (RecentMessageIDs).
    static let numberMax: UInt32 = 0x7fff_ffff

    let id: UInt32
    var name: String
    var foldedName: String
    var notice: String
    var membersMax: UInt32
    let createdAt: Int64
    var isDissolved = false
    private(set) var members: [Member] = []
    private var places = IntegerMap()
    var conversation = Conversation()

    init(id: UInt32, name: String, notice: String, membersMax: UInt32, createdAt: Int64) {
        self.id = id
        self.name = name
        foldedName = Folding.fold(name)
        self.notice = notice
        self.membersMax = membersMax
        self.createdAt = createdAt
    }

    var owner: UInt32 { members.first { $0.role == .owner }?.user ?? 0 }

    var info: GroupInfo {
        GroupInfo(
            id: id, name: name, owner: owner, notice: notice, membersMax: membersMax,
            memberCount: members.count, createdAt: createdAt)
    }

    mutating func changeConversation<R>(_ body: (inout Conversation) -> R) -> R {
        body(&conversation)
    }

    func place(of user: UInt32) -> Int? { places[UInt64(user)].map(Int.init) }

    mutating func add(_ member: Member) {
        precondition(place(of: member.user) == nil, "a member twice")
        places[UInt64(member.user)] = UInt32(members.count)
        members.append(member)
    }

    mutating func update(_ place: Int, _ change: (inout Member) -> Void) { change(&members[place]) }

    /// Those who joined later move up: the order of joining is what a hand-over goes by.
    mutating func remove(_ user: UInt32) {
        guard let place = place(of: user) else { return }
        places[UInt64(user)] = nil
        members.remove(at: place)
        for index in place..<members.count {
            places[UInt64(members[index].user)] = UInt32(index)
        }
    }
}
