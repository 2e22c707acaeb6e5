// The JSON shapes of SPEC 2, one function each, so that a shape is written in one place. What is
// unset is "", never null.

package import Base
package import Chat
import Store
package import Wire

package enum Shape {
    package static func user(
        _ view: UserView, withEmail: Bool, _ writer: inout JSONWriter
    ) {
        writer.beginObject()
        writer.key("id")
        writer.number(view.account.id)
        writer.key("username")
        writer.string(view.account.name)
        writer.key("nickname")
        writer.string(view.account.nickname)
        writer.key("avatar")
        writer.string(view.account.avatar)
        if withEmail {
            writer.key("email")
            writer.string(view.account.email)
        }
        writer.key("created_at")
        writer.time(view.account.createdAt)
        writer.key("last_seen_at")
        writer.time(view.lastSeenAt)
        writer.key("online")
        writer.bool(view.isOnline)
        writer.endObject()
    }

    package static func contact(_ view: ContactView, _ writer: inout JSONWriter) {
        writer.beginObject()
        writer.key("username")
        writer.string(view.name)
        writer.key("nickname")
        writer.string(view.nickname)
        writer.key("avatar")
        writer.string(view.avatar)
        writer.key("remark")
        writer.string(view.remark)
        writer.key("online")
        writer.bool(view.isOnline)
        writer.key("created_at")
        writer.time(view.addedAt)
        writer.endObject()
    }

    package static func unread(_ view: UnreadView, _ writer: inout JSONWriter) {
        writer.beginObject()
        place(view.key, peer: view.peer, &writer)
        writer.key("unread")
        writer.number(view.unread)
        writer.endObject()
    }

    /// Which conversation is meant: `chat_type`, and `peer` or `group_id`.
    private static func place(
        _ key: ConversationKey, peer: String, _ writer: inout JSONWriter
    ) {
        writer.key("chat_type")
        writer.word(key.isGroup ? "group" : "private")
        if key.isGroup {
            writer.key("group_id")
            writer.number(key.group)
        } else {
            writer.key("peer")
            writer.string(peer)
        }
    }

    package static func group(_ view: GroupView, _ writer: inout JSONWriter) {
        writer.beginObject()
        writer.key("id")
        writer.number(view.info.id)
        writer.key("name")
        writer.string(view.info.name)
        writer.key("owner")
        writer.string(view.ownerName)
        writer.key("notice")
        writer.string(view.info.notice)
        writer.key("max_count")
        writer.number(view.info.membersMax)
        writer.key("member_count")
        writer.number(view.info.memberCount)
        writer.key("created_at")
        writer.time(view.info.createdAt)
        if let role = view.role {
            writer.key("role")
            writer.word(role.name)
        }
        writer.endObject()
    }

    package static func member(_ view: MemberView, _ writer: inout JSONWriter) {
        writer.beginObject()
        writer.key("username")
        writer.string(view.name)
        writer.key("nickname")
        writer.string(view.nickname)
        writer.key("role")
        writer.word(view.role.name)
        writer.key("online")
        writer.bool(view.isOnline)
        writer.key("joined_at")
        writer.time(view.joinedAt)
        writer.endObject()
    }

    package static func message(
        _ view: borrowing MessageView, _ scratch: inout ByteBuffer, _ writer: inout JSONWriter
    ) {
        writer.beginObject()
        writer.key("id")
        writer.number(view.message.id)
        writer.key("seq")
        writer.number(view.message.sequence)
        scratch.removeAll()
        view.message.appendMsgID(to: &scratch)
        writer.key("msg_id")
        writer.string(scratch.span)
        writer.key("chat_type")
        writer.word(view.conversation.isGroup ? "group" : "private")
        writer.key("from_user")
        writer.string(view.from)
        writer.key("to_user")
        writer.string(
            view.conversation.isGroup ? "group_\(view.conversation.group)" : view.to)
        writer.key("content")
        writer.string(view.message.content)
        writer.key("status")
        writer.word(view.status)
        writer.key("created_at")
        writer.time(view.message.time)
        writer.key("timestamp")
        writer.number(view.message.time)
        writer.endObject()
    }

    package static func conversation(_ view: ConversationView, _ writer: inout JSONWriter) {
        writer.beginObject()
        place(view.key, peer: view.peer, &writer)
        writer.key("name")
        writer.string(view.name)
        writer.key("avatar")
        writer.string(view.avatar)
        writer.key("last_message")
        writer.string(view.lastMessage)
        writer.key("last_from")
        writer.string(view.lastFrom)
        writer.key("last_time")
        writer.time(view.lastTime)
        writer.key("last_seq")
        writer.number(view.lastSequence)
        writer.key("unread")
        writer.number(view.unread)
        writer.endObject()
    }
}

extension JSONWriter {
    /// A moment as RFC 3339 text.
    package mutating func time(_ unixMilliseconds: Int64) {
        var text = ByteBuffer(capacity: 32)
        text.append(rfc3339: unixMilliseconds)
        string(text.span)
    }
}
