// A stripe as it was at one moment: copies of its rows, taken under its lock in the time that it
// takes to count references, and good for as long as they are held. What they refer to is either
// never changed (sealed blocks), only added to (tails), or copied by whoever changes it next
// (arrays).

import Base

struct StripeImage {
    let index: Int
    /// Every record up to here that touches the stripe is in it.
    let lsn: LSN
    let users: [User?]
    let groups: [Group?]
    let talks: [PrivateTalk]
    let admins: [Admin]
}

extension Tables {
    /// - Parameter appended: the newest record of the log; asked under the stripe's lock, which
    ///   whoever appends a record that touches the stripe holds until it is applied.
    func image(of index: Int, appended: () -> LSN) -> StripeImage {
        var reading = Reading()
        return withLocked(StripeSet(bits: 1 << UInt64(index)), &reading) { locked in
            let slot = unsafe locked.slot(index)
            return unsafe StripeImage(
                index: index, lsn: appended(), users: slot.pointee.stripe.users.copies(),
                groups: slot.pointee.stripe.groups.copies(),
                talks: slot.pointee.stripe.talks.copies(), admins: slot.pointee.stripe.admins)
        }
    }
}

extension PagedArray {
    func copies() -> [Element] {
        var copies: [Element] = []
        copies.reserveCapacity(count)
        for index in 0..<count { copies.append(unsafe pointer(index).pointee) }
        return copies
    }
}
