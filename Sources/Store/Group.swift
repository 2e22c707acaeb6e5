// A group's row: its settings, its members and its conversation.

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

    package init(part: Participation, role: MemberRole, joinedAt: Int64) {
        self.part = part
        self.role = role
        self.joinedAt = joinedAt
    }

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
    var members = MemberList()
    var conversation = Conversation()

    init(id: UInt32, name: String, notice: String, membersMax: UInt32, createdAt: Int64) {
        self.id = id
        self.name = name
        foldedName = Folding.fold(name)
        self.notice = notice
        self.membersMax = membersMax
        self.createdAt = createdAt
    }

    var info: GroupInfo {
        GroupInfo(
            id: id, name: name, owner: members.owner, notice: notice, membersMax: membersMax,
            memberCount: members.count, createdAt: createdAt)
    }
}
