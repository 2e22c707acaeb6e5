// The rows of the stripes that are locked. Only `Tables.withLocked` makes one; asking it for a row
// of another stripe is a programmer's error and traps.

import Base

@safe
package struct LockedTables {
    let tables: Tables
    let slots: UnsafeMutablePointer<Tables.Slot>
    let set: StripeSet

    init(tables: Tables, slots: UnsafeMutablePointer<Tables.Slot>, set: StripeSet) {
        self.tables = tables
        unsafe self.slots = slots
        self.set = set
    }

    @inline(__always)
    func slot(_ index: Int) -> UnsafeMutablePointer<Tables.Slot> {
        precondition(set.contains(index), "a stripe that is not locked")
        return unsafe slots + index
    }

    func user(_ user: UInt32) -> UnsafeMutablePointer<User?>? {
        let slot = unsafe slot(StripeSet.index(ofUser: user))
        let row = Int(user) / StripeSet.count
        guard unsafe row < slot.pointee.stripe.users.count else { return nil }
        return unsafe slot.pointee.stripe.users.pointer(row)
    }

    // MARK: users

    package func account(_ user: UInt32) -> Account? {
        guard let row = unsafe self.user(user) else { return nil }
        return unsafe row.pointee?.account
    }

    package func nickname(of user: UInt32) -> String? {
        guard let row = unsafe self.user(user) else { return nil }
        return unsafe row.pointee?.account.nickname
    }

    package func exists(_ user: UInt32) -> Bool {
        guard let row = unsafe self.user(user) else { return false }
        // In place: comparing the row with nil would copy all of it.
        return unsafe row.pointee?.account.id != nil
    }

    package func isActive(_ user: UInt32) -> Bool {
        guard let row = unsafe self.user(user) else { return false }
        // In place: binding the row would copy all of it.
        return unsafe row.pointee?.account.isDisabled == false
    }

    package func groups(of user: UInt32) -> [UInt32] {
        guard let row = unsafe self.user(user) else { return [] }
        return unsafe row.pointee?.groups ?? []
    }

    package func peers(of user: UInt32) -> [UInt32] {
        guard let row = unsafe self.user(user) else { return [] }
        return unsafe row.pointee?.peers ?? []
    }

    package func cursor(of user: UInt32, device: String) -> DeviceCursor? {
        guard let row = unsafe self.user(user) else { return nil }
        return unsafe row.pointee?.devices.first { $0.device == device }
    }

    /// Every device's cursor: the furthest decides a message's status.
    package func cursors(of user: UInt32) -> [DeviceCursor] {
        guard let row = unsafe self.user(user) else { return [] }
        return unsafe row.pointee?.devices ?? []
    }

    /// Whether `keyword`, which is folded, is part of the user's name or nickname.
    package func matches(_ user: UInt32, keyword: String) -> Bool {
        guard let row = unsafe self.user(user), let found = unsafe row.pointee else { return false }
        return Folding.fold(found.account.name).utf8Contains(keyword)
            || found.foldedNickname.utf8Contains(keyword)
    }

    // MARK: groups

    func group(_ group: UInt32) -> UnsafeMutablePointer<Group?>? {
        let slot = unsafe slot(StripeSet.index(ofGroup: group))
        let row = Int(group) / StripeSet.count
        guard unsafe row < slot.pointee.stripe.groups.count else { return nil }
        return unsafe slot.pointee.stripe.groups.pointer(row)
    }

    private func living(_ group: UInt32) -> UnsafeMutablePointer<Group?>? {
        guard let row = unsafe self.group(group),
            let isDissolved = unsafe row.pointee?.isDissolved, !isDissolved
        else { return nil }
        return unsafe row
    }

    package func groupInfo(_ group: UInt32) -> GroupInfo? {
        guard let row = unsafe living(group) else { return nil }
        return unsafe row.pointee?.info
    }

    package func groupExists(_ group: UInt32) -> Bool { unsafe living(group) != nil }

    package func isMember(_ user: UInt32, of group: UInt32) -> Bool {
        guard let row = unsafe living(group) else { return false }
        return unsafe row.pointee?.members.contains(user) ?? false
    }

    package func member(_ user: UInt32, of group: UInt32) -> Member? {
        guard let row = unsafe living(group) else { return nil }
        return unsafe row.pointee?.members[user]
    }

    /// In the order of joining.
    package func members(of group: UInt32) -> [Member] {
        guard let row = unsafe living(group) else { return [] }
        return unsafe row.pointee?.members.all ?? []
    }

    /// Who takes over from an owner who leaves: the member who has been there longest.
    package func heir(of user: UInt32, in group: UInt32) -> UInt32? {
        guard let row = unsafe living(group) else { return nil }
        return unsafe row.pointee?.members.longestStanding(but: user)
    }

    package func matches(group: UInt32, keyword: String) -> Bool {
        guard let row = unsafe living(group) else { return false }
        return unsafe row.pointee?.foldedName.utf8Contains(keyword) ?? false
    }
}

extension String {
    /// Substring search byte by byte: in UTF-8 a match of bytes is a match of characters.
    func utf8Contains(_ part: String) -> Bool {
        let needle = part.utf8.span
        let text = utf8.span
        if needle.count == 0 { return true }
        if needle.count > text.count { return false }
        return Search.contains(text, needle)
    }
}
