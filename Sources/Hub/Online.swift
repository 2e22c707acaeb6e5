// Who is online where, for all reactors: user and device to connection. One lock a stripe; asked
// once a message (is the recipient there?), changed once a session.
//
// A registration is replaced by the next one of the same user and device; the end of a replaced
// connection removes nothing, because removal names the key that it is for.

import Base
package import Reactor
import Synchronization

package final class Online: Sendable {
    private struct Entry {
        var device: String
        var key: ConnectionKey
        /// Nothing is left to catch up with: what is released is handed out at once.
        var isServed = false
        /// It takes part. Before that it waits for the end of the one it replaces; after that it is
        /// not written down yet, and its successor waits.
        var isOpen = false
    }

    /// An object each, so that the locks of two stripes seldom share a cache line.
    private final class Stripe: Sendable {
        let users = Mutex<[UInt32: [Entry]]>([:])
        let groups = Mutex(IntegerMap())
    }

    private static let stripeCount = 64
    private let stripes: [Stripe] = (0..<stripeCount).map { _ in Stripe() }
    private let users = Atomic<Int>(0)

    package init() {}

    private func stripe(_ number: UInt32) -> Stripe {
        stripes[Int(number) & (Self.stripeCount - 1)]
    }

    /// Changes a user's entries, and keeps count of the users that are online.
    private func change<R>(_ user: UInt32, _ body: (inout [Entry]) -> R) -> R {
        stripe(user).users.withLock { all in
            var entries = all[user] ?? []
            let before = entries.contains { $0.isOpen }
            let result = body(&entries)
            let after = entries.contains { $0.isOpen }
            all[user] = entries.isEmpty ? nil : entries
            if after != before { users.wrappingAdd(after ? 1 : -1, ordering: .relaxed) }
            return result
        }
    }

    /// Puts `key` in the place of the device's connection; returns the one that was there.
    package func register(
        user: UInt32, device: String, key: ConnectionKey
    ) -> ConnectionKey? {
        change(user) { entries in
            let new = Entry(device: device, key: key)
            guard let index = entries.firstIndex(where: { $0.device == device }) else {
                entries.append(new)
                return nil
            }
            let old = entries[index].key
            entries[index] = new
            return old
        }
    }

    /// The connection takes part from here on.
    package func open(user: UInt32, key: ConnectionKey) {
        change(user) { entries in
            guard let index = entries.firstIndex(where: { $0.key == key }) else { return }
            entries[index].isOpen = true
        }
    }

    /// The connection takes part no more; whoever registers next still learns of it.
    package func leave(user: UInt32, key: ConnectionKey) {
        change(user) { entries in
            guard let index = entries.firstIndex(where: { $0.key == key }) else { return }
            entries[index].isOpen = false
            entries[index].isServed = false
        }
    }

    /// The connection is written down. Removes nothing when another has taken its place.
    package func unregister(user: UInt32, key: ConnectionKey) {
        change(user) { entries in entries.removeAll { $0.key == key } }
    }

    package func isOnline(_ user: UInt32) -> Bool {
        stripe(user).users.withLock { $0[user]?.contains { $0.isOpen } ?? false }
    }

    /// The connection has caught up: from here on it gets what is released, at once.
    package func setServed(user: UInt32, key: ConnectionKey) {
        change(user) { entries in
            guard let index = entries.firstIndex(where: { $0.key == key }) else { return }
            entries[index].isServed = true
        }
    }

    /// Whether some connection of the user has been handed everything that is released.
    package func isServed(_ user: UInt32) -> Bool {
        stripe(user).users.withLock { $0[user]?.contains { $0.isServed } ?? false }
    }

    package func connections(of user: UInt32) -> [ConnectionKey] {
        stripe(user).users.withLock { $0[user]?.map(\.key) ?? [] }
    }

    /// How many users have a connection.
    package var userCount: Int { users.load(ordering: .relaxed) }

    // MARK: groups

    /// Connections in the group, over all reactors.
    func addToGroup(_ group: UInt32, _ change: Int) {
        stripe(group).groups.withLock { counts in
            let count = Int(counts[UInt64(group)] ?? 0) + change
            counts[UInt64(group)] = count > 0 ? UInt32(count) : nil
        }
    }

    /// Whether a member other than `user`, who is one himself, has a connection.
    func groupHasOthers(_ group: UInt32, than user: UInt32) -> Bool {
        let all = stripe(group).groups.withLock { Int($0[UInt64(group)] ?? 0) }
        if all == 0 { return false }
        return all > stripe(user).users.withLock { $0[user]?.count { $0.isOpen } ?? 0 }
    }
}
