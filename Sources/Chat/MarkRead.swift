// How far a user has read. The mark only moves forward, and all of the user's connections hear of
// it; one's own messages never count as unread.

import Base
import Hub
import Reactor
package import Store
import Wire

/// A conversation in which something is unread.
package struct UnreadView: Sendable {
    package let key: ConversationKey
    /// Empty for a group.
    package let peer: String
    package let unread: UInt32
    let lastID: UInt64
}

extension Chat {
    /// Moves the user's mark to `sequence`, or to the newest message. The answer says what is left
    /// unread.
    package func markRead(
        _ key: ConversationKey, upTo sequence: UInt32?, by user: UInt32, at time: Int64,
        origin: Origin, _ workspace: Workspace, _ reading: inout Reading
    ) throws(Failure) {
        let admitted = 32
        try admit(admitted)
        let unread: UInt32?
        do throws(Failure) {
            unread = try tables.withLocked(.conversation(key), &reading) {
                locked throws(Failure) -> UInt32? in
                try checkReader(user, key, locked)
                let last = locked.state(of: key).lastSequence
                let wanted = min(sequence ?? last, last)
                guard let part = locked.participation(of: user, in: key),
                    wanted > part.readSequence
                else { return locked.unread(user, in: key) }
                let own = locked.ownUnread(of: user, in: key, readUpTo: wanted)
                commitMark(
                    ReadMarked(user: user, conversation: key, sequence: wanted, ownUnread: own),
                    unread: last - wanted - min(own, last - wanted), time, origin, admitted,
                    workspace, locked)
                return nil
            }
        } catch {
            log.cancel(bytes: admitted)
            throw error
        }
        // It was read before: no second effect.
        guard let unread else { return }
        log.cancel(bytes: admitted)
        log.attach { effects in
            appendAnswer(origin, to: &effects) { appendRead(unread, to: &$0) }
        }
    }

    private func commitMark(
        _ record: ReadMarked, unread: UInt32, _ time: Int64, _ origin: Origin, _ admitted: Int,
        _ workspace: Workspace, _ locked: LockedTables
    ) {
        commit(
            .readMarked, in: locked, admitted: admitted, workspace,
            effects: { lsn, effects in
                var effect = Effect(.userEvent)
                effect.lsn = lsn
                effect.origin = origin.connection
                effect.request = origin.request
                effect.userA = record.user
                effect.append(
                    to: &effects,
                    frame: { appendReadEvent(record, unread, time, to: &$0) },
                    answer: { appendAnswer(origin, body: &$0) { appendRead(unread, to: &$0) } })
            }, { record.append(to: &$0) })
    }

    private func appendRead(_ unread: UInt32, to json: inout ByteBuffer) {
        json.append("{\"message\":\"read\",\"unread\":")
        json.append(decimal: unread)
        json.append("}")
    }

    private func appendReadEvent(
        _ record: ReadMarked, _ unread: UInt32, _ time: Int64, to buffer: inout ByteBuffer
    ) {
        let key = record.conversation
        EventEncoder.appendEvent(
            to: &buffer, "read", content: "You have read up to message \(record.sequence).",
            time: time
        ) { writer in
            if key.isGroup {
                writer.key("group_id")
                writer.number(key.group)
            } else {
                writer.key("peer")
                writer.string(tables.name(of: key.peer(of: record.user)))
            }
            writer.key("seq")
            writer.number(record.sequence)
            writer.key("unread")
            writer.number(unread)
        }
    }

    /// Conversations in which something is unread, newest first.
    package func unread(of user: UInt32, _ reading: inout Reading) -> [UnreadView] {
        var views: [UnreadView] = []
        for key in conversationKeys(of: user, &reading) {
            let (unread, lastID) = tables.withLocked(.conversation(key), &reading) { locked in
                (locked.unread(user, in: key), locked.state(of: key).lastID)
            }
            if unread == 0 { continue }
            let peer = key.isGroup ? "" : tables.name(of: key.peer(of: user))
            views.append(UnreadView(key: key, peer: peer, unread: unread, lastID: lastID))
        }
        return views.sorted { $0.lastID > $1.lastID }
    }
}
