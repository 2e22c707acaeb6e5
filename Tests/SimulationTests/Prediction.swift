// What a command has to come to, by the model: a change, an answer that was given before, nothing,
// or a refusal. (A disk that is full or failing may refuse anything; that is not foreseen here.)

import Chat

enum Outcome {
    case change(Change)
    /// The message was sent before; its answer comes again.
    case again(Message)
    /// Granted already.
    case nothing
    case refused(Failure.Code)
}

extension Model {
    static let groupsPerUserMax = 6
    static let membersDefault: UInt32 = 200
    static let contentBytesMax = 16_384

    /// Notes a group's number that a refusal used up.
    mutating func outcome(of command: Command, at time: Int64) -> Outcome {
        switch command {
        case .register(let name, let nickname):
            if name.contains(" ") { return .refused(.invalidRequest) }
            if user(named: name) != nil { return .refused(.userExists) }
            return .change(
                .user(
                    number: UInt32(users.count + 1), name: name, nickname: nickname ?? name,
                    hash: Self.hash(time), time: time))
        case .profile(let user, let nickname, let avatar, let email):
            let row = users[Int(user) - 1]
            return .change(
                .profile(
                    user: user, nickname: nickname ?? row.nickname, avatar: avatar ?? row.avatar,
                    email: email ?? row.email))
        case .createGroup(let owner, let name, let notice, let membersMax):
            groupsGiven += 1
            if users[Int(owner) - 1].groups.count >= Self.groupsPerUserMax {
                return .refused(.groupFull)
            }
            return .change(
                .group(
                    number: groupsGiven, owner: owner, name: name, notice: notice ?? "",
                    membersMax: membersMax.map { UInt32($0) } ?? Self.membersDefault, time: time))
        case .join(let user, let group): return joining(group, user, by: nil, at: time)
        case .invite(let member, let name, let group):
            guard let found = living(group) else { return .refused(.groupNotFound) }
            guard found.has(member) else { return .refused(.notAMember) }
            guard let user = user(named: name) else { return .refused(.userNotFound) }
            return joining(group, user, by: member, at: time)
        case .leave(let user, let group): return leaving(group, user)
        case .send(let sender, let target, let msgID, let content):
            return sending(sender, target, msgID, content, at: time)
        case .moveCursor(let move): return .change(.cursor(move))
        }
    }

    static func hash(_ time: Int64) -> String { "$2b$04$\(time)" }

    private func joining(
        _ group: UInt32, _ user: UInt32, by inviter: UInt32?, at time: Int64
    ) -> Outcome {
        guard let found = living(group) else { return .refused(.groupNotFound) }
        if found.has(user) { return .nothing }
        if found.members.count >= Int(found.membersMax) { return .refused(.groupFull) }
        if users[Int(user) - 1].groups.count >= Self.groupsPerUserMax {
            return .refused(.groupFull)
        }
        return .change(
            .joined(
                group: group, user: user, time: time, sequence: lastSequence(of: .group(group))))
    }

    private func leaving(_ group: UInt32, _ user: UInt32) -> Outcome {
        guard let found = living(group) else { return .refused(.groupNotFound) }
        guard let member = found.members.first(where: { $0.user == user }) else {
            return .refused(.notAMember)
        }
        let heir = found.members.first { $0.user != user }?.user
        return .change(
            .left(
                group: group, user: user, heir: member.isOwner ? heir ?? 0 : 0,
                dissolves: heir == nil))
    }

    private func sending(
        _ sender: UInt32, _ target: Command.Target, _ msgID: String, _ content: [UInt8],
        at time: Int64
    ) -> Outcome {
        if content.isEmpty { return .refused(.contentEmpty) }
        if content.count > Self.contentBytesMax { return .refused(.contentTooLong) }
        let talk = target.talk(of: sender)
        if let use = sent[Sent(sender: sender, msgID: msgID)], !msgID.isEmpty,
            let first = talks[use.talk]?[use.place]
        {
            return use.talk == talk && first.content == content
                ? .again(first) : .refused(.msgIDConflict)
        }
        switch target {
        case .user(let peer):
            guard peer <= users.count else { return .refused(.userNotFound) }
        case .group(let group):
            guard let found = living(group) else { return .refused(.groupNotFound) }
            guard found.has(sender) else { return .refused(.notAMember) }
        }
        return .change(
            .message(
                Message(
                    id: lastID + 1, sequence: lastSequence(of: talk) + 1, time: time,
                    sender: sender, msgID: msgID, content: content),
                in: talk))
    }
}
