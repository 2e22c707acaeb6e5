// Rows 14 to 17 of SPEC 2: reading, searching and recalling messages.

import Base
import Chat
import Store
import Wire

extension Exchange {
    func markRead() throws(Failure) -> Outcome {
        let (peer, group, sequence) = try fields(["peer", "group_id", "seq"]) {
            fields throws(FieldDefect) in
            (
                try fields.optionalString("peer"), try fields.optionalInteger("group_id"),
                try fields.optionalInteger("seq")
            )
        }
        if let sequence, sequence < 0 { throw .field("seq", "must not be negative") }
        guard let key = try conversation(peer: peer, group: group) else {
            throw .field("peer", "or group_id is missing")
        }
        try chat.markRead(
            key, upTo: sequence.map { UInt32(clamping: $0) }, by: user, at: time, origin: origin,
            workspace, &reading)
        return .committed
    }

    func unread() -> Outcome {
        let views = chat.unread(of: user, &reading)
        json.append { writer in
            writer.beginObject()
            writer.key("total")
            writer.number(views.reduce(UInt64(0)) { $0 + UInt64($1.unread) })
            writer.key("conversations")
            writer.beginArray()
            for view in views { Shape.unread(view, &writer) }
            writer.endArray()
            writer.endObject()
        }
        return .answer
    }

    /// Newest first: what a search is for stands on top. `before_id` goes on behind the last one.
    func searchMessages() throws(Failure) -> Outcome {
        let keyword = try keyword()
        let beforeID = try beforeID()
        let limit = try limit()
        let key = try conversationParameter()
        if let key { try chat.checkReader(user, of: key, &reading) }
        let search = MessageSearch(
            chat, for: user, keyword: keyword, in: key, beforeID: beforeID, limit: limit)
        return try work(inSlices: search.advance) { exchange throws(Failure) in
            var writer = JSONWriter(ByteBuffer(capacity: 16_384))
            var scratch = ByteBuffer(capacity: 64)
            writer.beginObject()
            writer.key("messages")
            writer.beginArray()
            search.forEachFound { Shape.message($0, &scratch, &writer) }
            writer.endArray()
            writer.key("has_more")
            writer.bool(search.hasMore)
            writer.endObject()
            exchange.json = writer.finish()
            exchange.reading.saw(search.reading.lsn)
            return .answer
        }
    }

    func recall() throws(Failure) -> Outcome {
        let id = try fields(["id"]) { fields throws(FieldDefect) in try fields.integer("id") }
        guard id > 0 else { throw .field("id", "must be at least 1") }
        try chat.recallMessage(
            UInt64(id), by: user, answer: "{\"message\":\"recall success\"}", at: time,
            origin: origin, workspace, &reading)
        return .committed
    }
}
