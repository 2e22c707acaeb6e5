// A hash map from integers to small integers: open addressing, linear probing, deletion by moving
// back, so there are no tombstones. Three to five times quicker than Dictionary for the tables that
// are asked several times a message, and it grows in one piece of memory.
//
// Keys come from our own counters (user, group, slot numbers), never from a client, so a fixed hash
// cannot be attacked. Limit: 2^31 entries. One key is reserved: `UInt64.max`.

package struct IntegerMap {
    private var keys: [UInt64]
    private var values: [UInt32]
    private var mask: Int
    package private(set) var count = 0

    private static var free: UInt64 { .max }

    package init() {
        keys = []
        values = []
        mask = -1
    }

    package var isEmpty: Bool { count == 0 }

    private func home(_ key: UInt64) -> Int {
        Int(truncatingIfNeeded: (key &* 0x9E37_79B9_7F4A_7C15) >> 32) & mask
    }

    package subscript(key: UInt64) -> UInt32? {
        get {
            guard count > 0 else { return nil }
            var place = home(key)
            while true {
                let found = keys[place]
                if found == key { return values[place] }
                if found == Self.free { return nil }
                place = (place + 1) & mask
            }
        }
        set {
            if let newValue { insert(key, newValue) } else { remove(key) }
        }
    }

    private mutating func insert(_ key: UInt64, _ value: UInt32) {
        precondition(key != Self.free, "the reserved key")
        if (count + 1) * 4 > (mask + 1) * 3 { grow() }
        var place = home(key)
        while keys[place] != Self.free {
            if keys[place] == key {
                values[place] = value
                return
            }
            place = (place + 1) & mask
        }
        keys[place] = key
        values[place] = value
        count += 1
    }

    private mutating func grow() {
        let oldKeys = keys
        let oldValues = values
        let size = max(8, (mask + 1) * 2)
        keys = Array(repeating: Self.free, count: size)
        values = Array(repeating: 0, count: size)
        mask = size - 1
        count = 0
        for (index, key) in oldKeys.enumerated() where key != Self.free {
            insert(key, oldValues[index])
        }
    }

    private mutating func remove(_ key: UInt64) {
        guard count > 0 else { return }
        var place = home(key)
        while keys[place] != key {
            if keys[place] == Self.free { return }
            place = (place + 1) & mask
        }
        count -= 1
        // Moves back what would no longer be found behind the hole.
        var hole = place
        var next = (place + 1) & mask
        while keys[next] != Self.free {
            let wanted = home(keys[next])
            if (next &- wanted) & mask >= (next &- hole) & mask {
                keys[hole] = keys[next]
                values[hole] = values[next]
                hole = next
            }
            next = (next + 1) & mask
        }
        keys[hole] = Self.free
    }

    /// Every entry, in no particular order.
    package func visit(_ body: (UInt64, UInt32) -> Void) {
        for (place, key) in keys.enumerated() where key != Self.free { body(key, values[place]) }
    }
}
