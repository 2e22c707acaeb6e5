// Coming into a group: by oneself, or by a member's invitation. The newcomer's conversation begins
// here; what was said before is history.

import Base
import Hub
import Reactor
package import Store
import Wire

extension Chat {
    package func joinGroup(
        _ group: UInt32, by user: UInt32, at time: Int64, origin: Origin,
        _ workspace: Workspace, _ reading: inout Reading
    ) throws(Failure) {
        try addMember(
            user, to: group, invitedBy: nil, at: time, origin: origin,
            answer: "{\"message\":\"join success\"}", workspace, &reading)
    }

    package func invite(
        named name: String, to group: UInt32, by member: UInt32, at time: Int64, origin: Origin,
        _ workspace: Workspace, _ reading: inout Reading
    ) throws(Failure) {
        let user = tables.user(named: name)
        // A stranger learns nothing about who exists.
        try tables.withLocked(.group(group), &reading) { locked throws(Failure) in
            guard locked.groupExists(group) else { throw Failure(.groupNotFound) }
            guard locked.isMember(member, of: group) else { throw Failure(.notAMember) }
        }
        guard let user else { throw Failure(.userNotFound) }
        try addMember(
            user, to: group, invitedBy: member, at: time, origin: origin,
            answer: "{\"message\":\"invite success\"}", workspace, &reading)
    }

    private func addMember(
        _ user: UInt32, to group: UInt32, invitedBy inviter: UInt32?, at time: Int64,
        origin: Origin, answer: StaticString, _ workspace: Workspace, _ reading: inout Reading
    ) throws(Failure) {
        let admitted = 64
        try admit(admitted)
        do throws(Failure) {
            let isNew = try tables.withLocked(.group(group) + .user(user), &reading) {
                locked throws(Failure) -> Bool in
                guard let info = locked.groupInfo(group) else { throw Failure(.groupNotFound) }
                if let inviter, !locked.isMember(inviter, of: group) { throw Failure(.notAMember) }
                guard locked.exists(user) else { throw Failure(.userNotFound) }
                if locked.isMember(user, of: group) { return false }
                if info.memberCount >= Int(info.membersMax) { throw Failure(.groupFull) }
                try checkGroupsOf(user, locked)
                commitJoin(
                    user, group, inviter, time, origin, answer, admitted, workspace, locked)
                return true
            }
            if isNew { return }
        } catch {
            log.cancel(bytes: admitted)
            throw error
        }
        // Already a member: success, with no second effect.
        log.cancel(bytes: admitted)
        log.attach { effects in appendAnswer(origin, to: &effects) { $0.append(answer) } }
    }

    private func commitJoin(
        _ user: UInt32, _ group: UInt32, _ inviter: UInt32?, _ time: Int64, _ origin: Origin,
        _ answer: StaticString, _ admitted: Int, _ workspace: Workspace, _ locked: LockedTables
    ) {
        let key = ConversationKey(group: group)
        let record = MemberJoined(
            group: group, user: user, time: time,
            joinedSequence: locked.state(of: key).lastSequence)
        commit(
            .memberJoined, in: locked, admitted: admitted, workspace,
            effects: { lsn, effects in
                var effect = Effect(.joined)
                effect.lsn = lsn
                effect.origin = origin.connection
                effect.request = origin.request
                effect.userA = user
                effect.group = group
                effect.topic = key.bits
                effect.append(
                    to: &effects,
                    frame: { appendJoined(user, group, inviter, time, to: &$0) },
                    answer: { appendAnswer(origin, body: &$0) { $0.append(answer) } })
            }, { record.append(to: &$0) })
    }

    private func appendJoined(
        _ user: UInt32, _ group: UInt32, _ inviter: UInt32?, _ time: Int64,
        to buffer: inout ByteBuffer
    ) {
        let name = tables.name(of: user)
        EventEncoder.appendEvent(
            to: &buffer, "member_joined", content: "\(name) joined the group.", time: time
        ) { writer in
            writer.key("group_id")
            writer.number(group)
            writer.key("username")
            writer.string(name)
            if let inviter {
                writer.key("by")
                writer.string(tables.name(of: inviter))
            }
        }
    }
}
