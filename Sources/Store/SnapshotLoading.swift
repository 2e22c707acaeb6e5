// The rows of a stripe out of the items of a snapshot (SnapshotRows.swift has the layout). Runs for
// several stripes at once; what they share, the names and the message directory, bears that.
//
// Nothing here trusts the bytes, although their checksums are good by now: an item that cannot be
// is refused, and the snapshot with it.

import Base

/// Fills one stripe.
struct SnapshotLoading: ~Copyable {
    private let tables: Tables
    let index: Int
    /// The conversation whose blocks are being read.
    private var open: OpenConversation?

    private struct OpenConversation {
        let key: ConversationKey
        let firstSequence: UInt32
        let lastSequence: UInt32
        let lastID: UInt64
        var blocksLeft: UInt32
        var tailsLeft: UInt32
        var sealed: [SealedBlock] = []
        var tail: MessageTail?
        let place: MessageDirectory.Place

        var isWhole: Bool { blocksLeft == 0 && tailsLeft == 0 }
    }

    init(_ tables: Tables, stripe index: Int) {
        self.tables = tables
        self.index = index
    }

    /// Reads the items of one part; false when there is one that cannot be.
    mutating func read(_ bytes: Span<UInt8>) -> Bool {
        var at = 0
        while at < bytes.count {
            guard bytes.count - at >= SnapshotItem.headerBytes else { return false }
            let length = Int(bytes.integer(UInt32.self, at: at))
            let start = at + SnapshotItem.headerBytes
            guard let kind = SnapshotItem(rawValue: bytes[at + 4]), bytes.count - start >= length
            else { return false }
            guard read(kind, bytes.extracting(start..<start + length)) else { return false }
            at = start + length
        }
        return true
    }

    /// After the last part: everything that was announced has come.
    mutating func finish(lsn: LSN) -> Bool {
        guard open == nil else { return false }
        withStripe { stripe in stripe.lsn = lsn }
        return true
    }

    private func withStripe<R>(_ body: (inout Stripe) -> R) -> R {
        var reading = Reading()
        return tables.withLocked(StripeSet(bits: 1 << UInt64(index)), &reading) { locked in
            unsafe body(&locked.slot(index).pointee.stripe)
        }
    }

    private mutating func read(_ kind: SnapshotItem, _ payload: Span<UInt8>) -> Bool {
        var reader = RecordReader(payload)
        switch kind {
        case .block, .packed, .tail: return readMessages(kind, &reader)
        case .user: return open == nil && readUser(&reader)
        case .recent: return open == nil && readRecent(&reader)
        case .group: return open == nil && readGroup(&reader)
        case .talk: return open == nil && readTalk(&reader)
        case .admin: return open == nil && readAdmin(&reader)
        }
    }

    // MARK: Rows

    private func readUser(_ reader: inout RecordReader) -> Bool {
        let number: UInt32 = reader.integer()
        let name = reader.text()
        let isThere = (reader.integer() as UInt8) == 1
        guard reader.isGood, number > 0, number <= NameTable.usersMax, !name.isEmpty,
            StripeSet.index(ofUser: number) == index
        else { return false }
        var user: User?
        if isThere {
            user = reader.user(number, name)
            guard reader.isGood else { return false }
        }
        let row = Int(number) / StripeSet.count
        withStripe { stripe in
            while stripe.users.count <= row {
                stripe.users.append(nil)
            }
            unsafe stripe.users.pointer(row).pointee = user
        }
        tables.names.restore(
            name, folded: isThere ? Folding.fold(name) : nil, user: number)
        return true
    }

    private func readRecent(_ reader: inout RecordReader) -> Bool {
        let number: UInt32 = reader.integer()
        let count: UInt32 = reader.integer()
        guard reader.isGood, count <= RecentMessageIDs.idsMax, reader.left >= Int(count) * 16,
            StripeSet.index(ofUser: number) == index
        else { return false }
        var uses: [RecentMessageIDs.Use] = []
        uses.reserveCapacity(Int(count))
        for _ in 0..<count {
            uses.append(
                RecentMessageIDs.Use(
                    hash: reader.integer(), target: reader.integer(), sequence: reader.integer()))
        }
        let recent = RecentMessageIDs(restoring: uses)
        let row = Int(number) / StripeSet.count
        return withStripe { stripe in
            guard row < stripe.users.count else { return false }
            let user = unsafe stripe.users.pointer(row)
            guard unsafe user.pointee?.account.id != nil else { return false }
            unsafe user.pointee?.recent = recent
            return true
        }
    }

    private func readAdmin(_ reader: inout RecordReader) -> Bool {
        let admin = Admin(
            name: reader.text(), passwordHash: reader.text(), createdAt: reader.integer())
        guard reader.isGood, index == StripeSet.adminsIndex else { return false }
        withStripe { stripe in stripe.admins.append(admin) }
        return true
    }

    private mutating func readGroup(_ reader: inout RecordReader) -> Bool {
        guard let group = reader.group(), StripeSet.index(ofGroup: group.id) == index else {
            return false
        }
        let row = Int(group.id) / StripeSet.count
        let id = group.id
        withStripe { stripe in
            while stripe.groups.count <= row {
                stripe.groups.append(nil)
            }
            unsafe stripe.groups.pointer(row).pointee = group
        }
        tables.restoreGroup(id)
        return begin(ConversationKey(group: id), .group(id), &reader)
    }

    private mutating func readTalk(_ reader: inout RecordReader) -> Bool {
        let key = ConversationKey(bits: reader.integer())
        let smaller = reader.part()
        let larger = reader.part()
        guard reader.isGood, !key.isGroup, key.stripe == index, key.users.smaller > 0,
            key.users.smaller <= key.users.larger, smaller.user == key.users.smaller,
            larger.user == key.users.larger
        else { return false }
        let row: UInt32? = withStripe { stripe in
            if stripe.talkPlaces[key.bits] != nil { return nil }
            var talk = PrivateTalk(key: key)
            talk.smaller = smaller
            talk.larger = larger
            stripe.add(talk)
            return stripe.talkPlaces[key.bits]
        }
        guard let row else { return false }
        return begin(key, .talk(stripe: index, row: row), &reader)
    }

    // MARK: Messages

    private mutating func begin(
        _ key: ConversationKey, _ place: MessageDirectory.Place, _ reader: inout RecordReader
    ) -> Bool {
        let first: UInt32 = reader.integer()
        let last: UInt32 = reader.integer()
        let lastID: UInt64 = reader.integer()
        let blocks: UInt32 = reader.integer()
        let tails: UInt32 = reader.integer()
        guard reader.isGood, tails <= 1 else { return false }
        open = OpenConversation(
            key: key, firstSequence: first, lastSequence: last, lastID: lastID,
            blocksLeft: blocks, tailsLeft: tails, place: place)
        return closeIfWhole()
    }

    private mutating func readMessages(
        _ kind: SnapshotItem, _ reader: inout RecordReader
    ) -> Bool {
        guard var current = open else { return false }
        let first: UInt32 = reader.integer()
        guard reader.isGood, first > 0 else { return false }
        let directory = tables.directory
        let place = current.place
        switch kind {
        case .packed:
            guard current.blocksLeft > 0 else { return false }
            var ids: (first: UInt64, last: UInt64) = (0, 0)
            let bytes = reader.raw(reader.left)
            guard
                let (packed, lastTime) = PackedMessages.check(
                    bytes.array(0..<bytes.count),
                    ids: { id in
                        if ids.first == 0 { ids.first = id }
                        ids.last = id
                        directory[id] = place
                    }), ids.last <= current.lastID
            else { return false }
            current.sealed.append(
                SealedBlock(
                    packed: packed, firstSequence: first, firstID: ids.first,
                    lastTime: lastTime))
            current.blocksLeft -= 1
        default:
            let isTail = kind == .tail
            guard
                isTail ? current.blocksLeft == 0 && current.tailsLeft > 0 : current.blocksLeft > 0,
                let tail = MessageTail(
                    checking: reader.raw(reader.left), firstSequence: first, isSealed: !isTail),
                tail.count > 0
            else { return false }
            let view = MessageView(tail)
            for index in 0..<view.count { directory[view.id(index)] = place }
            guard view.id(view.count - 1) <= current.lastID else { return false }
            if isTail {
                current.tail = tail
                current.tailsLeft -= 1
            } else {
                current.sealed.append(SealedBlock(plain: view))
                current.blocksLeft -= 1
                let block = PlainBlock(conversation: current.key, firstSequence: first)
                withStripe { stripe in stripe.unpacked.append(block) }
            }
        }
        open = current
        return closeIfWhole()
    }

    /// Puts the conversation into its row when all of it is there.
    private mutating func closeIfWhole() -> Bool {
        guard let current = open, current.isWhole else { return true }
        open = nil
        guard
            let conversation = Conversation(
                firstSequence: current.firstSequence, lastSequence: current.lastSequence,
                lastID: current.lastID, sealed: current.sealed, tail: current.tail)
        else { return false }
        tables.restoreMessage(current.lastID)
        var reading = Reading()
        return tables.withLocked(StripeSet(bits: 1 << UInt64(index)), &reading) { locked in
            locked.change(current.key) { $0 = conversation } != nil
        }
    }
}

extension RecordReader {
    fileprivate mutating func list<Element>(
        _ bytesMin: Int, _ each: (inout RecordReader) -> Element
    ) -> [Element] {
        let count: UInt32 = integer()
        // A count that is not true is not made room for.
        guard isGood, left >= Int(count) * bytesMin else {
            fail()
            return []
        }
        var list: [Element] = []
        list.reserveCapacity(Int(count))
        for _ in 0..<count where isGood { list.append(each(&self)) }
        return list
    }

    fileprivate mutating func part() -> Participation {
        var part = Participation(user: integer())
        part.joinedSequence = integer()
        part.readSequence = integer()
        part.ownUnread = integer()
        return part
    }

    fileprivate mutating func user(_ number: UInt32, _ name: String) -> User {
        let nickname = text()
        let avatar = text()
        let email = text()
        let passwordHash = text()
        let account = Account(
            id: number, name: name, nickname: nickname, avatar: avatar, email: email,
            passwordHash: passwordHash, createdAt: integer(), lastSeenAt: integer(),
            isDisabled: (integer() as UInt8) != 0, tokensValidAfter: integer())
        var user = User(account: account, foldedNickname: Folding.fold(nickname))
        user.peers = list(4) { $0.integer() }
        user.groups = list(4) { $0.integer() }
        user.devices = list(24) { reader in
            var device = DeviceCursor(device: reader.text())
            device.watermark = reader.integer()
            device.lastSeenAt = reader.integer()
            device.exceptions = reader.list(12) { reader in
                DeviceCursor.Exception(
                    conversation: ConversationKey(bits: reader.integer()),
                    sequence: reader.integer())
            }
            return device
        }
        user.account.tokenGeneration = integer()
        user.contacts = list(16) { reader in
            Contact(
                user: reader.integer(), remark: reader.text(), addedAt: reader.integer())
        }
        return user
    }

    fileprivate mutating func group() -> Group? {
        let id: UInt32 = integer()
        let name = text()
        let notice = text()
        var group = Group(
            id: id, name: name, notice: notice, membersMax: integer(), createdAt: integer())
        group.isDissolved = (integer() as UInt8) != 0
        let members = list(25) { reader in
            Member(
                part: reader.part(),
                role: MemberRole(rawValue: reader.integer()) ?? .member,
                joinedAt: reader.integer())
        }
        guard isGood, id > 0, id <= Group.numberMax else { return nil }
        for member in members {
            guard member.user > 0, !group.members.contains(member.user) else { return nil }
            group.members.add(member)
        }
        return group
    }
}

extension MessageTail {
    /// The messages in `entries`; nil when they are none, or their ids do not rise.
    init?(checking entries: Span<UInt8>, firstSequence: UInt32, isSealed: Bool) {
        var starts: [Int] = []
        var at = 0
        var lastID: UInt64 = 0
        while at < entries.count {
            guard let end = MessageEntry.end(entries, from: at), at <= 0xffff else { return nil }
            let id = entries.integer(UInt64.self, at: at)
            guard id > lastID else { return nil }
            lastID = id
            starts.append(at)
            at = end
        }
        guard starts.count <= Self.messagesMax + 1 else { return nil }
        let page = MessagePage(capacity: at + starts.count * MessagePage.startBytes)
        page.write(entries, at: 0)
        for (index, start) in starts.enumerated() { page.setStart(index, start) }
        self.init(firstSequence: firstSequence, page: page, used: at, count: starts.count)
    }
}
