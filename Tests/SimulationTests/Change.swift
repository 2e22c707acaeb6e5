// One change of the server's state, in the words of the test: what the model goes by, and the
// record that the log has to hold for it, byte by byte.

import Base
import Store

/// A conversation: two users, the smaller number first, or a group.
enum Talk: Hashable {
    case pair(UInt32, UInt32)
    case group(UInt32)

    static func between(_ a: UInt32, _ b: UInt32) -> Talk { .pair(min(a, b), max(a, b)) }

    var key: ConversationKey {
        switch self {
        case .pair(let a, let b): ConversationKey(a, b)
        case .group(let group): ConversationKey(group: group)
        }
    }
}

struct Message: Equatable {
    var id: UInt64
    var sequence: UInt32
    var time: Int64
    var sender: UInt32
    /// Empty: the server makes one.
    var msgID: String
    var content: [UInt8]
}

struct CursorMove {
    var user: UInt32
    var device: String
    var watermark: UInt64
    var exceptions: [(talk: Talk, sequence: UInt32)]
    var merges: Bool
    var time: Int64
}

enum Change {
    case user(number: UInt32, name: String, nickname: String, hash: String, time: Int64)
    case profile(user: UInt32, nickname: String, avatar: String, email: String)
    case group(
        number: UInt32, owner: UInt32, name: String, notice: String, membersMax: UInt32,
        time: Int64)
    case joined(group: UInt32, user: UInt32, time: Int64, sequence: UInt32)
    case left(group: UInt32, user: UInt32, heir: UInt32, dissolves: Bool)
    case message(Message, in: Talk)
    case cursor(CursorMove)
}

/// A record as it lies in the log.
struct StoredRecord: Equatable {
    var kind: UInt8
    var payload: [UInt8]
}

extension Change {
    var record: StoredRecord {
        var bytes = ByteBuffer(capacity: 256)
        let kind: RecordKind
        switch self {
        case .user(let number, let name, let nickname, let hash, let time):
            kind = .userCreated
            UserCreated(
                user: number, createdAt: time, name: name, nickname: nickname, passwordHash: hash
            ).append(to: &bytes)
        case .profile(let user, let nickname, let avatar, let email):
            kind = .profileChanged
            ProfileChanged(user: user, nickname: nickname, avatar: avatar, email: email)
                .append(to: &bytes)
        case .group(let number, let owner, let name, let notice, let membersMax, let time):
            kind = .groupCreated
            GroupCreated(
                group: number, owner: owner, createdAt: time, membersMax: membersMax, name: name,
                notice: notice
            ).append(to: &bytes)
        case .joined(let group, let user, let time, let sequence):
            kind = .memberJoined
            MemberJoined(group: group, user: user, time: time, joinedSequence: sequence)
                .append(to: &bytes)
        case .left(let group, let user, let heir, let dissolves):
            kind = .memberLeft
            MemberLeft(group: group, user: user, newOwner: heir, dissolved: dissolves)
                .append(to: &bytes)
        case .message(let message, let talk):
            kind = .messageSent
            MessageSent.append(
                to: &bytes, time: message.time, conversation: talk.key, sender: message.sender,
                msgID: message.msgID.utf8.span, content: message.content.span)
            MessageSent.assign(id: message.id, in: &bytes)
            MessageSent.assign(sequence: message.sequence, in: &bytes)
        case .cursor(let move):
            kind = .cursorMoved
            move.record.append(to: &bytes)
        }
        return StoredRecord(kind: kind.rawValue, payload: Array(copying: bytes.span))
    }

    /// The stripes that applying the record touches.
    var stripes: StripeSet {
        switch self {
        case .user(let number, _, _, _, _): .user(number)
        case .profile(let user, _, _, _): .user(user)
        case .group(let number, let owner, _, _, _, _): .group(number) + .user(owner)
        case .joined(let group, let user, _, _): .group(group) + .user(user)
        case .left(let group, let user, _, _): .group(group) + .user(user)
        case .message(let message, .group(let group)): .group(group) + .user(message.sender)
        case .message(_, .pair(let a, let b)): .user(a) + .user(b)
        case .cursor(let move): .user(move.user)
        }
    }
}

extension CursorMove {
    var record: CursorMoved {
        CursorMoved(
            user: user, lastSeenAt: time, watermark: watermark, merges: merges, device: device,
            exceptions: exceptions.map {
                DeviceCursor.Exception(conversation: $0.talk.key, sequence: $0.sequence)
            })
    }
}

extension Array<UInt8> {
    init(copying bytes: Span<UInt8>) {
        self = unsafe bytes.withUnsafeBufferPointer { unsafe Array($0) }
    }
}
