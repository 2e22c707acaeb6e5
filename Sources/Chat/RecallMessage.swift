// Taking back a message: it keeps its place and loses its content. All parties hear of it.

import Base
import Hub
import Reactor
package import Store
import Wire

extension Chat {
    /// `sender` is who asks, and may recall a message of his own for a while; nil for an operator,
    /// for whom neither counts.
    package func recallMessage(
        _ id: UInt64, by sender: UInt32?, answer: StaticString, at time: Int64, origin: Origin,
        _ workspace: Workspace, _ reading: inout Reading
    ) throws(Failure) {
        guard let key = tables.conversation(ofMessage: id) else {
            throw Failure(.messageNotFound)
        }
        let admitted = 64
        try admit(admitted)
        do throws(Failure) {
            let isNews = try tables.withLocked(.conversation(key), &reading) {
                locked throws(Failure) -> Bool in
                let sequence = locked.sequence(of: key, upToID: id)
                let found = locked.withMessage(of: key, sequence) {
                    (id: $0.id, sender: $0.sender, time: $0.time, isRecalled: $0.isRecalled)
                }
                guard let found, found.id == id else { throw Failure(.messageNotFound) }
                if let sender {
                    try checkSender(sender, is: found.sender, of: key, locked)
                    if found.isRecalled { return false }
                    try checkWindow(sentAt: found.time, now: time)
                }
                if found.isRecalled { return false }
                let record = MessageRecalled(
                    id: id, conversation: key, sequence: sequence, time: time)
                commitRecall(
                    record, sentBy: found.sender, answer, origin, admitted, workspace, locked)
                return true
            }
            if isNews { return }
        } catch {
            log.cancel(bytes: admitted)
            throw error
        }
        log.cancel(bytes: admitted)
        log.attach { effects in appendAnswer(origin, to: &effects) { $0.append(answer) } }
    }

    /// Whoever cannot read a message does not learn that it is there.
    private func checkSender(
        _ user: UInt32, is sender: UInt32, of key: ConversationKey, _ locked: LockedTables
    ) throws(Failure) {
        if key.isGroup {
            guard locked.isMember(user, of: key.group) else { throw Failure(.messageNotFound) }
        } else if key.users.smaller != user, key.users.larger != user {
            throw Failure(.messageNotFound)
        }
        if user != sender {
            throw Failure(.forbidden, "Only the sender of a message may recall it.")
        }
    }

    private func checkWindow(sentAt: Int64, now: Int64) throws(Failure) {
        if now &- sentAt >= Int64(settings.recallWindowSeconds) * 1_000 {
            throw Failure(.recallWindowOver)
        }
    }

    private func commitRecall(
        _ record: MessageRecalled, sentBy sender: UInt32, _ answer: StaticString,
        _ origin: Origin, _ admitted: Int, _ workspace: Workspace, _ locked: LockedTables
    ) {
        let key = record.conversation
        commit(
            .messageRecalled, in: locked, admitted: admitted, workspace,
            effects: { lsn, effects in
                var effect = Effect(key.isGroup ? .groupEvent : .userEvent)
                effect.lsn = lsn
                effect.origin = origin.connection
                effect.request = origin.request
                effect.group = key.isGroup ? key.group : 0
                effect.userA = key.isGroup ? 0 : key.users.smaller
                effect.userB = key.isGroup ? 0 : key.users.larger
                effect.append(
                    to: &effects,
                    frame: { appendRecalled(record, sender, to: &$0) },
                    answer: { appendAnswer(origin, body: &$0) { $0.append(answer) } })
            }, { record.append(to: &$0) })
    }

    private func appendRecalled(
        _ record: MessageRecalled, _ sender: UInt32, to buffer: inout ByteBuffer
    ) {
        let key = record.conversation
        let from = tables.name(of: sender)
        EventEncoder.appendEvent(
            to: &buffer, "message_recalled", content: "\(from) recalled a message.",
            time: record.time
        ) { writer in
            writer.key("id")
            writer.number(record.id)
            writer.key("seq")
            writer.number(record.sequence)
            writer.key("chat_type")
            writer.word(key.isGroup ? "group" : "private")
            writer.key("from")
            writer.string(from)
            writer.key("to")
            if key.isGroup {
                writer.string("group_\(key.group)")
                writer.key("group_id")
                writer.number(key.group)
            } else {
                writer.string(tables.name(of: key.peer(of: sender)))
            }
        }
    }
}
