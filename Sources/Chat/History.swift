// Reading messages: a page of a conversation, and the list of conversations.

import Base
package import Store

/// A message of a page, with what it is called outside; good inside of the call only.
package struct MessageView: ~Escapable {
    package let message: StoredMessage
    package let conversation: ConversationKey
    package let from: String
    package let to: String
    package let status: StaticString

    @_lifetime(copy message)
    init(
        _ message: consuming StoredMessage, conversation: ConversationKey, from: String, to: String,
        status: StaticString
    ) {
        self.message = message
        self.conversation = conversation
        self.from = from
        self.to = to
        self.status = status
    }
}

package struct ConversationView: Sendable {
    package let key: ConversationKey
    package var peer = ""
    package var name = ""
    package var avatar = ""
    package var lastMessage = ""
    package var lastFrom = ""
    package var lastTime: Int64 = 0
    package var lastSequence: UInt32 = 0
    package var lastID: UInt64 = 0
    package var unread: UInt32 = 0
}

extension Chat {
    /// The private conversation with `name`, whether or not it has begun.
    package func conversation(
        of user: UInt32, with name: String, _ reading: inout Reading
    ) throws(Failure) -> ConversationKey {
        guard let peer = tables.user(named: name),
            tables.withLocked(.user(peer), &reading, { $0.exists(peer) })
        else { throw Failure(.userNotFound) }
        return ConversationKey(user, peer)
    }

    /// Calls `body` with up to `limit` messages before the one with id `beforeID` (0: the newest),
    /// oldest first. True when there are older ones.
    package func history(
        of key: ConversationKey, for user: UInt32, beforeID: UInt64, limit: Int,
        _ reading: inout Reading, _ body: (borrowing MessageView) -> Void
    ) throws(Failure) -> Bool {
        try tables.withLocked(stripesForReading(key), &reading) { locked throws(Failure) in
            try checkReader(user, key, locked)
            let end =
                beforeID == 0
                ? locked.state(of: key).lastSequence
                : locked.sequence(of: key, upToID: beforeID - 1)
            let first = end > UInt32(limit) ? end - UInt32(limit) + 1 : 1
            if end == 0 { return false }
            locked.forEachMessage(of: key, from: first) { message in
                if message.sequence > end { return false }
                show(message, key, locked, body)
                return true
            }
            return first > locked.firstSequence(of: key)
        }
    }

    /// The other side's cursor decides the status of private messages.
    func stripesForReading(_ key: ConversationKey) -> StripeSet {
        let stripes = StripeSet.conversation(key)
        return key.isGroup
            ? stripes : stripes + .user(key.users.smaller) + .user(key.users.larger)
    }

    /// A group's messages are its members'.
    func checkReader(
        _ user: UInt32, _ key: ConversationKey, _ locked: LockedTables
    ) throws(Failure) {
        guard key.isGroup else { return }
        guard locked.groupExists(key.group) else { throw Failure(.groupNotFound) }
        guard locked.isMember(user, of: key.group) else { throw Failure(.notAMember) }
    }

    func show(
        _ message: borrowing StoredMessage, _ key: ConversationKey, _ locked: LockedTables,
        _ body: (borrowing MessageView) -> Void
    ) {
        let status: StaticString =
            message.isRecalled
            ? "recalled"
            : locked.status(of: message.sequence, in: key, sender: message.sender, hub: hub)
        let to = key.isGroup ? "" : tables.name(of: key.peer(of: message.sender))
        let view = MessageView(
            copy message, conversation: key, from: tables.name(of: message.sender), to: to,
            status: status)
        body(view)
    }

    /// All conversations of the user, newest first.
    package func conversations(
        of user: UInt32, _ reading: inout Reading
    ) -> [ConversationView] {
        let keys = conversationKeys(of: user, &reading)
        var views: [ConversationView] = []
        for key in keys {
            var view = ConversationView(key: key)
            let isThere = tables.withLocked(.conversation(key), &reading) { locked -> Bool in
                fill(&view, key, user, locked)
            }
            guard isThere else { continue }
            if !key.isGroup {
                let peer = key.peer(of: user)
                let account = tables.withLocked(.user(peer), &reading) { $0.account(peer) }
                view.peer = tables.name(of: peer)
                view.name = account?.nickname ?? view.peer
                view.avatar = account?.avatar ?? ""
            }
            views.append(view)
        }
        return views.sorted { ($0.lastTime, $0.lastID) > ($1.lastTime, $1.lastID) }
    }

    /// Private and group conversations of the user, in no particular order.
    package func conversationKeys(of user: UInt32, _ reading: inout Reading) -> [ConversationKey] {
        tables.withLocked(.user(user), &reading) { locked in
            locked.peers(of: user).map { ConversationKey(user, $0) }
                + locked.groups(of: user).map { ConversationKey(group: $0) }
        }
    }

    /// False when the user is not in the group any more.
    private func fill(
        _ view: inout ConversationView, _ key: ConversationKey, _ user: UInt32,
        _ locked: LockedTables
    ) -> Bool {
        if key.isGroup {
            guard let info = locked.groupInfo(key.group),
                let member = locked.member(user, of: key.group)
            else { return false }
            view.name = info.name
            // Where nothing was said yet, the conversation is as old as the membership.
            view.lastTime = member.joinedAt
        }
        let state = locked.state(of: key)
        view.lastSequence = state.lastSequence
        view.lastID = state.lastID
        view.unread = locked.unread(user, in: key)
        let last = locked.withMessage(of: key, state.lastSequence) { message in
            (String(copying: message.content), message.sender, message.time)
        }
        if let (text, sender, time) = last {
            view.lastMessage = text
            view.lastFrom = tables.name(of: sender)
            view.lastTime = time
        }
        return true
    }
}

extension String {
    /// Text of UTF-8 that was validated when it came in.
    init(copying bytes: Span<UInt8>) {
        guard let text = try? UTF8Span(validating: bytes) else {
            self = ""
            return
        }
        self.init(copying: text)
    }
}
