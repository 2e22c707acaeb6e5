// The end of a group: everybody who was in it hears of it, and nobody is in it any more. What was
// said in it is not shown to anybody from then on.

import Base
import Hub
import Reactor
package import Store
import Wire

extension Chat {
    /// Members who may come between counting them and locking everything.
    private static let slack = 64

    /// `owner` is who asks; nil for an operator.
    package func dismissGroup(
        _ group: UInt32, by owner: UInt32?, answer: StaticString, at time: Int64, origin: Origin,
        _ workspace: Workspace, _ reading: inout Reading
    ) throws(Failure) {
        while true {
            // Whether it may be done is known before room is asked for; it is asked again below.
            let members = try tables.withLocked(.group(group), &reading) { locked throws(Failure) in
                try checkDismissal(of: group, by: owner, locked)
                return locked.members(of: group)
            }
            let expected = GroupDissolved(group: group, members: members.map(\.user))
            let admitted = expected.bytes + Self.slack * 5
            try admit(admitted)
            do throws(Failure) {
                // Every member's list of groups changes, and they may be anywhere.
                let isDone = try tables.withLocked(.all, &reading) {
                    locked throws(Failure) -> Bool in
                    try checkDismissal(of: group, by: owner, locked)
                    let record = GroupDissolved(
                        group: group, members: locked.members(of: group).map(\.user))
                    if record.bytes > admitted { return false }
                    commitDismissal(record, answer, time, origin, admitted, workspace, locked)
                    return true
                }
                if isDone { return }
            } catch {
                log.cancel(bytes: admitted)
                throw error
            }
            log.cancel(bytes: admitted)
        }
    }

    private func checkDismissal(
        of group: UInt32, by owner: UInt32?, _ locked: LockedTables
    ) throws(Failure) {
        if let owner {
            _ = try ownedGroup(group, by: owner, locked)
        } else if !locked.groupExists(group) {
            throw Failure(.groupNotFound)
        }
    }

    private func commitDismissal(
        _ record: GroupDissolved, _ answer: StaticString, _ time: Int64, _ origin: Origin,
        _ admitted: Int, _ workspace: Workspace, _ locked: LockedTables
    ) {
        let name = locked.groupInfo(record.group)?.name ?? ""
        commit(
            .groupDissolved, in: locked, admitted: admitted, workspace,
            effects: { lsn, effects in
                var effect = Effect(.dissolved)
                effect.lsn = lsn
                effect.origin = origin.connection
                effect.request = origin.request
                effect.group = record.group
                effect.topic = ConversationKey(group: record.group).bits
                effect.append(
                    to: &effects,
                    frame: { buffer in
                        EventEncoder.appendEvent(
                            to: &buffer, "group_dismissed",
                            content: "The group \(name) was dismissed.", time: time
                        ) { writer in
                            writer.key("group_id")
                            writer.number(record.group)
                        }
                    },
                    answer: { appendAnswer(origin, body: &$0) { $0.append(answer) } })
            }, { record.append(to: &$0) })
    }
}
