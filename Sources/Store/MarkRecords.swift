// What reading and recalling put into the log: small marks on messages that are there.

package import Base

/// `user u32, conversation u64, sequence u32, ownUnread u32`: how far a user has read, and how many
/// messages behind that are his own.
package struct ReadMarked {
    package var user: UInt32
    package var conversation: ConversationKey
    package var sequence: UInt32
    package var ownUnread: UInt32

    package init(
        user: UInt32, conversation: ConversationKey, sequence: UInt32, ownUnread: UInt32
    ) {
        self.user = user
        self.conversation = conversation
        self.sequence = sequence
        self.ownUnread = ownUnread
    }

    package func append(to buffer: inout ByteBuffer) {
        buffer.append(littleEndian: user)
        buffer.append(littleEndian: conversation.bits)
        buffer.append(littleEndian: sequence)
        buffer.append(littleEndian: ownUnread)
    }

    package init?(_ reader: inout RecordReader) {
        user = reader.integer()
        conversation = ConversationKey(bits: reader.integer())
        sequence = reader.integer()
        ownUnread = reader.integer()
        guard reader.isGood else { return nil }
    }
}

/// `id u64, conversation u64, sequence u32, time i64`: the message keeps its place and loses its
/// content.
package struct MessageRecalled {
    package var id: UInt64
    package var conversation: ConversationKey
    package var sequence: UInt32
    package var time: Int64

    package init(id: UInt64, conversation: ConversationKey, sequence: UInt32, time: Int64) {
        self.id = id
        self.conversation = conversation
        self.sequence = sequence
        self.time = time
    }

    package func append(to buffer: inout ByteBuffer) {
        buffer.append(littleEndian: id)
        buffer.append(littleEndian: conversation.bits)
        buffer.append(littleEndian: sequence)
        buffer.append(littleEndian: time)
    }

    package init?(_ reader: inout RecordReader) {
        id = reader.integer()
        conversation = ConversationKey(bits: reader.integer())
        sequence = reader.integer()
        time = reader.integer()
        guard reader.isGood else { return nil }
    }
}

extension LockedTables {
    func apply(_ record: ReadMarked) {
        change(record.user, in: record.conversation) { part in
            part.readSequence = record.sequence
            part.ownUnread = record.ownUnread
        }
    }

    /// How many messages behind `sequence` are the user's own, when he has read up to there.
    package func ownUnread(
        of user: UInt32, in key: ConversationKey, readUpTo sequence: UInt32
    ) -> UInt32 {
        let last = state(of: key).lastSequence
        guard let part = participation(of: user, in: key), sequence < last else { return 0 }
        let old = part.readSequence
        // Counts on the shorter side of the new mark: together, the marks of a conversation cost
        // no more than its messages.
        if sequence > old, sequence - old < last - sequence {
            let passed = ownMessages(of: user, in: key, from: old + 1, to: sequence)
            return part.ownUnread - min(passed, part.ownUnread)
        }
        return ownMessages(of: user, in: key, from: sequence + 1, to: last)
    }

    private func ownMessages(
        of user: UInt32, in key: ConversationKey, from first: UInt32, to last: UInt32
    ) -> UInt32 {
        var count: UInt32 = 0
        forEachMessage(of: key, from: first) { message in
            if message.sequence > last { return false }
            if message.sender == user { count += 1 }
            return true
        }
        return count
    }
}
