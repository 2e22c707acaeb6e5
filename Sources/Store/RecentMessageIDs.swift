// The msg_ids that a sender used lately, so that sending again is safe. The last 10,000 are kept
// (SPEC: at least 24 hours or 10,000 ids, whichever is less), in the order of use; a hash of the
// text leads to the conversation and number, and the stored message itself tells whether it is the
// same.
//
// Invariant: buckets is a table of positions + 1 in the ring, by linear probing; 0 is free. Beside
// the position stand 16 bits of the hash, so that a probe of another id's bucket does not touch the
// ring. 16 bytes an id, and 5 to 11 for its buckets.

import Base

package struct RecentMessageIDs {
    package static let idsMax = 10_000

    package struct Use {
        package var hash: UInt64
        /// The other user, or the group with the top bit set: a sender's own name for his targets.
        package var target: UInt32
        package var sequence: UInt32

        package init(hash: UInt64, target: UInt32, sequence: UInt32) {
            self.hash = hash
            self.target = target
            self.sequence = sequence
        }
    }

    private var ring: [Use] = []
    private var oldest = 0
    private var buckets: [UInt32] = []

    package init() {}

    /// The target's name in a `Use`.
    static func target(of key: ConversationKey, sender: UInt32) -> UInt32 {
        key.isGroup ? key.group | 0x8000_0000 : key.peer(of: sender)
    }

    static func hash(_ text: Span<UInt8>) -> UInt64 {
        ByteHash.of(text)
    }

    private static func tag(_ hash: UInt64) -> UInt32 { UInt32(truncatingIfNeeded: hash >> 48) }

    /// The position that a bucket names; -1 for a free one.
    private static func position(_ bucket: UInt32) -> Int { Int(bucket & 0xffff) - 1 }

    package func find(_ hash: UInt64) -> Use? {
        guard !buckets.isEmpty else { return nil }
        let mask = buckets.count - 1
        var place = Int(truncatingIfNeeded: hash) & mask
        var found: Use?
        while buckets[place] != 0 {
            if buckets[place] >> 16 == Self.tag(hash) {
                let use = ring[Self.position(buckets[place])]
                if use.hash == hash {
                    found = use
                    break
                }
            }
            place = (place + 1) & mask
        }
        return found
    }

    package mutating func insert(_ use: Use) {
        if ring.count < Self.idsMax {
            if ring.count == ring.capacity {
                // By a quarter: doubling would leave half of it empty, for every sender.
                ring.reserveCapacity(min(Self.idsMax, ring.count + max(4, ring.count / 4)))
            }
            ring.append(use)
            if ring.count * 4 > buckets.count * 3 { rebuild() } else { link(ring.count - 1) }
            return
        }
        unlink(oldest)
        ring[oldest] = use
        link(oldest)
        oldest = (oldest + 1) % Self.idsMax
    }

    /// All uses in their order, the oldest first.
    func visit(_ body: (Use) -> Void) {
        for offset in ring.indices { body(ring[(oldest + offset) % ring.count]) }
    }

    var count: Int { ring.count }

    /// What a snapshot holds: uses in their order.
    init(restoring uses: [Use]) {
        ring = uses
        var size = 4
        while uses.count * 4 > size * 3 { size *= 2 }
        if !uses.isEmpty {
            buckets = Array(repeating: 0, count: size)
            for position in ring.indices { link(position) }
        }
    }

    private mutating func rebuild() {
        buckets = Array(repeating: 0, count: max(4, buckets.count * 2))
        for position in ring.indices { link(position) }
    }

    private mutating func link(_ position: Int) {
        let mask = buckets.count - 1
        var place = Int(truncatingIfNeeded: ring[position].hash) & mask
        while buckets[place] != 0 { place = (place + 1) & mask }
        buckets[place] = Self.tag(ring[position].hash) << 16 | UInt32(position + 1)
    }

    /// Takes a position out of the buckets and moves back what the hole would hide.
    private mutating func unlink(_ position: Int) {
        let mask = buckets.count - 1
        var place = Int(truncatingIfNeeded: ring[position].hash) & mask
        while Self.position(buckets[place]) != position {
            if buckets[place] == 0 { return }
            place = (place + 1) & mask
        }
        var hole = place
        var next = (place + 1) & mask
        while buckets[next] != 0 {
            let home = Int(truncatingIfNeeded: ring[Self.position(buckets[next])].hash) & mask
            if (next &- home) & mask >= (next &- hole) & mask {
                buckets[hole] = buckets[next]
                hole = next
            }
            next = (next + 1) & mask
        }
        buckets[hole] = 0
    }
}
