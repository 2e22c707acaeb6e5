// What a user has missed, and how far his devices have come.
//
// A device has one watermark, the id of a message: everything at or below it has been delivered.
// Only conversations that were still catching up when it was written have a mark of their own.

package import Base
package import Store

/// How far a device has come in a conversation, as of the change `lsn` of its stripe.
package struct Standpoint: Sendable, Equatable {
    package let key: ConversationKey
    package let delivered: UInt32
    /// Something has not been delivered.
    package let isBehind: Bool
    package let lsn: LSN

    package init(key: ConversationKey, delivered: UInt32, isBehind: Bool, lsn: LSN) {
        self.key = key
        self.delivered = delivered
        self.isBehind = isBehind
        self.lsn = lsn
    }
}

extension Chat {
    /// What a connection needs to know to take part: the groups as of `reading`, and what was
    /// missed.
    package struct Standing: Sendable {
        package var groups: [UInt32] = []
        package var groupsLSN: LSN = 0
        /// The account is there, enabled, and the token that opened the connection still good.
        package var isWelcome = false
    }

    package func standing(of credential: Credential) -> Standing {
        let user = credential.user
        var reading = Reading()
        var standing = tables.withLocked(.user(user), &reading) { locked in
            let account = locked.account(user)
            let isWelcome = account.map { $0.accepts(credential) && !$0.isDisabled } ?? false
            return Standing(groups: locked.groups(of: user), isWelcome: isWelcome)
        }
        standing.groupsLSN = reading.lsn
        return standing
    }

    /// Every conversation in which this device has something to come, and those that have changed
    /// after `handled`: effects of messages at or before the standpoint may still come from them.
    package func standpoints(
        of user: UInt32, device: String, handled: LSN
    ) -> [Standpoint] {
        var reading = Reading()
        let cursor = tables.withLocked(.user(user), &reading) { locked in
            locked.cursor(of: user, device: device) ?? DeviceCursor(device: device)
        }
        var found: [Standpoint] = []
        for key in conversationKeys(of: user, &reading) {
            // Notes to oneself are in no backlog.
            if !key.isGroup, key.users.smaller == key.users.larger { continue }
            var newest = Reading()
            let place = tables.withLocked(.conversation(key), &newest) {
                locked -> (delivered: UInt32, isBehind: Bool)? in
                guard let part = locked.participation(of: user, in: key) else { return nil }
                let delivered = max(locked.delivered(cursor, in: key), part.joinedSequence)
                return (delivered, locked.state(of: key).lastSequence > delivered)
            }
            guard let place, place.isBehind || newest.lsn > handled else { continue }
            found.append(
                Standpoint(
                    key: key, delivered: place.delivered, isBehind: place.isBehind,
                    lsn: newest.lsn))
        }
        return found
    }

    /// Appends frames of the conversation from `sequence` on: messages that are released, until the
    /// buffer holds `bytesMax`. Returns the next sequence, and whether nothing released is left: of
    /// a group that the user has been out of since, nothing is, even if the hub has yet to say so.
    package func appendBacklog(
        of key: ConversationKey, for user: UInt32, from sequence: UInt32, bytesMax: Int,
        to buffer: inout ByteBuffer, _ workspace: Workspace
    ) -> (next: UInt32, isDone: Bool) {
        let released = log.releasedMark
        var next = sequence
        var isDone = true
        var reading = Reading()
        tables.withLocked(.conversation(key), &reading) { locked in
            guard let part = locked.participation(of: user, in: key),
                part.joinedSequence < sequence
            else { return }
            locked.forEachMessage(of: key, from: sequence) { message in
                if message.id > released { return false }
                if buffer.count >= bytesMax {
                    isDone = false
                    return false
                }
                appendFrame(message, key, to: &buffer, workspace)
                next = message.sequence + 1
                return true
            }
        }
        return (next, isDone)
    }

    private func appendFrame(
        _ message: borrowing StoredMessage, _ key: ConversationKey,
        to buffer: inout ByteBuffer, _ workspace: Workspace
    ) {
        workspace.msgID.removeAll()
        message.appendMsgID(to: &workspace.msgID)
        workspace.tail.removeAll()
        let recipient = key.isGroup ? "" : tables.name(of: key.peer(of: message.sender))
        let from = tables.name(of: message.sender)
        let content = message.content
        workspace.msgID.withSpan { msgID in
            EventEncoder.appendTail(
                to: &workspace.tail, msgID: msgID, from: from, conversation: key,
                recipient: recipient, content: content, time: message.time,
                isRecalled: message.isRecalled)
        }
        let (id, sequence) = (message.id, message.sequence)
        workspace.tail.withSpan { tail in
            EventEncoder.appendMessage(
                to: &buffer, isGroup: key.isGroup, id: id, sequence: sequence,
                hasGeneratedID: false, tail: tail)
        }
    }

    /// Writes how far a device has come. It rides with the next commit; when the disk is full it is
    /// left out, and what it would have said is delivered again.
    package func saveCursor(
        _ user: UInt32, device: String, watermark: UInt64, exceptions: [DeviceCursor.Exception],
        lastSeenAt: Int64, _ workspace: Workspace
    ) {
        save(
            CursorMoved(
                user: user, lastSeenAt: lastSeenAt, watermark: watermark, merges: false,
                device: device, exceptions: exceptions), workspace)
    }

    /// Writes that a user was here, and nothing about what he was sent.
    package func saveLastSeen(
        _ user: UInt32, device: String, at time: Int64, _ workspace: Workspace
    ) {
        save(
            CursorMoved(
                user: user, lastSeenAt: time, watermark: 0, merges: true, device: device,
                exceptions: []), workspace)
    }

    private func save(_ record: CursorMoved, _ workspace: Workspace) {
        let user = record.user
        do throws(Failure) {
            try admit(record.bytesMax)
        } catch {
            return
        }
        var reading = Reading()
        let isThere = tables.withLocked(.user(user), &reading) { locked -> Bool in
            guard locked.exists(user) else { return false }
            commit(
                .cursorMoved, in: locked, admitted: record.bytesMax, workspace,
                effects: { _, _ in }, { record.append(to: &$0) })
            return true
        }
        if !isThere { log.cancel(bytes: record.bytesMax) }
    }
}
