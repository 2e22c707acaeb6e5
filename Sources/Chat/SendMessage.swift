// Sending a message, in private or to a group: the command that everything else is measured
// against.
//
// Sent again with the same msg_id it answers what it answered the first time; with the same msg_id
// and another target or content it is a conflict.

import Base
package import Hub
import Reactor
package import Store

/// What a sender wants sent. The msg_id (empty: none) and the content are in the workspace.
package enum MessageTarget: Sendable {
    case user(UInt32)
    case group(UInt32)
}

extension Chat {
    /// Bytes of a message's record beside its msg_id and content.
    private static let recordOverhead = 64
    /// Bytes of UTF-8.
    package static let msgIDBytesMax = 64

    /// Sends what `workspace.msgID` and `workspace.content` hold. The answer (an Ack) goes to
    /// `origin` once the message is durable.
    package func sendMessage(
        from sender: UInt32, to target: MessageTarget, at time: Int64, origin: Origin,
        _ workspace: Workspace, _ reading: inout Reading
    ) throws(Failure) {
        try checkSizes(workspace)
        let key: ConversationKey
        var stripes = StripeSet.user(sender)
        switch target {
        case .user(let peer):
            key = ConversationKey(sender, peer)
            stripes = stripes + .user(peer)
        case .group(let group):
            key = ConversationKey(group: group)
            stripes = stripes + .group(group)
        }
        let admitted = Self.recordOverhead + workspace.msgID.count + workspace.content.count
        try admitGrowth(admitted)
        prepare(key, sender, target, time, workspace)
        do throws(Failure) {
            try tables.withLocked(stripes, &reading) { locked throws(Failure) in
                guard locked.isActive(sender) else { throw Failure(.userDisabled) }
                // What was stored once is answered so, wherever the sender is now.
                if try answerEarlier(sender, key, origin, workspace, locked) {
                    log.cancel(bytes: admitted)
                    return
                }
                try checkPermission(sender, target, locked)
                append(sender, key, time, origin, admitted, workspace, locked)
            }
        } catch {
            log.cancel(bytes: admitted)
            throw error
        }
    }

    private func checkSizes(_ workspace: Workspace) throws(Failure) {
        if workspace.content.isEmpty { throw Failure(.contentEmpty) }
        if workspace.content.count > settings.contentBytesMax { throw Failure(.contentTooLong) }
        if workspace.msgID.count > Self.msgIDBytesMax { throw Failure(.msgIDTooLong) }
    }

    private func checkPermission(
        _ sender: UInt32, _ target: MessageTarget, _ locked: LockedTables
    ) throws(Failure) {
        switch target {
        case .user(let peer):
            guard locked.exists(peer) else { throw Failure(.userNotFound) }
        case .group(let group):
            if locked.isMember(sender, of: group) { return }
            throw Failure(locked.groupExists(group) ? .notAMember : .groupNotFound)
        }
    }

    /// What can be encoded before the message has its numbers is encoded before the lock is taken.
    private func prepare(
        _ key: ConversationKey, _ sender: UInt32, _ target: MessageTarget, _ time: Int64,
        _ workspace: Workspace
    ) {
        workspace.record.removeAll()
        workspace.tail.removeAll()
        var recipient = ""
        if case .user(let peer) = target { recipient = tables.name(of: peer) }
        let from = tables.name(of: sender)
        workspace.msgID.withSpan { msgID in
            workspace.content.withSpan { content in
                MessageSent.append(
                    to: &workspace.record, time: time, conversation: key, sender: sender,
                    msgID: msgID, content: content)
                EventEncoder.appendTail(
                    to: &workspace.tail, msgID: msgID, from: from, conversation: key,
                    recipient: recipient, content: content, time: time)
            }
        }
    }

    /// True when this msg_id was used for the same message before: the answer is the first one's.
    private func answerEarlier(
        _ sender: UInt32, _ key: ConversationKey, _ origin: Origin, _ workspace: Workspace,
        _ locked: LockedTables
    ) throws(Failure) -> Bool {
        if workspace.msgID.isEmpty { return false }
        let earlier = workspace.msgID.withSpan { msgID in
            workspace.content.withSpan {
                locked.earlierUse(of: msgID, by: sender, in: key, content: $0)
            }
        }
        switch earlier {
        case .none: return false
        case .conflict: throw Failure(.msgIDConflict)
        case .same(let id, let sequence, let time):
            let status = locked.status(of: sequence, in: key, sender: sender, hub: hub)
            log.attach { effects in
                var effect = Effect(.answer)
                effect.origin = origin.connection
                effect.request = origin.request
                effect.append(
                    to: &effects,
                    answer: {
                        appendAck(status, id, sequence, time, origin, workspace, &$0)
                    })
            }
            return true
        }
    }

    private func append(
        _ sender: UInt32, _ key: ConversationKey, _ time: Int64, _ origin: Origin, _ admitted: Int,
        _ workspace: Workspace, _ locked: LockedTables
    ) {
        let sequence = locked.state(of: key).lastSequence + 1
        MessageSent.assign(sequence: sequence, in: &workspace.record)
        let kind = RecordKind.messageSent
        let lsn = log.append(kind: kind.rawValue, admitted: admitted) {
            lsn, payload, effects, mark in
            mark += 1
            let id = mark
            MessageSent.assign(id: id, in: &workspace.record)
            workspace.record.withSpan { payload.append($0) }
            var effect = Effect(key.isGroup ? .groupMessage : .privateMessage)
            effect.lsn = lsn
            effect.origin = origin.connection
            effect.request = origin.request
            effect.topic = key.bits
            effect.sequence = sequence
            effect.userA = sender
            effect.userB = key.isGroup ? 0 : key.peer(of: sender)
            effect.group = key.isGroup ? key.group : 0
            appendEffect(effect, id, sequence, time, origin, workspace, &effects)
        }
        let isGood = workspace.record.withSpan { locked.apply(kind, $0, lsn: lsn) }
        precondition(isGood, "a record of our own that cannot be read")
    }

    private func appendEffect(
        _ effect: Effect, _ id: UInt64, _ sequence: UInt32, _ time: Int64, _ origin: Origin,
        _ workspace: Workspace, _ effects: inout ByteBuffer
    ) {
        effect.append(
            to: &effects,
            frame: { buffer in
                workspace.tail.withSpan { tail in
                    EventEncoder.appendMessage(
                        to: &buffer, isGroup: effect.kind == .groupMessage, id: id,
                        sequence: sequence, hasGeneratedID: workspace.msgID.isEmpty, tail: tail)
                }
            },
            answer: { appendAck("delivered", id, sequence, time, origin, workspace, &$0) },
            otherAnswer: { appendAck("stored", id, sequence, time, origin, workspace, &$0) })
    }

    private func appendAck(
        _ status: StaticString, _ id: UInt64, _ sequence: UInt32, _ time: Int64, _ origin: Origin,
        _ workspace: Workspace, _ buffer: inout ByteBuffer
    ) {
        if origin.connection == .none { return }
        workspace.msgID.withSpan { msgID in
            EventEncoder.appendAck(
                to: &buffer, form: origin.form, status: status, id: id, sequence: sequence,
                time: time, msgID: msgID, &workspace.json)
        }
    }
}

extension LockedTables {
    /// `stored`, `delivered` or `recalled`, of a message that is there. A private message has been
    /// delivered when a cursor of its recipient has passed it, or a connection of his that has
    /// caught up was handed it; a group message stays `stored`.
    package func status(
        of sequence: UInt32, in key: ConversationKey, sender: UInt32, hub: Hub
    ) -> StaticString {
        if key.isGroup { return "stored" }
        let peer = key.peer(of: sender)
        if peer == sender { return "delivered" }
        let isDelivered = cursors(of: peer).contains { delivered($0, in: key) >= sequence }
        return isDelivered || hub.online.isServed(peer) ? "delivered" : "stored"
    }
}
