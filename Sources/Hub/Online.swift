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
    }

    /// Padded, so that two stripes never share a cache line.
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

    /// Puts `key` in the place of the device's connection; returns the one that was there.
    package func register(
        user: UInt32, device: String, key: ConnectionKey
    ) -> ConnectionKey? {
        stripe(user).users.withLock { entries in
            var list = entries[user] ?? []
            if let index = list.firstIndex(where: { $0.device == device }) {
                let old = list[index].key
                list[index] = Entry(device: device, key: key)
                entries[user] = list
                return old
            }
            if list.isEmpty { users.wrappingAdd(1, ordering: .relaxed) }
            list.append(Entry(device: device, key: key))
            entries[user] = list
            return nil
        }
    }

    /// The connection is over; true when it was the user's last.
    @discardableResult
    package func unregister(user: UInt32, key: ConnectionKey) -> Bool {
        stripe(user).users.withLock { entries in
            guard var list = entries[user],
                let index = list.firstIndex(where: { $0.key == key })
            else { return false }
            list.remove(at: index)
            entries[user] = list.isEmpty ? nil : list
            if list.isEmpty { users.wrappingSubtract(1, ordering: .relaxed) }
            return list.isEmpty
        }
    }

    package func isOnline(_ user: UInt32) -> Bool {
        stripe(user).users.withLock { $0[user] != nil }
    }

    /// The connection has caught up: from here on it gets what is released, at once.
    package func setServed(user: UInt32, key: ConnectionKey) {
        stripe(user).users.withLock { entries in
            guard let index = entries[user]?.firstIndex(where: { $0.key == key }) else { return }
            entries[user]?[index].isServed = true
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
        return all > stripe(user).users.withLock { $0[user]?.count ?? 0 }
    }
}
