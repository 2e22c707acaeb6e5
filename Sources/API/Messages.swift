// Rows 11 to 13 of SPEC 2: history, conversations, sending.

import Base
import Chat
import Store
import Wire

extension Exchange {
    func history() throws(Failure) -> Outcome {
        let beforeID = try beforeID()
        let limit = try limit()
        guard let key = try conversationParameter() else {
            throw .field("peer", "or group_id is missing")
        }
        var writer = JSONWriter(ByteBuffer(capacity: 16_384))
        var scratch = ByteBuffer(capacity: 64)
        writer.beginObject()
        writer.key("messages")
        writer.beginArray()
        let hasMore = try chat.history(
            of: key, for: user, beforeID: beforeID, limit: limit, &reading
        ) { Shape.message($0, &scratch, &writer) }
        writer.endArray()
        writer.key("has_more")
        writer.bool(hasMore)
        writer.endObject()
        json = writer.finish()
        return .answer
    }

    /// The conversation that `peer` or `group_id` names; nil when neither is there.
    func conversationParameter() throws(Failure) -> ConversationKey? {
        try conversation(peer: try parameter("peer"), group: try integerParameter("group_id"))
    }

    func conversation(peer: String?, group: Int64?) throws(Failure) -> ConversationKey? {
        switch (peer, group) {
        case (let peer?, nil):
            return try chat.conversation(
                of: user, with: try Self.filled("peer", peer), &reading)
        case (nil, let group?): return ConversationKey(group: try Self.group(group))
        case (nil, nil): return nil
        default: throw .field("peer", "and group_id exclude each other")
        }
    }

    /// `before_id`; 0 where it is not given.
    func beforeID() throws(Failure) -> UInt64 {
        let id = try integerParameter("before_id") ?? 0
        guard let id = UInt64(exactly: id) else {
            throw .field("before_id", "must not be negative")
        }
        return id
    }

    func conversations() throws(Failure) -> Outcome {
        let views = chat.conversations(of: user, &reading)
        json.append { $0.list("conversations", views) { Shape.conversation($1, &$0) } }
        return .answer
    }

    func send() throws(Failure) -> Outcome {
        let (to, group, content, msgID) = try fields(["to", "group_id", "content", "msg_id"]) {
            fields throws(FieldDefect) in
            (
                try fields.optionalString("to"), try fields.optionalInteger("group_id"),
                try fields.string("content"), try fields.optionalString("msg_id")
            )
        }
        let target = try target(to: to, group: group)
        workspace.content.removeAll()
        workspace.content.append(content)
        workspace.msgID.removeAll()
        if let msgID { workspace.msgID.append(msgID) }
        try chat.sendMessage(
            from: user, to: target, at: time, origin: origin, workspace, &reading)
        return .committed
    }

    /// `to` (a user, or `group_42`) or `group_id`; both where they agree.
    private func target(to: String?, group: Int64?) throws(Failure) -> MessageTarget {
        let named = to.flatMap { MessageTarget.groupNumber($0.utf8.span) }
        if let group {
            let number = try Self.group(group)
            if let to, !to.isEmpty, named != number {
                throw .field("to", "does not agree with group_id")
            }
            return .group(number)
        }
        guard let to, !to.isEmpty else { throw .field("to", "or group_id is missing") }
        if let named { return .group(named) }
        guard let peer = workspace.user(named: to.utf8.span, in: chat.tables) else {
            throw Failure(.userNotFound)
        }
        return .user(peer)
    }
}

extension MessageTarget {
    /// The number in `group_42`; nil for any other text, which is a user's name.
    static func groupNumber(_ text: Span<UInt8>) -> UInt32? {
        let prefix: InlineArray<6, UInt8> = [0x67, 0x72, 0x6f, 0x75, 0x70, 0x5f]
        guard text.count > prefix.count, text.count <= prefix.count + 10 else { return nil }
        for index in prefix.indices where text[index] != prefix[index] { return nil }
        var number: UInt64 = 0
        for index in prefix.count..<text.count {
            let digit = text[index] &- UInt8(ascii: "0")
            if digit > 9 { return nil }
            number = number * 10 + UInt64(digit)
        }
        return number > 0 ? UInt32(exactly: number) : nil
    }
}
