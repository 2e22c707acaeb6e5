// What each kind of record holds. A record carries everything that applying it needs: ids and times
// are in it, and apply reads no clock, no random source and no configuration. All numbers are
// little-endian; text is a length and UTF-8.

package import Base

package enum RecordKind: UInt8, Sendable {
    case userCreated = 1
    case profileChanged = 2
    case messageSent = 3
    case groupCreated = 4
    case memberJoined = 5
    case memberLeft = 6
    case cursorMoved = 7
    case adminCreated = 8
    case passwordChanged = 20
    case contactSet = 21
    case contactRemoved = 22
    case readMarked = 23
    case groupChanged = 24
    case groupDissolved = 25
    case messageRecalled = 26
}

/// `user u32, createdAt i64, name, nickname, passwordHash`
package struct UserCreated {
    package var user: UInt32
    package var createdAt: Int64
    package var name: String
    package var nickname: String
    package var passwordHash: String

    package init(
        user: UInt32, createdAt: Int64, name: String, nickname: String, passwordHash: String
    ) {
        self.user = user
        self.createdAt = createdAt
        self.name = name
        self.nickname = nickname
        self.passwordHash = passwordHash
    }

    package func append(to buffer: inout ByteBuffer) {
        buffer.append(littleEndian: user)
        buffer.append(littleEndian: createdAt)
        buffer.append(recordText: name)
        buffer.append(recordText: nickname)
        buffer.append(recordText: passwordHash)
    }

    init?(_ reader: inout RecordReader) {
        user = reader.integer()
        createdAt = reader.integer()
        name = reader.text()
        nickname = reader.text()
        passwordHash = reader.text()
        guard reader.isGood, user > 0, user <= NameTable.usersMax else { return nil }
    }
}

/// `user u32, nickname, avatar, email`
package struct ProfileChanged {
    package var user: UInt32
    package var nickname: String
    package var avatar: String
    package var email: String

    package init(user: UInt32, nickname: String, avatar: String, email: String) {
        self.user = user
        self.nickname = nickname
        self.avatar = avatar
        self.email = email
    }

    package func append(to buffer: inout ByteBuffer) {
        buffer.append(littleEndian: user)
        buffer.append(recordText: nickname)
        buffer.append(recordText: avatar)
        buffer.append(recordText: email)
    }

    init?(_ reader: inout RecordReader) {
        user = reader.integer()
        nickname = reader.text()
        avatar = reader.text()
        email = reader.text()
        guard reader.isGood else { return nil }
    }
}

/// `id u64, time i64, conversation u64, sequence u32, sender u32, msg_id, content`. An empty
/// msg_id is one that the server made; its text follows from the id.
package struct MessageSent: ~Escapable {
    package let id: UInt64
    package let time: Int64
    package let conversation: ConversationKey
    package let sequence: UInt32
    package let sender: UInt32
    package let msgID: Span<UInt8>
    package let content: Span<UInt8>

    /// Appends a record whose id and sequence are set later, by `assign`.
    package static func append(
        to buffer: inout ByteBuffer, time: Int64, conversation: ConversationKey, sender: UInt32,
        msgID: Span<UInt8>, content: Span<UInt8>
    ) {
        buffer.append(littleEndian: UInt64(0))
        buffer.append(littleEndian: time)
        buffer.append(littleEndian: conversation.bits)
        buffer.append(littleEndian: UInt32(0))
        buffer.append(littleEndian: sender)
        buffer.append(littleEndian: UInt32(truncatingIfNeeded: msgID.count))
        buffer.append(msgID)
        buffer.append(littleEndian: UInt32(truncatingIfNeeded: content.count))
        buffer.append(content)
    }

    package static func assign(id: UInt64, in buffer: inout ByteBuffer) {
        buffer.set(littleEndian: id, at: 0)
    }

    package static func assign(sequence: UInt32, in buffer: inout ByteBuffer) {
        buffer.set(littleEndian: sequence, at: 24)
    }

    @_lifetime(copy reader)
    init?(_ reader: inout RecordReader) {
        let id: UInt64 = reader.integer()
        let time: Int64 = reader.integer()
        let conversation = ConversationKey(bits: reader.integer())
        let sequence: UInt32 = reader.integer()
        let sender: UInt32 = reader.integer()
        let msgID = reader.bytes()
        let content = reader.bytes()
        guard reader.isGood, id > 0, sequence > 0, msgID.count <= 255 else { return nil }
        self.id = id
        self.time = time
        self.conversation = conversation
        self.sequence = sequence
        self.sender = sender
        self.msgID = msgID
        self.content = content
    }
}

/// `group u32, owner u32, createdAt i64, membersMax u32, name, notice`
package struct GroupCreated {
    package var group: UInt32
    package var owner: UInt32
    package var createdAt: Int64
    package var membersMax: UInt32
    package var name: String
    package var notice: String

    package init(
        group: UInt32, owner: UInt32, createdAt: Int64, membersMax: UInt32, name: String,
        notice: String
    ) {
        self.group = group
        self.owner = owner
        self.createdAt = createdAt
        self.membersMax = membersMax
        self.name = name
        self.notice = notice
    }

    package func append(to buffer: inout ByteBuffer) {
        buffer.append(littleEndian: group)
        buffer.append(littleEndian: owner)
        buffer.append(littleEndian: createdAt)
        buffer.append(littleEndian: membersMax)
        buffer.append(recordText: name)
        buffer.append(recordText: notice)
    }

    init?(_ reader: inout RecordReader) {
        group = reader.integer()
        owner = reader.integer()
        createdAt = reader.integer()
        membersMax = reader.integer()
        name = reader.text()
        notice = reader.text()
        guard reader.isGood, group > 0, group <= Group.numberMax else { return nil }
    }
}

/// `group u32, user u32, time i64, joinedSequence u32`: what lies before `joinedSequence` is
/// history.
package struct MemberJoined {
    package var group: UInt32
    package var user: UInt32
    package var time: Int64
    package var joinedSequence: UInt32

    package init(group: UInt32, user: UInt32, time: Int64, joinedSequence: UInt32) {
        self.group = group
        self.user = user
        self.time = time
        self.joinedSequence = joinedSequence
    }

    package func append(to buffer: inout ByteBuffer) {
        buffer.append(littleEndian: group)
        buffer.append(littleEndian: user)
        buffer.append(littleEndian: time)
        buffer.append(littleEndian: joinedSequence)
    }

    init?(_ reader: inout RecordReader) {
        group = reader.integer()
        user = reader.integer()
        time = reader.integer()
        joinedSequence = reader.integer()
        guard reader.isGood else { return nil }
    }
}

/// `group u32, user u32, newOwner u32` (0: the owner stays) `, dissolved u8` (1: nobody is left)
package struct MemberLeft {
    package var group: UInt32
    package var user: UInt32
    package var newOwner: UInt32
    package var dissolved: Bool

    package init(group: UInt32, user: UInt32, newOwner: UInt32, dissolved: Bool) {
        self.group = group
        self.user = user
        self.newOwner = newOwner
        self.dissolved = dissolved
    }

    package func append(to buffer: inout ByteBuffer) {
        buffer.append(littleEndian: group)
        buffer.append(littleEndian: user)
        buffer.append(littleEndian: newOwner)
        buffer.append(dissolved ? 1 : 0)
    }

    init?(_ reader: inout RecordReader) {
        group = reader.integer()
        user = reader.integer()
        newOwner = reader.integer()
        dissolved = (reader.integer() as UInt8) != 0
        guard reader.isGood else { return nil }
    }
}

/// `user u32, lastSeenAt i64, watermark u64, merges u8, device, count u32, count × (conversation
/// u64, sequence u32)`. Without `merges` the exceptions replace the ones of before; with it they
/// are added (a client that acknowledges by itself moves one conversation at a time).
package struct CursorMoved {
    package var user: UInt32
    package var lastSeenAt: Int64
    package var watermark: UInt64
    package var merges: Bool
    package var device: String
    package var exceptions: [DeviceCursor.Exception]

    package init(
        user: UInt32, lastSeenAt: Int64, watermark: UInt64, merges: Bool, device: String,
        exceptions: [DeviceCursor.Exception]
    ) {
        self.user = user
        self.lastSeenAt = lastSeenAt
        self.watermark = watermark
        self.merges = merges
        self.device = device
        self.exceptions = exceptions
    }

    package var bytesMax: Int { 64 + device.utf8.count + exceptions.count * 12 }

    package func append(to buffer: inout ByteBuffer) {
        buffer.append(littleEndian: user)
        buffer.append(littleEndian: lastSeenAt)
        buffer.append(littleEndian: watermark)
        buffer.append(merges ? 1 : 0)
        buffer.append(recordText: device)
        buffer.append(littleEndian: UInt32(exceptions.count))
        for exception in exceptions {
            buffer.append(littleEndian: exception.conversation.bits)
            buffer.append(littleEndian: exception.sequence)
        }
    }

    init?(_ reader: inout RecordReader) {
        user = reader.integer()
        lastSeenAt = reader.integer()
        watermark = reader.integer()
        merges = (reader.integer() as UInt8) != 0
        device = reader.text()
        let count: UInt32 = reader.integer()
        exceptions = []
        for _ in 0..<count {
            // A count that is not true is not counted to its end.
            guard reader.isGood else { return nil }
            exceptions.append(
                DeviceCursor.Exception(
                    conversation: ConversationKey(bits: reader.integer()),
                    sequence: reader.integer()))
        }
        guard reader.isGood else { return nil }
    }
}
