// The record by which retention lets messages go: conversations of one stripe, and the first
// message that each of them keeps. Replay drops the same ones, whatever the policy says by then.

import Base

/// `count u32, count × (conversation u64, first kept sequence u32)`
package struct MessagesDropped {
    package struct Drop: Equatable, Sendable {
        package let conversation: ConversationKey
        package let firstKept: UInt32
    }

    /// Of one stripe, at least one.
    package let drops: [Drop]

    /// Most conversations of one record.
    static let dropsMax = 4_096
    private static let dropBytes = 12

    init(_ drops: [Drop]) { self.drops = drops }

    var bytes: Int { 4 + drops.count * Self.dropBytes }

    func append(to buffer: inout ByteBuffer) {
        buffer.append(littleEndian: UInt32(drops.count))
        for drop in drops {
            buffer.append(littleEndian: drop.conversation.bits)
            buffer.append(littleEndian: drop.firstKept)
        }
    }

    init?(_ reader: inout RecordReader) {
        let count: UInt32 = reader.integer()
        guard reader.isGood, count > 0, count <= Self.dropsMax,
            reader.left >= Int(count) * Self.dropBytes
        else { return nil }
        var drops: [Drop] = []
        drops.reserveCapacity(Int(count))
        for _ in 0..<count {
            drops.append(
                Drop(
                    conversation: ConversationKey(bits: reader.integer()),
                    firstKept: reader.integer()))
        }
        guard reader.isGood, let first = drops.first,
            drops.allSatisfy({ $0.conversation.stripe == first.conversation.stripe })
        else { return nil }
        self.drops = drops
    }

    var stripes: StripeSet { drops.first.map { .conversation($0.conversation) } ?? [] }
}

extension LockedTables {
    func apply(_ record: MessagesDropped) {
        for drop in record.drops {
            let key = drop.conversation
            let cache = cache(of: key)
            var own: [UInt32: UInt32] = [:]
            let parts = parts(of: key)
            _ = change(key) { conversation in
                conversation.drop(before: drop.firstKept, cache) { message in
                    // Own messages behind the read mark are counted; what goes is not any more.
                    guard let part = parts(message.sender) else { return }
                    if message.sequence > part.readSequence {
                        own[message.sender, default: 0] += 1
                    }
                }
            }
            for (user, count) in own {
                change(user, in: key) { $0.ownUnread -= min($0.ownUnread, count) }
            }
            if let block = firstPlainBlock(of: key) {
                let slot = unsafe slot(key.stripe)
                unsafe slot.pointee.stripe.unpacked.append(block)
            }
        }
    }

    private func parts(of key: ConversationKey) -> (UInt32) -> Participation? {
        var known: [UInt32: Participation?] = [:]
        return { user in
            if let part = known[user] { return part }
            let part = participation(of: user, in: key)
            known[user] = .some(part)
            return part
        }
    }

    /// A block that was cut in two is another one now.
    private func firstPlainBlock(of key: ConversationKey) -> PlainBlock? {
        let first = change(key) { $0.sealed.first } ?? nil
        guard let first, !first.isPacked else { return nil }
        return PlainBlock(conversation: key, firstSequence: first.firstSequence)
    }
}
