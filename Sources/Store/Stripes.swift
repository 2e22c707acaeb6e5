// How the tables are striped, and the one lock order.
//
// Every user, group and conversation lives in one of 64 stripes; a stripe has one lock. A command
// names the stripes that it touches, as a set of 64 bits; they are locked together, in ascending
// order, for the whole command:
//
//     stripe 0 < stripe 1 < … < stripe 63 < the name table's own lock < the log's lock < the hub's
//
// Nothing is ever locked in another order, and no lock is held during I/O or a callback.
//
//     user u              stripe of u
//     private talk (u,v)  stripe of min(u, v): with both of its users it never needs a third stripe
//     group g and its talk  stripe of g

package struct StripeSet: Sendable {
    var bits: UInt64

    static let count = 64

    /// Every stripe, for what concerns many users at once.
    package static let all = StripeSet(bits: .max)

    static func index(ofUser user: UInt32) -> Int { Int(user) & (count - 1) }

    /// Groups start half way round, so that user 1 and group 1 do not share a lock.
    static func index(ofGroup group: UInt32) -> Int { (Int(group) + count / 2) & (count - 1) }

    package static func user(_ user: UInt32) -> StripeSet {
        StripeSet(bits: 1 << UInt64(index(ofUser: user)))
    }

    package static func group(_ group: UInt32) -> StripeSet {
        StripeSet(bits: 1 << UInt64(index(ofGroup: group)))
    }

    package static func conversation(_ key: ConversationKey) -> StripeSet {
        StripeSet(bits: 1 << UInt64(key.stripe))
    }

    package static func + (a: StripeSet, b: StripeSet) -> StripeSet {
        StripeSet(bits: a.bits | b.bits)
    }

    func contains(_ index: Int) -> Bool { bits & (1 << UInt64(index)) != 0 }
}

/// Names a conversation: two users, or a group.
///
///     private  0 │ smaller user (31 bits) │ larger user (32 bits)
///     group    1 │ zero                   │ group (32 bits)
package struct ConversationKey: Hashable, Sendable {
    package let bits: UInt64

    package init(bits: UInt64) { self.bits = bits }

    package init(_ a: UInt32, _ b: UInt32) { bits = UInt64(min(a, b)) << 32 | UInt64(max(a, b)) }

    package init(group: UInt32) { bits = 1 << 63 | UInt64(group) }

    package var isGroup: Bool { bits >> 63 == 1 }
    package var group: UInt32 { UInt32(truncatingIfNeeded: bits) }
    /// The users of a private conversation; the same twice for notes to oneself.
    package var users: (smaller: UInt32, larger: UInt32) {
        (UInt32(truncatingIfNeeded: bits >> 32), UInt32(truncatingIfNeeded: bits))
    }

    /// The other user of a private conversation.
    package func peer(of user: UInt32) -> UInt32 {
        users.smaller == user ? users.larger : users.smaller
    }

    var stripe: Int {
        isGroup ? StripeSet.index(ofGroup: group) : StripeSet.index(ofUser: users.smaller)
    }
}
