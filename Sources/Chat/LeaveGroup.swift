// Going out of a group by oneself. An owner hands over to the member who has been there longest;
// with the last one the group is dissolved.

import Base
import Hub
import Reactor
package import Store
import Wire

extension Chat {
    package func leaveGroup(
        _ group: UInt32, by user: UInt32, at time: Int64, origin: Origin,
        _ workspace: Workspace, _ reading: inout Reading
    ) throws(Failure) {
        let admitted = 64
        try admit(admitted)
        do throws(Failure) {
            try tables.withLocked(.group(group) + .user(user), &reading) { locked throws(Failure) in
                guard locked.groupExists(group) else { throw Failure(.groupNotFound) }
                guard let member = locked.member(user, of: group) else {
                    throw Failure(.notAMember)
                }
                let heir = locked.heir(of: user, in: group)
                let record = MemberLeft(
                    group: group, user: user,
                    newOwner: member.role == .owner ? heir ?? 0 : 0, dissolved: heir == nil)
                commit(
                    .memberLeft, in: locked, admitted: admitted, workspace,
                    effects: { lsn, effects in
                        var effect = Effect(.left)
                        effect.lsn = lsn
                        effect.origin = origin.connection
                        effect.request = origin.request
                        effect.userA = user
                        effect.group = group
                        effect.topic = ConversationKey(group: group).bits
                        effect.append(
                            to: &effects,
                            frame: { appendLeft(record, time, to: &$0) },
                            answer: {
                                appendAnswer(origin, body: &$0) {
                                    $0.append("{\"message\":\"leave success\"}")
                                }
                            })
                    }, { record.append(to: &$0) })
            }
        } catch {
            log.cancel(bytes: admitted)
            throw error
        }
    }

    private func appendLeft(_ record: MemberLeft, _ time: Int64, to buffer: inout ByteBuffer) {
        let name = tables.name(of: record.user)
        EventEncoder.appendEvent(
            to: &buffer, "member_left", content: "\(name) left the group.", time: time
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
