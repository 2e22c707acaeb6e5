// Making a group; who makes it owns it.

import Base
import Hub
import Reactor
package import Store
import Wire

extension Chat {
    package static let groupMembersDefault = 200

    package func createGroup(
        name: String, notice: String?, membersMax: Int?, by owner: UInt32, at time: Int64,
        origin: Origin, _ workspace: Workspace, _ reading: inout Reading
    ) throws(Failure) {
        try TextLimits.checkShortName("name", name)
        let notice = notice ?? ""
        try TextLimits.checkBytes("notice", notice, most: TextLimits.noticeBytesMax)
        let most = membersMax ?? min(Self.groupMembersDefault, settings.groupMembersMax)
        try checkMembersMax(most)
        let admitted = 64 + name.utf8.count + notice.utf8.count
        try admit(admitted)
        let group = tables.reserveGroup()
        let record = GroupCreated(
            group: group, owner: owner, createdAt: time, membersMax: UInt32(most), name: name,
            notice: notice)
        do throws(Failure) {
            try tables.withLocked(.group(group) + .user(owner), &reading) {
                locked throws(Failure) in
                guard locked.isActive(owner) else { throw Failure(.userDisabled) }
                try checkGroupsOf(owner, locked)
                commit(
                    .groupCreated, in: locked, admitted: admitted, workspace,
                    effects: { lsn, effects in
                        var effect = Effect(.joined)
                        effect.lsn = lsn
                        effect.origin = origin.connection
                        effect.request = origin.request
                        effect.userA = owner
                        effect.group = group
                        effect.topic = ConversationKey(group: group).bits
                        effect.append(
                            to: &effects,
                            answer: {
                                appendAnswer(origin, body: &$0) { json in
                                    json.append("{\"id\":")
                                    json.append(decimal: group)
                                    json.append(",\"name\":")
                                    json.append(jsonString: name)
                                    json.append("}")
                                }
                            })
                    }, { record.append(to: &$0) })
            }
        } catch {
            log.cancel(bytes: admitted)
            throw error
        }
    }

    /// A user is in a bounded number of groups.
    func checkGroupsOf(_ user: UInt32, _ locked: LockedTables) throws(Failure) {
        if locked.groups(of: user).count >= settings.groupsPerUserMax {
            throw Failure(
                .groupFull, "A user can be in at most \(settings.groupsPerUserMax) groups.")
        }
    }
}
