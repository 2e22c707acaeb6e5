// Makes messages small that nobody has asked for lately: a sealed block is packed when it was read
// by nobody between two passes. The work is done without a lock; under it only references change
// hands.

import Base

/// A sealed block that is not packed, by its place.
struct PlainBlock {
    let conversation: ConversationKey
    let firstSequence: UInt32
}

extension Tables {
    /// Blocks whose packing may stand between two chances for others to have the lock.
    private static let blocksAtOnce = 64

    /// One pass over a stripe. Returns the bytes that it saved.
    /// - Parameter all: also what was read lately.
    package func pack(stripe index: Int, all: Bool) -> Int {
        let set = StripeSet(bits: 1 << UInt64(index))
        var reading = Reading()
        var waiting = withLocked(set, &reading) { $0.takePlainBlocks(index) }
        var saved = 0
        while !waiting.isEmpty {
            let some = Array(waiting.suffix(Self.blocksAtOnce))
            waiting.removeLast(some.count)
            let found = withLocked(set, &reading) { locked in
                some.compactMap { locked.coldBlock($0, all: all) }
            }
            let packed = found.map { ($0.0, $0.1, $0.1.packed()) }
            saved += withLocked(set, &reading) { locked in
                var saved = 0
                for (key, old, new) in packed {
                    if locked.change(key, { $0.replace(old, by: new) }) ?? false {
                        saved += old.bytes - new.bytes
                    }
                }
                return saved
            }
        }
        return saved
    }
}

extension LockedTables {
    /// Also forgets what was unpacked for readers: it comes back when it is asked for again.
    fileprivate func takePlainBlocks(_ index: Int) -> [PlainBlock] {
        let slot = unsafe slot(index)
        unsafe slot.pointee.stripe.cache.clear()
        let blocks = unsafe slot.pointee.stripe.unpacked
        unsafe slot.pointee.stripe.unpacked = []
        return blocks
    }

    /// The block, when it may be packed; one that was read lately waits for the next pass.
    fileprivate func coldBlock(
        _ plain: PlainBlock, all: Bool
    ) -> (ConversationKey, SealedBlock)? {
        let key = plain.conversation
        let found = change(key) { $0.block(from: plain.firstSequence) } ?? nil
        guard let block = found, !block.isPacked else { return nil }
        if all || !block.isRead { return (key, block) }
        block.isRead = false
        let slot = unsafe slot(key.stripe)
        unsafe slot.pointee.stripe.unpacked.append(plain)
        return nil
    }
}
