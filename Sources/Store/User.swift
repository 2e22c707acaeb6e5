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
    /// Tokens issued before this moment are void.
    package var tokensValidAfter: Int64
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

    /// Of the messages from `firstSequence` to `lastSequence`.
    func unread(of firstSequence: UInt32, to lastSequence: UInt32) -> UInt32 {
        let from = max(readSequence, joinedSequence, firstSequence &- 1)
        return lastSequence > from ? lastSequence - from - min(ownUnread, lastSequence - from) : 0
    }
}

/// Case folding for names and searches: two names that differ only in case, or in Unicode's
/// canonical forms, are one. Going down, up and down again joins what has two forms on either side
/// (ς and σ, ſ and s; ẞ, whose upper case is itself, and ß, whose upper case is SS).
package enum Folding {
    package static func fold(_ text: String) -> String {
        text.lowercased().uppercased().lowercased()
    }
}
