// The integer map against Dictionary: whatever is inserted, changed and removed, in whatever order,
// both hold the same. Deletion moves entries back along their probe chain, so chains are made long
// on purpose: by a full table, and by keys that all want the same place.

import Base
import TestSupport
import Testing

@Suite struct IntegerMapTests {
    /// The inverse of the map's multiplier modulo 2^64: `inverse * x` hashes to the high half of x.
    private static let inverse: UInt64 = {
        let multiplier: UInt64 = 0x9E37_79B9_7F4A_7C15
        var inverse: UInt64 = 1
        for _ in 0..<6 { inverse = inverse &* (2 &- multiplier &* inverse) }
        precondition(inverse &* multiplier == 1)
        return inverse
    }()

    private func check(_ map: IntegerMap, _ model: [UInt64: UInt32], _ keys: [UInt64]) {
        #expect(map.count == model.count)
        #expect(map.isEmpty == model.isEmpty)
        for key in keys where map[key] != model[key] {
            Issue.record("key \(key): \(String(describing: map[key])), not \(model[key] ?? 0)")
        }
        var seen: [UInt64: UInt32] = [:]
        map.visit { key, value in
            if seen.updateValue(value, forKey: key) != nil { Issue.record("\(key) twice") }
        }
        #expect(seen == model)
    }

    /// Thousands of changes to few keys, so that every key is inserted and removed many times.
    private func play(_ keys: [UInt64], _ random: inout SeededRandom) {
        var map = IntegerMap()
        var model: [UInt64: UInt32] = [:]
        for step in 0..<8_000 {
            let key = keys[Int.random(in: 0..<keys.count, using: &random)]
            // The balance drifts, so that the table is nearly empty and nearly full in turn.
            let inserts = (step / 1_000) % 2 == 0 ? 7 : 3
            if Int.random(in: 0..<10, using: &random) < inserts {
                let value = UInt32(truncatingIfNeeded: random.next())
                map[key] = value
                model[key] = value
            } else {
                map[key] = nil
                model[key] = nil
            }
            if step % 97 == 0 { check(map, model, keys) }
        }
        for key in keys { map[key] = nil }
        check(map, [:], keys)
    }

    @Test func agreesWithDictionary() {
        var random = Seed.random("integer-map")
        for size in [1, 5, 8, 48, 400] {
            play((0..<size).map { _ in random.next() >> 1 }, &random)
            play((0..<size).map { UInt64($0) }, &random)
        }
    }

    @Test func agreesOnKeysThatWantTheSamePlace() {
        var random = Seed.random("integer-map-chains")
        let same = (0..<48).map { Self.inverse &* UInt64($0) }
        play(same, &random)
        // Two chains that run into each other, and one that wraps around the end of the table.
        let near = (0..<24).map { Self.inverse &* (1 << 32 | UInt64($0)) }
        let last = (0..<24).map { Self.inverse &* (63 << 32 | UInt64($0)) }
        play(Array(same.prefix(24)) + near + last, &random)
    }

    @Test func growsWithoutLosing() {
        var map = IntegerMap()
        for key in UInt64(0)..<20_000 { map[key << 32 | key] = UInt32(key) }
        #expect(map.count == 20_000)
        #expect((UInt64(0)..<20_000).allSatisfy { map[$0 << 32 | $0] == UInt32($0) })
        #expect(map[7] == nil && map[1 << 32] == nil)
    }
}
