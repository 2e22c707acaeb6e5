// The tables beside the model, field by field: the first difference in words, or nil.

import Base
import Store

struct Comparison {
    let model: Model
    let tables: Tables

    /// The first thing in which the tables are not what the model says.
    static func difference(_ model: Model, _ tables: Tables) -> String? {
        let comparison = Comparison(model: model, tables: tables)
        let groups = model.groupsGiven
        if let difference = differ("users", tables.lastUser, UInt32(model.users.count)) {
            return difference
        }
        for user in 1...UInt32(max(model.users.count, 1)) where user <= model.users.count {
            if let difference = comparison.user(user) { return "user \(user): \(difference)" }
        }
        if tables.user(named: "nobody") != nil { return "a user that nobody made" }
        if let difference = differ("groups", tables.lastGroup, groups) { return difference }
        for group in 1...groups + 1 {
            if let difference = comparison.group(group) { return "group \(group): \(difference)" }
        }
        for user in model.users.indices {
            for peer in user..<model.users.count {
                let talk = Talk.pair(UInt32(user + 1), UInt32(peer + 1))
                if let difference = comparison.talk(talk) { return "\(talk): \(difference)" }
            }
        }
        return comparison.msgIDs()
    }

    private static func differ<T: Equatable>(_ name: String, _ found: T, _ wanted: T) -> String? {
        found == wanted ? nil : "\(name) \(found), expected \(wanted)"
    }

    private func user(_ user: UInt32) -> String? {
        let row = model.users[Int(user) - 1]
        for name in [row.name, row.name.uppercased(), row.name.lowercased()] {
            guard tables.user(named: name) == user else { return "\(name) is not found" }
        }
        var reading = Reading()
        return tables.withLocked(.user(user), &reading) { locked in
            let devices = locked.cursors(of: user).map { cursor in
                Model.Device(
                    name: cursor.device, watermark: cursor.watermark,
                    exceptions: cursor.exceptions.map { (Self.talk($0.conversation), $0.sequence) },
                    lastSeen: cursor.lastSeenAt)
            }
            guard let found = locked.account(user) else { return "is not there" }
            return Self.differ("name", tables.name(of: user), row.name)
                ?? Self.account(found, user, row)
                ?? Self.differ("peers", locked.peers(of: user), row.peers)
                ?? Self.differ("groups", locked.groups(of: user), row.groups)
                ?? Self.differ("devices", devices, row.devices)
        }
    }

    private static func account(
        _ found: Account, _ number: UInt32, _ row: Model.User
    ) -> String? {
        differ("id", found.id, number)
            ?? differ("name", found.name, row.name)
            ?? differ("nickname", found.nickname, row.nickname)
            ?? differ("avatar", found.avatar, row.avatar)
            ?? differ("email", found.email, row.email)
            ?? differ("password", found.passwordHash, row.hash)
            ?? differ("created", found.createdAt, row.created)
            ?? differ("last seen", found.lastSeenAt, row.lastSeen)
            ?? differ("disabled", found.isDisabled, false)
            ?? differ("tokens", found.tokensValidAfter, 0)
    }

    private static func talk(_ key: ConversationKey) -> Talk {
        key.isGroup ? .group(key.group) : .pair(key.users.smaller, key.users.larger)
    }

    private func group(_ number: UInt32) -> String? {
        var reading = Reading()
        return tables.withLocked(.group(number), &reading) { locked in
            guard let row = model.groups[number] else {
                return locked.groupExists(number) ? "nobody made it" : nil
            }
            let members = locked.members(of: number).map { member in
                Model.Member(
                    user: member.user, isOwner: member.role == .owner, joinedAt: member.joinedAt,
                    joinedSequence: member.part.joinedSequence)
            }
            if let difference = Self.differ("members", members, row.members)
                ?? Self.differ("exists", locked.groupExists(number), !row.isDissolved)
            {
                return difference
            }
            if let info = locked.groupInfo(number) {
                let owner = row.members.first { $0.isOwner }?.user ?? 0
                if let difference = Self.differ("name", info.name, row.name)
                    ?? Self.differ("notice", info.notice, row.notice)
                    ?? Self.differ("most", info.membersMax, row.membersMax)
                    ?? Self.differ("owner", info.owner, owner)
                    ?? Self.differ("created", info.createdAt, row.created)
                {
                    return difference
                }
            }
            return messages(.group(number), locked)
                ?? row.members.lazy.compactMap { member in
                    part(
                        member.user, of: .group(number), joined: member.joinedSequence, locked)
                }.first
        }
    }

    private func talk(_ talk: Talk) -> String? {
        guard case .pair(let a, let b) = talk else { return nil }
        var reading = Reading()
        return tables.withLocked(.user(a) + .user(b), &reading) { locked in
            if let difference = messages(talk, locked) { return difference }
            if model.talks[talk] == nil { return nil }
            return part(a, of: talk, joined: 0, locked) ?? part(b, of: talk, joined: 0, locked)
        }
    }

    /// What a user has of a conversation: own messages since joining never count as unread.
    private func part(
        _ user: UInt32, of talk: Talk, joined: UInt32, _ locked: LockedTables
    ) -> String? {
        guard let part = locked.participation(of: user, in: talk.key) else {
            return "\(user) has no part"
        }
        let later = (model.talks[talk] ?? []).filter { $0.sequence > joined }
        let own = later.filter { $0.sender == user }.count
        return Self.differ("joined", part.joinedSequence, joined)
            ?? Self.differ("read", part.readSequence, joined)
            ?? Self.differ("own", part.ownUnread, UInt32(own))
            ?? Self.differ("unread", locked.unread(user, in: talk.key), UInt32(later.count - own))
    }

    private func messages(_ talk: Talk, _ locked: LockedTables) -> String? {
        let wanted = model.talks[talk] ?? []
        let state = locked.state(of: talk.key)
        var place = 0
        var difference =
            Self.differ("last sequence", state.lastSequence, UInt32(wanted.count))
            ?? Self.differ("last id", state.lastID, wanted.last?.id ?? 0)
            ?? Self.differ("first sequence", locked.firstSequence(of: talk.key), 1)
        locked.forEachMessage(of: talk.key, from: 1) { message in
            if difference != nil { return false }
            guard place < wanted.count else {
                difference = "message \(message.id) was never sent"
                return false
            }
            difference = Self.message(message, wanted[place], UInt32(place + 1))
            place += 1
            return true
        }
        return difference ?? Self.differ("messages", place, wanted.count)
    }

    private static func message(
        _ found: borrowing StoredMessage, _ wanted: Message, _ sequence: UInt32
    ) -> String? {
        var msgID = ByteBuffer()
        found.appendMsgID(to: &msgID)
        let text = wanted.msgID.isEmpty ? "server-\(wanted.id)" : wanted.msgID
        let isSame =
            found.id == wanted.id && found.sequence == sequence && wanted.sequence == sequence
            && found.time == wanted.time && found.sender == wanted.sender && !found.isRecalled
            && Array(copying: msgID.span) == Array(text.utf8)
            && Array(copying: found.content) == wanted.content
        return isSame ? nil : "message \(found.id) at \(found.sequence) is not \(wanted.id)"
    }

    /// Every msg_id still stands for its message, and for no other.
    private func msgIDs() -> String? {
        for (use, (talk, place)) in model.sent {
            guard let message = model.talks[talk]?[place] else { continue }
            var stripes = StripeSet.user(use.sender) + .conversation(talk.key)
            if case .group(let group) = talk { stripes = stripes + .group(group) }
            var reading = Reading()
            var other = message.content
            other.append(0)
            let (same, conflict) = tables.withLocked(stripes, &reading) { locked in
                let id = message.msgID.utf8.span
                return (
                    locked.earlierUse(
                        of: id, by: use.sender, in: talk.key, content: message.content.span),
                    locked.earlierUse(of: id, by: use.sender, in: talk.key, content: other.span)
                )
            }
            guard case .same(message.id, message.sequence, message.time) = same else {
                return "msg_id \(use.msgID) of \(use.sender) is forgotten"
            }
            guard case .conflict = conflict else {
                return "msg_id \(use.msgID) of \(use.sender) stands for anything"
            }
        }
        return nil
    }
}
