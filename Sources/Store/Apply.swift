// How a record changes the tables: the one place for it, used by commands and by replay alike, so
// that replay gives the same state. A record is applied to each stripe that it touches separately,
// and only to those that do not have it yet.

import Base

extension LockedTables {
    /// Applies one record to the locked stripes. False when the payload is not what its kind says,
    /// which cannot happen to a record whose checksum is good and whose version is ours.
    package func apply(_ kind: RecordKind, _ payload: Span<UInt8>, lsn: UInt64) -> Bool {
        var reader = RecordReader(payload)
        switch kind {
        case .userCreated:
            guard let record = UserCreated(&reader) else { return false }
            on(stripeOf(user: record.user), lsn) { apply(record) }
        case .profileChanged:
            guard let record = ProfileChanged(&reader) else { return false }
            on(stripeOf(user: record.user), lsn) { apply(record) }
        case .messageSent:
            guard let record = MessageSent(&reader), isNext(record, lsn) else { return false }
            apply(record, lsn)
        case .groupCreated:
            guard let record = GroupCreated(&reader) else { return false }
            apply(record, lsn)
        case .memberJoined:
            guard let record = MemberJoined(&reader), isNew(record, lsn) else { return false }
            apply(record, lsn)
        case .memberLeft:
            guard let record = MemberLeft(&reader) else { return false }
            apply(record, lsn)
        case .cursorMoved:
            guard let record = CursorMoved(&reader) else { return false }
            on(stripeOf(user: record.user), lsn) { apply(record) }
        case .adminCreated:
            guard let record = AdminCreated(&reader) else { return false }
            on(StripeSet.adminsIndex, lsn) { apply(record) }
        case .passwordChanged, .contactSet, .contactRemoved, .readMarked, .groupChanged,
            .groupDissolved, .messageRecalled:
            guard applyMark(kind, &reader, lsn) else { return false }
        }
        noteNewest(lsn)
        return true
    }

    /// The kinds that change a detail of what is there.
    private func applyMark(
        _ kind: RecordKind, _ reader: inout RecordReader, _ lsn: UInt64
    ) -> Bool {
        switch kind {
        case .passwordChanged:
            guard let record = PasswordChanged(&reader) else { return false }
            on(stripeOf(user: record.user), lsn) { apply(record) }
        case .contactSet:
            guard let record = ContactSet(&reader) else { return false }
            on(stripeOf(user: record.user), lsn) { apply(record) }
        case .contactRemoved:
            guard let record = ContactRemoved(&reader) else { return false }
            on(stripeOf(user: record.user), lsn) { apply(record) }
        case .readMarked:
            guard let record = ReadMarked(&reader) else { return false }
            on(record.conversation.stripe, lsn) { apply(record) }
        case .groupChanged:
            guard let record = GroupChanged(&reader) else { return false }
            on(stripeOf(group: record.group), lsn) { apply(record) }
        case .groupDissolved:
            guard let record = GroupDissolved(&reader) else { return false }
            apply(record, lsn)
        case .messageRecalled:
            guard let record = MessageRecalled(&reader) else { return false }
            on(record.conversation.stripe, lsn) {
                recall(record.conversation, sequence: record.sequence)
            }
        default: return false
        }
        return true
    }

    /// The stripes that applying the record touches; nil when the payload is bad.
    static func stripes(_ kind: RecordKind, _ payload: Span<UInt8>) -> StripeSet? {
        var reader = RecordReader(payload)
        switch kind {
        case .userCreated: return UserCreated(&reader).map { .user($0.user) }
        case .profileChanged: return ProfileChanged(&reader).map { .user($0.user) }
        case .messageSent:
            guard let record = MessageSent(&reader) else { return nil }
            let users = record.conversation.users
            let parties: StripeSet =
                record.conversation.isGroup ? [] : .user(users.smaller) + .user(users.larger)
            return .user(record.sender) + .conversation(record.conversation) + parties
        case .groupCreated:
            return GroupCreated(&reader).map { .group($0.group) + .user($0.owner) }
        case .memberJoined:
            return MemberJoined(&reader).map { .group($0.group) + .user($0.user) }
        case .memberLeft:
            return MemberLeft(&reader).map { .group($0.group) + .user($0.user) }
        case .cursorMoved: return CursorMoved(&reader).map { .user($0.user) }
        case .adminCreated: return .admins
        case .passwordChanged: return PasswordChanged(&reader).map { .user($0.user) }
        case .contactSet: return ContactSet(&reader).map { .user($0.user) }
        case .contactRemoved: return ContactRemoved(&reader).map { .user($0.user) }
        case .readMarked: return ReadMarked(&reader).map { .conversation($0.conversation) }
        case .groupChanged: return GroupChanged(&reader).map { .group($0.group) }
        case .groupDissolved: return GroupDissolved(&reader).map { _ in .all }
        case .messageRecalled:
            return MessageRecalled(&reader).map { .conversation($0.conversation) }
        }
    }

    func stripeOf(user: UInt32) -> Int { StripeSet.index(ofUser: user) }
    func stripeOf(group: UInt32) -> Int { StripeSet.index(ofGroup: group) }

    /// Runs `change` unless the stripe has this record already.
    func on(_ index: Int, _ lsn: UInt64, _ change: () -> Void) {
        if unsafe slot(index).pointee.stripe.lsn < lsn { change() }
    }

    /// After all parts of the record: every locked stripe has it.
    private func noteNewest(_ lsn: UInt64) {
        var rest = set.bits
        while rest != 0 {
            let index = rest.trailingZeroBitCount
            let slot = unsafe slot(index)
            unsafe slot.pointee.stripe.lsn = max(slot.pointee.stripe.lsn, lsn)
            rest &= rest - 1
        }
    }

    // MARK: users

    private func apply(_ record: UserCreated) {
        let account = Account(
            id: record.user, name: record.name, nickname: record.nickname, avatar: "", email: "",
            passwordHash: record.passwordHash, createdAt: record.createdAt,
            lastSeenAt: record.createdAt, isDisabled: false, tokensValidAfter: 0)
        let row = Int(record.user) / StripeSet.count
        let slot = unsafe slot(stripeOf(user: record.user))
        while unsafe slot.pointee.stripe.users.count <= row {
            unsafe slot.pointee.stripe.users.append(nil)
        }
        unsafe slot.pointee.stripe.users.pointer(row).pointee = User(
            account: account, foldedNickname: Folding.fold(record.nickname))
        tables.names.restore(record.name, folded: Folding.fold(record.name), user: record.user)
    }

    private func apply(_ record: ProfileChanged) {
        guard let row = unsafe user(record.user) else { return }
        unsafe row.pointee?.account.nickname = record.nickname
        unsafe row.pointee?.account.avatar = record.avatar
        unsafe row.pointee?.account.email = record.email
        unsafe row.pointee?.foldedNickname = Folding.fold(record.nickname)
    }

    private func apply(_ record: CursorMoved) {
        guard let row = unsafe user(record.user) else { return }
        unsafe row.pointee?.move(record)
    }

    // MARK: messages

    /// Whether the message follows the last one of its conversation. A log that has been tampered
    /// with may hold others; they are refused, because conversations are numbered without a gap.
    private func isNext(_ record: borrowing MessageSent, _ lsn: UInt64) -> Bool {
        let key = record.conversation
        if unsafe slot(key.stripe).pointee.stripe.lsn >= lsn { return true }
        if key.isGroup {
            guard let row = unsafe group(key.group), unsafe row.pointee?.id != nil else {
                return true
            }
        }
        let state = state(of: key)
        return record.id > state.lastID && record.sequence == state.lastSequence &+ 1
    }

    private func apply(_ record: borrowing MessageSent, _ lsn: UInt64) {
        let key = record.conversation
        if unsafe slot(stripeOf(user: record.sender)).pointee.stripe.lsn < lsn,
            !record.msgID.isEmpty,
            let row = unsafe user(record.sender)
        {
            let use = RecentMessageIDs.Use(
                hash: RecentMessageIDs.hash(record.msgID),
                target: RecentMessageIDs.target(of: key, sender: record.sender),
                sequence: record.sequence)
            unsafe row.pointee?.recent.insert(use)
        }
        if unsafe slot(key.stripe).pointee.stripe.lsn < lsn { append(record) }
        // The first message makes the conversation one of both users'.
        if !key.isGroup, record.sequence == 1 {
            let users = key.users
            on(stripeOf(user: users.smaller), lsn) { addPeer(users.larger, to: users.smaller) }
            if users.smaller != users.larger {
                on(stripeOf(user: users.larger), lsn) { addPeer(users.smaller, to: users.larger) }
            }
        }
    }

    private func addPeer(_ peer: UInt32, to user: UInt32) {
        guard let row = unsafe self.user(user) else { return }
        unsafe row.pointee?.peers.append(peer)
    }

    // MARK: groups

    private func apply(_ record: GroupCreated, _ lsn: UInt64) {
        on(stripeOf(group: record.group), lsn) {
            var group = Group(
                id: record.group, name: record.name, notice: record.notice,
                membersMax: record.membersMax, createdAt: record.createdAt)
            group.members.add(
                Member(
                    part: Participation(user: record.owner), role: .owner,
                    joinedAt: record.createdAt))
            let row = Int(record.group) / StripeSet.count
            let slot = unsafe slot(stripeOf(group: record.group))
            while unsafe slot.pointee.stripe.groups.count <= row {
                unsafe slot.pointee.stripe.groups.append(nil)
            }
            unsafe slot.pointee.stripe.groups.pointer(row).pointee = group
            tables.restoreGroup(record.group)
        }
        on(stripeOf(user: record.owner), lsn) { addGroup(record.group, to: record.owner) }
    }

    /// Whether the user is not in the group yet.
    private func isNew(_ record: MemberJoined, _ lsn: UInt64) -> Bool {
        if unsafe slot(stripeOf(group: record.group)).pointee.stripe.lsn >= lsn { return true }
        guard let row = unsafe group(record.group) else { return true }
        return unsafe row.pointee?.members.contains(record.user) != true
    }

    private func apply(_ record: MemberJoined, _ lsn: UInt64) {
        on(stripeOf(group: record.group), lsn) {
            guard let row = unsafe group(record.group) else { return }
            // Checked before the record was made; a log of ours never joins a member twice.
            if unsafe row.pointee?.members.contains(record.user) == true { return }
            var part = Participation(user: record.user)
            part.joinedSequence = record.joinedSequence
            part.readSequence = record.joinedSequence
            unsafe row.pointee?.members.add(
                Member(part: part, role: .member, joinedAt: record.time))
        }
        on(stripeOf(user: record.user), lsn) { addGroup(record.group, to: record.user) }
    }

    private func apply(_ record: MemberLeft, _ lsn: UInt64) {
        on(stripeOf(group: record.group), lsn) {
            guard let row = unsafe group(record.group) else { return }
            unsafe row.pointee?.members.remove(record.user)
            unsafe row.pointee?.members.promote(record.newOwner)
            if record.dissolved { unsafe row.pointee?.isDissolved = true }
        }
        on(stripeOf(user: record.user), lsn) { removeGroup(record.group, from: record.user) }
    }

    func removeGroup(_ group: UInt32, from user: UInt32) {
        guard let row = unsafe self.user(user) else { return }
        unsafe row.pointee?.groups.removeAll { $0 == group }
    }

    private func addGroup(_ group: UInt32, to user: UInt32) {
        guard let row = unsafe self.user(user) else { return }
        unsafe row.pointee?.groups.append(group)
    }
}

extension StripeSet: ExpressibleByArrayLiteral {
    package init(arrayLiteral elements: StripeSet...) {
        bits = elements.reduce(0) { $0 | $1.bits }
    }
}

extension User {
    /// Moves the cursor of a device, which is made when it is new. A watermark never moves back.
    mutating func move(_ record: CursorMoved) {
        account.lastSeenAt = max(account.lastSeenAt, record.lastSeenAt)
        let place: Int
        if let found = devices.firstIndex(where: { $0.device == record.device }) {
            place = found
        } else {
            place = devices.count
            devices.append(DeviceCursor(device: record.device))
        }
        devices[place].lastSeenAt = max(devices[place].lastSeenAt, record.lastSeenAt)
        devices[place].watermark = max(devices[place].watermark, record.watermark)
        guard record.merges else {
            devices[place].exceptions = record.exceptions
            return
        }
        for exception in record.exceptions {
            if let own = devices[place].exceptions.firstIndex(where: {
                $0.conversation == exception.conversation
            }) {
                let old = devices[place].exceptions[own].sequence
                devices[place].exceptions[own].sequence = max(old, exception.sequence)
            } else {
                devices[place].exceptions.append(exception)
            }
        }
    }
}
