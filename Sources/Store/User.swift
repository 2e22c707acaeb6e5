// A user's row: the account, and what the user has of conversations.

/// What is known of an account; a copy that stays true to the moment it was taken at.
package struct Account: Sendable, Equatable {
    package let id: UInt32
    package let name: String
    package var nickname: String
    package var avatar: String
    package var email: String
    package var passwordHash: String
    /// Milliseconds since 1970, as all times.
    package let createdAt: Int64
    package var lastSeenAt: Int64
    package var isDisabled: Bool
    /// Tokens issued before this moment are void: those that do not name their generation.
    package var tokensValidAfter: Int64
    /// How often the password was changed. A token names the generation that it was issued in, and
    /// only the newest serves: that needs no clock, and tells two moments of one second apart.
    package var tokenGeneration: UInt32 = 0
}

/// Somebody whom a user has in his list; the other side knows nothing of it.
package struct Contact: Sendable, Equatable {
    package let user: UInt32
    package var remark: String
    package let addedAt: Int64
}

/// How far one device of a user has been served. A message counts as delivered when its id is at or
/// below the watermark; a conversation named among the exceptions has its own mark instead.
package struct DeviceCursor: Sendable, Equatable {
    package struct Exception: Sendable, Equatable {
        package var conversation: ConversationKey
        package var sequence: UInt32
        package init(conversation: ConversationKey, sequence: UInt32) {
            self.conversation = conversation
            self.sequence = sequence
        }
    }
    package var device: String
    package var watermark: UInt64 = 0
    package var exceptions: [Exception] = []
    package var lastSeenAt: Int64 = 0

    /// A device that has been served nothing yet.
    package init(device: String) { self.device = device }
}

struct User {
    var account: Account
    /// Folded forms, kept because search asks every user for them.
    var foldedNickname: String
    var recent = RecentMessageIDs()
    /// With whom there is a private conversation, in the order in which they began.
    var peers: [UInt32] = []
    /// In the order of joining.
    var groups: [UInt32] = []
    var devices: [DeviceCursor] = []
    /// In the order of adding.
    var contacts: [Contact] = []
}

/// A user's part in a conversation: a member of a group, or one side of a private talk.
package struct Participation: Sendable {
    package let user: UInt32
    /// Messages up to here were there before the user came.
    package var joinedSequence: UInt32 = 0
    package var readSequence: UInt32 = 0
    /// The user's own messages after `readSequence`, which never count as unread.
    package var ownUnread: UInt32 = 0

    package init(user: UInt32) { self.user = user }

    func unread(lastSequence: UInt32) -> UInt32 {
        let from = max(readSequence, joinedSequence)
        return lastSequence > from ? lastSequence - from - min(ownUnread, lastSequence - from) : 0
    }
}
