// The rows of a stripe as bytes, one item each: what a snapshot holds inside its frames.
//
//     item   length of the payload u32 │ kind u8 │ payload
//
//     1 user     number u32, name, isThere u8; where 1: nickname, avatar, email, password hash,
//                created i64, last seen i64, isDisabled u8, tokens valid after i64,
//                list of peers u32, list of groups u32,
//                list of (device, watermark u64, last seen i64,
//                         list of (conversation u64, sequence u32)),
//                token generation u32, list of (contact u32, remark, added i64)
//     2 recent   number u32, list of (hash u64, target u32, sequence u32), the oldest first
//     3 group    number u32, name, notice, members at most u32, created i64, isDissolved u8,
//                list of (part, role u8, joined i64), conversation
//     4 talk     conversation's key u64, two parts, conversation
//     5 block    first sequence u32, entries (StoredMessage.swift)
//     6 packed   first sequence u32, columns (PackedMessages.swift)
//     7 tail     first sequence u32, entries
//     8 admin    name, password hash, created i64
//
//     part           user u32, joined u32, read u32, own unread u32
//     conversation   first sequence u32, last sequence u32, last id u64, blocks u32, tails u32;
//                    that many items of kinds 5 and 6, then 7, follow
//
// Text is a length u32 and UTF-8; a list is its count u32 and its elements. A later version may add
// fields behind the last one of an item, and kinds.

import Base

enum SnapshotItem: UInt8 {
    case user = 1
    case recent = 2
    case group = 3
    case talk = 4
    case block = 5
    case packed = 6
    case tail = 7
    case admin = 8

    static let headerBytes = 5
}

extension ByteBuffer {
    /// Appends an item around what `body` appends.
    mutating func append(item kind: SnapshotItem, _ body: (inout ByteBuffer) -> Void) {
        let start = count
        append(littleEndian: UInt32(0))
        append(kind.rawValue)
        body(&self)
        let length = count - start - SnapshotItem.headerBytes
        set(littleEndian: UInt32(truncatingIfNeeded: length), at: start)
    }

    mutating func append(user number: UInt32, name: String, _ user: User?) {
        append(item: .user) { buffer in
            buffer.append(littleEndian: number)
            buffer.append(recordText: name)
            buffer.append(user == nil ? 0 : 1)
            guard let user else { return }
            buffer.append(account: user.account)
            buffer.append(list: user.peers) { $0.append(littleEndian: $1) }
            buffer.append(list: user.groups) { $0.append(littleEndian: $1) }
            buffer.append(list: user.devices) { $0.append(device: $1) }
            buffer.append(littleEndian: user.account.tokenGeneration)
            buffer.append(list: user.contacts) { buffer, contact in
                buffer.append(littleEndian: contact.user)
                buffer.append(recordText: contact.remark)
                buffer.append(littleEndian: contact.addedAt)
            }
        }
    }

    private mutating func append(account: Account) {
        append(recordText: account.nickname)
        append(recordText: account.avatar)
        append(recordText: account.email)
        append(recordText: account.passwordHash)
        append(littleEndian: account.createdAt)
        append(littleEndian: account.lastSeenAt)
        append(account.isDisabled ? 1 : 0)
        append(littleEndian: account.tokensValidAfter)
    }

    private mutating func append(device: DeviceCursor) {
        append(recordText: device.device)
        append(littleEndian: device.watermark)
        append(littleEndian: device.lastSeenAt)
        append(list: device.exceptions) { buffer, exception in
            buffer.append(littleEndian: exception.conversation.bits)
            buffer.append(littleEndian: exception.sequence)
        }
    }

    mutating func append(recent: RecentMessageIDs, of user: UInt32) {
        append(item: .recent) { buffer in
            buffer.append(littleEndian: user)
            buffer.append(littleEndian: UInt32(recent.count))
            recent.visit { use in
                buffer.append(littleEndian: use.hash)
                buffer.append(littleEndian: use.target)
                buffer.append(littleEndian: use.sequence)
            }
        }
    }

    mutating func append(group: Group) {
        append(item: .group) { buffer in
            buffer.append(groupFields: group)
            buffer.append(head: group.conversation)
        }
    }

    /// All but the messages.
    mutating func append(groupFields group: Group) {
        append(littleEndian: group.id)
        append(recordText: group.name)
        append(recordText: group.notice)
        append(littleEndian: group.membersMax)
        append(littleEndian: group.createdAt)
        append(group.isDissolved ? 1 : 0)
        append(list: group.members.all) { buffer, member in
            buffer.append(part: member.part)
            buffer.append(member.role.rawValue)
            buffer.append(littleEndian: member.joinedAt)
        }
    }

    mutating func append(talk: PrivateTalk) {
        append(item: .talk) { buffer in
            buffer.append(talkFields: talk)
            buffer.append(head: talk.conversation)
        }
    }

    /// All but the messages.
    mutating func append(talkFields talk: PrivateTalk) {
        append(littleEndian: talk.key.bits)
        append(part: talk.smaller)
        append(part: talk.larger)
    }

    mutating func append(admin: Admin) {
        append(item: .admin) { buffer in
            buffer.append(recordText: admin.name)
            buffer.append(recordText: admin.passwordHash)
            buffer.append(littleEndian: admin.createdAt)
        }
    }

    mutating func append(block: SealedBlock) {
        switch block.form {
        case .plain(let page, let used):
            append(item: .block) { buffer in
                buffer.append(littleEndian: block.firstSequence)
                page.withBytes(0..<used) { buffer.append($0) }
            }
        case .packed(let packed):
            append(item: .packed) { buffer in
                buffer.append(littleEndian: block.firstSequence)
                buffer.append(packed.bytes.span)
            }
        }
    }

    mutating func append(tail: MessageTail) {
        append(item: .tail) { buffer in
            buffer.append(littleEndian: tail.firstSequence)
            tail.page.withBytes(0..<tail.used) { buffer.append($0) }
        }
    }

    private mutating func append(part: Participation) {
        append(littleEndian: part.user)
        append(littleEndian: part.joinedSequence)
        append(littleEndian: part.readSequence)
        append(littleEndian: part.ownUnread)
    }

    private mutating func append(head conversation: Conversation) {
        append(littleEndian: conversation.firstSequence)
        append(littleEndian: conversation.lastSequence)
        append(littleEndian: conversation.lastID)
        append(littleEndian: UInt32(conversation.sealed.count))
        append(littleEndian: UInt32(conversation.tail == nil ? 0 : 1))
    }

    private mutating func append<Element>(
        list: [Element], _ each: (inout ByteBuffer, Element) -> Void
    ) {
        append(littleEndian: UInt32(list.count))
        for element in list { each(&self, element) }
    }
}

extension StripeImage {
    /// Hands the stripe's items on, one call a row or block: `body` may take what is in the buffer
    /// whenever it is called.
    func encode<E: Error>(
        names: NameTable, into buffer: inout ByteBuffer,
        _ body: (inout ByteBuffer) throws(E) -> Void
    ) throws(E) {
        for admin in admins { buffer.append(admin: admin) }
        for (number, user) in numberedUsers {
            let name = names[number]
            // A number that was never given: row 0 of the first stripe is nobody.
            if name.isEmpty { continue }
            buffer.append(user: number, name: name, user)
            if let recent = user?.recent, recent.count > 0 {
                buffer.append(recent: recent, of: number)
            }
            try body(&buffer)
        }
        for case let group? in groups {
            buffer.append(group: group)
            try encode(group.conversation, into: &buffer, body)
        }
        for talk in talks {
            buffer.append(talk: talk)
            try encode(talk.conversation, into: &buffer, body)
        }
    }

    /// The users' rows with their numbers.
    var numberedUsers: some Sequence<(UInt32, User?)> {
        users.lazy.enumerated().map { row, user in
            (UInt32(row * StripeSet.count + index), user)
        }
    }

    private func encode<E: Error>(
        _ conversation: Conversation, into buffer: inout ByteBuffer,
        _ body: (inout ByteBuffer) throws(E) -> Void
    ) throws(E) {
        for block in conversation.sealed {
            buffer.append(block: block)
            try body(&buffer)
        }
        if let tail = conversation.tail { buffer.append(tail: tail) }
        try body(&buffer)
    }
}
