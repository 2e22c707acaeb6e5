// A reactor's lists of connections by group and by user. A fan-out walks one array of slot numbers;
// nobody is looked up.
//
//     group 42 ─► slots     [ 7, 19, 3 ]      connection 19 ─► subscriptions [ (42, 1), (50, 0) ]
//                 positions [ 0,  0, 2 ]                                        group, index there
//
// Each side knows its place in the other's list, so joining and leaving cost the same however
// large the group. Invariant: lists[g].slots[p] == s  <=>  subscriptions(s)[lists[g].positions[p]]
// == (g, p).

import Base

package struct GroupOnline {
    struct List {
        var slots: [UInt32] = []
        var positions: [UInt32] = []
    }

    struct Subscription {
        var group: UInt32
        var index: UInt32
    }

    private var index = IntegerMap()
    private var lists: [List] = []
    private var free: [UInt32] = []
    private var subscriptions: [[Subscription]] = []

    package init() {}

    /// The slots of the connections in `group`.
    package func slots(of group: UInt32) -> [UInt32] {
        guard let list = index[UInt64(group)] else { return [] }
        return lists[Int(list)].slots
    }

    package func groups(of slot: UInt32) -> [UInt32] {
        Int(slot) < subscriptions.count ? subscriptions[Int(slot)].map(\.group) : []
    }

    package func contains(_ slot: UInt32, group: UInt32) -> Bool {
        Int(slot) < subscriptions.count
            && subscriptions[Int(slot)].contains { $0.group == group }
    }

    /// False when the connection is in the group already.
    package mutating func add(_ slot: UInt32, to group: UInt32) -> Bool {
        if contains(slot, group: group) { return false }
        while subscriptions.count <= Int(slot) { subscriptions.append([]) }
        let list = Int(listNumber(of: group))
        let position = UInt32(subscriptions[Int(slot)].count)
        subscriptions[Int(slot)].append(
            Subscription(group: group, index: UInt32(lists[list].slots.count)))
        lists[list].slots.append(slot)
        lists[list].positions.append(position)
        return true
    }

    private mutating func listNumber(of group: UInt32) -> UInt32 {
        if let number = index[UInt64(group)] { return number }
        let number: UInt32
        if let reused = free.popLast() {
            number = reused
        } else {
            number = UInt32(lists.count)
            lists.append(List())
        }
        index[UInt64(group)] = number
        return number
    }

    /// False when the connection is not in the group.
    package mutating func remove(_ slot: UInt32, from group: UInt32) -> Bool {
        guard Int(slot) < subscriptions.count,
            let position = subscriptions[Int(slot)].firstIndex(where: { $0.group == group })
        else { return false }
        removeFromList(subscriptions[Int(slot)][position])
        let last = subscriptions[Int(slot)].count - 1
        if position != last {
            let moved = subscriptions[Int(slot)][last]
            subscriptions[Int(slot)][position] = moved
            if let number = index[UInt64(moved.group)] {
                lists[Int(number)].positions[Int(moved.index)] = UInt32(position)
            }
        }
        subscriptions[Int(slot)].removeLast()
        return true
    }

    /// The connection is over: out of all of its groups, which are returned.
    package mutating func removeAll(_ slot: UInt32) -> [UInt32] {
        guard Int(slot) < subscriptions.count else { return [] }
        let mine = subscriptions[Int(slot)]
        subscriptions[Int(slot)] = []
        for subscription in mine { removeFromList(subscription) }
        return mine.map(\.group)
    }

    /// Moves the last entry of the group's list into the hole.
    private mutating func removeFromList(_ subscription: Subscription) {
        guard let number = index[UInt64(subscription.group)] else { return }
        let list = Int(number)
        let hole = Int(subscription.index)
        let last = lists[list].slots.count - 1
        if hole != last {
            let slot = lists[list].slots[last]
            let position = lists[list].positions[last]
            lists[list].slots[hole] = slot
            lists[list].positions[hole] = position
            // A connection that is leaving all of its groups has no subscriptions to mend.
            if Int(position) < subscriptions[Int(slot)].count {
                subscriptions[Int(slot)][Int(position)].index = UInt32(hole)
            }
        }
        lists[list].slots.removeLast()
        lists[list].positions.removeLast()
        if lists[list].slots.isEmpty {
            lists[list] = List()
            index[UInt64(subscription.group)] = nil
            free.append(number)
        }
    }

    /// Checks the invariant; for tests.
    package func invariantsHold() -> Bool {
        var good = true
        index.visit { group, number in
            let list = lists[Int(number)]
            if list.slots.count != list.positions.count || list.slots.isEmpty { good = false }
            for (place, slot) in list.slots.enumerated() {
                let mine = subscriptions[Int(slot)]
                let position = Int(list.positions[place])
                if position >= mine.count || mine[position].group != UInt32(group)
                    || mine[position].index != UInt32(place)
                {
                    good = false
                }
            }
        }
        return good
    }
}
