// Putting somebody out of a group: all members hear of it, and the one put out, who hears nothing
// that comes after it.

import Base
import Hub
import Reactor
package import Store
import Wire

extension Chat {
    /// `owner` is who asks; nil for an operator, who may put out the owner too.
    package func kick(
        named name: String, from group: UInt32, by owner: UInt32?, answer: StaticString,
        at time: Int64, origin: Origin, _ workspace: Workspace, _ reading: inout Reading
    ) throws(Failure) {
        let user = tables.user(named: name)
        let admitted = 64
        try admit(admitted)
        do throws(Failure) {
            // The stripe of somebody who is not there is any one.
            try tables.withLocked(.group(group) + .user(user ?? 0), &reading) {
                locked throws(Failure) in
                if let owner {
                    _ = try ownedGroup(group, by: owner, locked)
                } else if !locked.groupExists(group) {
                    throw Failure(.groupNotFound)
                }
                if let user, user == owner {
                    throw .field("username", "is your own name; leave the group instead")
                }
                guard let user, locked.exists(user) else { throw Failure(.userNotFound) }
                guard let member = locked.member(user, of: group) else {
                    throw Failure(.notAMember, "This user is not a member of the group.")
                }
                let heir = locked.heir(of: user, in: group)
                let record = MemberLeft(
                    group: group, user: user,
                    newOwner: member.role == .owner ? heir ?? 0 : 0, dissolved: heir == nil)
                commitKick(record, answer, time, origin, admitted, workspace, locked)
            }
        } catch {
            log.cancel(bytes: admitted)
            throw error
        }
    }

    private func commitKick(
        _ record: MemberLeft, _ answer: StaticString, _ time: Int64, _ origin: Origin,
        _ admitted: Int, _ workspace: Workspace, _ locked: LockedTables
    ) {
        commit(
            .memberLeft, in: locked, admitted: admitted, workspace,
            effects: { lsn, effects in
                var effect = Effect(.putOut)
                effect.lsn = lsn
                effect.origin = origin.connection
                effect.request = origin.request
                effect.userA = record.user
                effect.group = record.group
                effect.topic = ConversationKey(group: record.group).bits
                effect.append(
                    to: &effects,
                    frame: { appendKicked(record, time, to: &$0) },
                    answer: { appendAnswer(origin, body: &$0) { $0.append(answer) } })
            }, { record.append(to: &$0) })
    }

    private func appendKicked(_ record: MemberLeft, _ time: Int64, to buffer: inout ByteBuffer) {
        let name = tables.name(of: record.user)
        EventEncoder.appendEvent(
            to: &buffer, "member_kicked", content: "\(name) was removed from the group.",
            time: time
        ) { writer in
            writer.key("group_id")
            writer.number(record.group)
            writer.key("username")
            writer.string(name)
            if record.newOwner != 0 {
                writer.key("owner")
                writer.string(tables.name(of: record.newOwner))
            }
        }
    }
}
