// Reading groups. Settings are open to every user, the member list to members only.

import Hub
package import Store

/// A group as one user sees it.
package struct GroupView: Sendable {
    package let info: GroupInfo
    package let ownerName: String
    /// The caller's role, where he is in it.
    package let role: MemberRole?
}

package struct MemberView: Sendable {
    package let name: String
    package let nickname: String
    package let role: MemberRole
    package let isOnline: Bool
    package let joinedAt: Int64
}

extension Chat {
    func view(_ info: GroupInfo, role: MemberRole?) -> GroupView {
        GroupView(info: info, ownerName: tables.name(of: info.owner), role: role)
    }

    package func group(
        _ group: UInt32, for user: UInt32, _ reading: inout Reading
    ) throws(Failure) -> GroupView {
        let found = tables.withLocked(.group(group), &reading) { locked in
            locked.groupInfo(group).map { ($0, locked.member(user, of: group)?.role) }
        }
        guard let (info, role) = found else { throw Failure(.groupNotFound) }
        return view(info, role: role)
    }

    /// The groups that the user is in, in the order of joining.
    package func groups(of user: UInt32, _ reading: inout Reading) -> [GroupView] {
        let numbers = tables.withLocked(.user(user), &reading) { $0.groups(of: user) }
        var views: [GroupView] = []
        for number in numbers {
            let found = tables.withLocked(.group(number), &reading) { locked in
                locked.groupInfo(number).map { ($0, locked.member(user, of: number)?.role) }
            }
            if let (info, role) = found, let role { views.append(view(info, role: role)) }
        }
        return views
    }

    package func members(
        of group: UInt32, for user: UInt32, _ reading: inout Reading
    ) throws(Failure) -> [MemberView] {
        let members = try tables.withLocked(.group(group), &reading) { locked throws(Failure) in
            guard locked.groupExists(group) else { throw Failure(.groupNotFound) }
            guard locked.isMember(user, of: group) else { throw Failure(.notAMember) }
            return locked.members(of: group)
        }
        return members.map { member in
            let nickname = tables.withLocked(.user(member.user), &reading) {
                $0.nickname(of: member.user)
            }
            return MemberView(
                name: tables.name(of: member.user), nickname: nickname ?? "",
                role: member.role, isOnline: hub.online.isOnline(member.user),
                joinedAt: member.joinedAt)
        }
    }

    /// Search results, as the caller sees them.
    package func views(
        _ infos: [GroupInfo], for user: UInt32, _ reading: inout Reading
    ) -> [GroupView] {
        infos.map { info in
            let role = tables.withLocked(.group(info.id), &reading) {
                $0.member(user, of: info.id)?.role
            }
            return view(info, role: role)
        }
    }
}
