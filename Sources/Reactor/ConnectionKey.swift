// The name of a connection that stays true after the connection is gone: which reactor, which slot
// of its table, and which use of that slot.
//
//     63      56 55            32 31                     0
//     │ reactor │   generation   │         slot          │
//
// The same 64 bits are the user data of epoll, so an event that was fetched for a connection which
// ended earlier in the same turn finds another generation and is dropped.

package struct ConnectionKey: Hashable, Sendable {
    package let bits: UInt64

    package init(bits: UInt64) { self.bits = bits }

    package init(reactor: Int, generation: UInt32, slot: UInt32) {
        bits =
            UInt64(UInt8(truncatingIfNeeded: reactor)) << 56
            | UInt64(generation & Self.generationMask) << 32 | UInt64(slot)
    }

    package var reactor: Int { Int(bits >> 56) }
    package var generation: UInt32 { UInt32(truncatingIfNeeded: bits >> 32) & Self.generationMask }
    package var slot: UInt32 { UInt32(truncatingIfNeeded: bits) }

    /// Generations wrap around after 2^24 uses of one slot.
    static let generationMask: UInt32 = 0x00ff_ffff

    /// Not a connection: no slot has this number.
    package static let none = ConnectionKey(bits: .max)
}
