// A group's name, notice and size, which its owner may change.

package import Base
import Hub
import Reactor
package import Store
import Wire

extension Chat {
    /// Changes what is given; the answer is made by `view` from the group as it is then.
    package func updateGroup(
        _ group: UInt32, name: String?, notice: String?, membersMax: Int?, by user: UInt32,
        at time: Int64, origin: Origin, _ workspace: Workspace, _ reading: inout Reading,
        view: (GroupView, inout ByteBuffer) -> Void
    ) throws(Failure) {
        if let name { try TextLimits.checkShortName("name", name) }
        if let notice {
            try TextLimits.checkBytes("notice", notice, most: TextLimits.noticeBytesMax)
        }
        if let membersMax { try checkMembersMax(membersMax) }
        let admitted = 2_048
        try admit(admitted)
        let unchanged: GroupInfo?
        do throws(Failure) {
            unchanged = try tables.withLocked(.group(group), &reading) {
                locked throws(Failure) -> GroupInfo? in
                let old = try ownedGroup(group, by: user, locked)
                var new = old
                new.name = name ?? old.name
                new.notice = notice ?? old.notice
                new.membersMax = membersMax.map { UInt32($0) } ?? old.membersMax
                if Int(new.membersMax) < new.memberCount, new.membersMax != old.membersMax {
                    throw .field("max_count", "is below the number of members")
                }
                if (new.name, new.notice, new.membersMax) == (old.name, old.notice, old.membersMax)
                {
                    return old
                }
                commitUpdate(new, time, origin, admitted, workspace, locked, view: view)
                return nil
            }
        } catch {
            log.cancel(bytes: admitted)
            throw error
        }
        guard let unchanged else { return }
        log.cancel(bytes: admitted)
        log.attach { effects in
            appendAnswer(origin, to: &effects) {
                view(self.view(unchanged, role: .owner), &$0)
            }
        }
    }

    /// How many members a group may be made for.
    func checkMembersMax(_ most: Int) throws(Failure) {
        guard (2...settings.groupMembersMax).contains(most) else {
            throw .field("max_count", "must be 2 to \(settings.groupMembersMax)")
        }
    }

    /// A group that is the user's; anybody else may not do what he is about to.
    func ownedGroup(
        _ group: UInt32, by user: UInt32, _ locked: LockedTables
    ) throws(Failure) -> GroupInfo {
        guard let info = locked.groupInfo(group) else { throw Failure(.groupNotFound) }
        guard info.owner == user else { throw Failure(.notOwner) }
        return info
    }

    private func commitUpdate(
        _ info: GroupInfo, _ time: Int64, _ origin: Origin, _ admitted: Int,
        _ workspace: Workspace, _ locked: LockedTables,
        view: (GroupView, inout ByteBuffer) -> Void
    ) {
        let record = GroupChanged(
            group: info.id, membersMax: info.membersMax, name: info.name, notice: info.notice)
        commit(
            .groupChanged, in: locked, admitted: admitted, workspace,
            effects: { lsn, effects in
                var effect = Effect(.groupEvent)
                effect.lsn = lsn
                effect.origin = origin.connection
                effect.request = origin.request
                effect.group = info.id
                effect.append(
                    to: &effects,
                    frame: { appendUpdated(info, time, to: &$0) },
                    answer: {
                        appendAnswer(origin, body: &$0) {
                            view(self.view(info, role: .owner), &$0)
                        }
                    })
            }, { record.append(to: &$0) })
    }

    private func appendUpdated(_ info: GroupInfo, _ time: Int64, to buffer: inout ByteBuffer) {
        EventEncoder.appendEvent(
            to: &buffer, "group_updated", content: "The group \(info.name) was changed.",
            time: time
        ) { writer in
            writer.key("group_id")
            writer.number(info.id)
            writer.key("name")
            writer.string(info.name)
            writer.key("notice")
            writer.string(info.notice)
            writer.key("max_count")
            writer.number(info.membersMax)
            writer.key("owner")
            writer.string(tables.name(of: info.owner))
        }
    }
}
