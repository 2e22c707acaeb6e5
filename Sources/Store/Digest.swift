// A number for all that the tables hold: equal states have equal digests, whatever way they came
// about (live, replayed, from a snapshot) and however their messages are kept (packed or not). For
// telling accidents, not forgeries.
//
// Left out: what is no state (caches, which blocks are packed, log sequence numbers).

import Base

package struct Digest: Equatable, Sendable, CustomStringConvertible {
    private var value: UInt64 = 0

    private init() {}

    /// Sixteen hexadecimal digits.
    package var description: String {
        let digits = String(value, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }

    /// Stripe by stripe; of tables that are being changed it is the digest of no one moment.
    package static func of(_ tables: Tables) -> Digest {
        var digest = Digest()
        var buffer = ByteBuffer(capacity: 1 << 16)
        for index in 0..<StripeSet.count {
            digest.add(tables.image(of: index, appended: { 0 }), tables.names, &buffer)
        }
        return digest
    }

    private mutating func add(
        _ image: StripeImage, _ names: NameTable, _ buffer: inout ByteBuffer
    ) {
        for admin in image.admins {
            buffer.append(admin: admin)
            take(&buffer)
        }
        for (number, user) in image.numberedUsers {
            let name = names[number]
            if name.isEmpty { continue }
            buffer.append(user: number, name: name, user)
            if let recent = user?.recent { buffer.append(recent: recent, of: number) }
            take(&buffer)
        }
        for case let group? in image.groups {
            buffer.append(groupFields: group)
            take(&buffer)
            add(group.conversation, &buffer)
        }
        for talk in image.talks {
            buffer.append(talkFields: talk)
            take(&buffer)
            add(talk.conversation, &buffer)
        }
    }

    private mutating func add(_ conversation: Conversation, _ buffer: inout ByteBuffer) {
        buffer.append(littleEndian: conversation.firstSequence)
        buffer.append(littleEndian: conversation.lastSequence)
        buffer.append(littleEndian: conversation.lastID)
        let cache = BlockCache(isForReaders: false)
        conversation.forEach(from: 0, cache) { message in
            buffer.append(littleEndian: message.id)
            buffer.append(littleEndian: message.sequence)
            buffer.append(littleEndian: message.time)
            buffer.append(littleEndian: message.sender)
            buffer.append(message.flags)
            buffer.append(message.msgID)
            buffer.append(message.content)
            if buffer.count >= 1 << 16 { take(&buffer) }
            return true
        }
        take(&buffer)
    }

    private mutating func take(_ buffer: inout ByteBuffer) {
        let hash = ByteHash.of(buffer.span)
        value = (value &* 0x9E37_79B9_7F4A_7C15) ^ hash
        buffer.removeAll()
    }
}
