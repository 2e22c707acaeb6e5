// Conversations of the locked stripes: their messages, and who has read how far.

import Base

/// Where a conversation stands.
package struct ConversationState: Sendable {
    package var lastSequence: UInt32
    package var lastID: UInt64
}

extension LockedTables {
    /// The place of a private conversation in its stripe.
    private func talk(_ key: ConversationKey) -> UnsafeMutablePointer<PrivateTalk>? {
        let slot = unsafe slot(key.stripe)
        guard let place = unsafe slot.pointee.stripe.talkPlaces[key.bits] else { return nil }
        return unsafe slot.pointee.stripe.talks.pointer(Int(place))
    }

    /// Calls `body` with the conversation, which may not have begun yet.
    private func with<R>(_ key: ConversationKey, _ body: (Conversation?) -> R) -> R {
        if key.isGroup {
            guard let row = unsafe group(key.group) else { return body(nil) }
            return unsafe body(row.pointee?.conversation)
        }
        guard let talk = unsafe talk(key) else { return body(nil) }
        return unsafe body(talk.pointee.conversation)
    }

    package func state(of key: ConversationKey) -> ConversationState {
        with(key) {
            ConversationState(lastSequence: $0?.lastSequence ?? 0, lastID: $0?.lastID ?? 0)
        }
    }

    /// The oldest message that is kept.
    package func firstSequence(of key: ConversationKey) -> UInt32 {
        with(key) { $0?.firstSequence ?? 1 }
    }

    /// The highest sequence whose message has an id at or below `id`.
    package func sequence(of key: ConversationKey, upToID id: UInt64) -> UInt32 {
        with(key) { $0?.sequence(upToID: id) ?? 0 }
    }

    package func forEachMessage(
        of key: ConversationKey, from sequence: UInt32,
        _ body: (borrowing StoredMessage) -> Bool
    ) {
        with(key) { $0?.forEach(from: sequence, body) }
    }

    package func withMessage<R>(
        of key: ConversationKey, _ sequence: UInt32, _ body: (borrowing StoredMessage) -> R
    ) -> R? {
        with(key) { $0?.withMessage(sequence, body) }
    }

    /// The user's part in the conversation; nil when he has none.
    package func participation(of user: UInt32, in key: ConversationKey) -> Participation? {
        if key.isGroup { return member(user, of: key.group)?.part }
        guard let talk = unsafe talk(key) else { return nil }
        return unsafe key.users.smaller == user ? talk.pointee.smaller : talk.pointee.larger
    }

    package func unread(_ user: UInt32, in key: ConversationKey) -> UInt32 {
        participation(of: user, in: key)?.unread(lastSequence: state(of: key).lastSequence) ?? 0
    }

    /// How far this cursor has come in the conversation.
    package func delivered(_ cursor: DeviceCursor, in key: ConversationKey) -> UInt32 {
        if let own = cursor.exceptions.first(where: { $0.conversation == key }) {
            return own.sequence
        }
        return sequence(of: key, upToID: cursor.watermark)
    }

    /// What an earlier use of a sender's msg_id means for a message of now.
    package enum EarlierUse: Sendable {
        case none
        /// The same message: its number.
        case same(id: UInt64, sequence: UInt32, time: Int64)
        /// The id stands for something else.
        case conflict
    }

    package func earlierUse(
        of msgID: Span<UInt8>, by sender: UInt32, in key: ConversationKey, content: Span<UInt8>
    ) -> EarlierUse {
        guard let row = unsafe user(sender),
            let use = unsafe row.pointee?.recent.find(RecentMessageIDs.hash(msgID))
        else { return .none }
        if use.target != RecentMessageIDs.target(of: key, sender: sender) { return .conflict }
        let found = withMessage(of: key, use.sequence) { message -> EarlierUse in
            guard message.sender == sender, message.hasMsgID(msgID) else { return .none }
            // Of a recalled one the content is gone: whoever sends it again is told its fate.
            guard message.isRecalled || message.content.isEqual(to: content) else {
                return .conflict
            }
            return .same(id: message.id, sequence: message.sequence, time: message.time)
        }
        return found ?? .none
    }

    // MARK: change

    /// Changes the user's part in the conversation, where he has one.
    func change(
        _ user: UInt32, in key: ConversationKey, _ body: (inout Participation) -> Void
    ) {
        if key.isGroup {
            guard let row = unsafe group(key.group) else { return }
            unsafe row.pointee?.members.update(user, body)
            return
        }
        guard let talk = unsafe talk(key) else { return }
        if key.users.smaller == user {
            unsafe body(&talk.pointee.smaller)
        } else if key.users.larger == user {
            unsafe body(&talk.pointee.larger)
        }
    }

    func append(_ record: borrowing MessageSent) {
        let key = record.conversation
        if key.isGroup {
            guard let row = unsafe group(key.group) else { return }
            unsafe row.pointee?.conversation.append(record)
            unsafe row.pointee?.members.update(record.sender) { $0.ownUnread &+= 1 }
            return
        }
        let slot = unsafe slot(key.stripe)
        if unsafe slot.pointee.stripe.talkPlaces[key.bits] == nil {
            unsafe slot.pointee.stripe.talkPlaces[key.bits] = UInt32(
                slot.pointee.stripe.talks.count)
            unsafe slot.pointee.stripe.talks.append(PrivateTalk(key: key))
        }
        guard let talk = unsafe talk(key) else { return }
        unsafe talk.pointee.conversation.append(record)
        if record.sender == key.users.smaller {
            unsafe talk.pointee.smaller.ownUnread += 1
        }
        if record.sender == key.users.larger {
            unsafe talk.pointee.larger.ownUnread += 1
        }
    }
}

extension Conversation {
    mutating func append(_ record: borrowing MessageSent) {
        append(
            id: record.id, sequence: record.sequence, time: record.time, sender: record.sender,
            msgID: record.msgID, content: record.content)
    }
}
