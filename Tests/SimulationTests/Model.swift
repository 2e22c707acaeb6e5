// What the server's state must be, by plain arrays and dictionaries: nothing is clever here, and
// nothing is shared with the store. It answers two questions: what a change makes of the state, and
// (Prediction.swift) what a command has to come to.

struct Model {
    struct Device: Equatable {
        var name: String
        var watermark: UInt64 = 0
        var exceptions: [(talk: Talk, sequence: UInt32)] = []
        var lastSeen: Int64 = 0

        static func == (a: Device, b: Device) -> Bool {
            a.name == b.name && a.watermark == b.watermark && a.lastSeen == b.lastSeen
                && a.exceptions.elementsEqual(b.exceptions, by: ==)
        }
    }

    struct User {
        var name: String
        var nickname: String
        var avatar = ""
        var email = ""
        var hash: String
        var created: Int64
        var lastSeen: Int64
        /// In the order in which the conversations began.
        var peers: [UInt32] = []
        /// In the order of joining.
        var groups: [UInt32] = []
        var devices: [Device] = []
    }

    struct Member: Equatable {
        var user: UInt32
        var isOwner: Bool
        var joinedAt: Int64
        var joinedSequence: UInt32
    }

    struct Group {
        var name: String
        var notice: String
        var membersMax: UInt32
        var created: Int64
        var isDissolved = false
        /// In the order of joining.
        var members: [Member] = []

        func has(_ user: UInt32) -> Bool { members.contains { $0.user == user } }
    }

    struct Sent: Hashable {
        var sender: UInt32
        var msgID: String
    }

    /// User n is at n - 1.
    var users: [User] = []
    var groups: [UInt32: Group] = [:]
    /// The highest number that was given to a group; with a refusal one is used up.
    var groupsGiven: UInt32 = 0
    var talks: [Talk: [Message]] = [:]
    /// Where each msg_id of a sender was used.
    var sent: [Sent: (talk: Talk, place: Int)] = [:]
    var lastID: UInt64 = 0

    init() {}

    /// The state after these changes, and nothing else.
    init(_ changes: some Sequence<Change>) {
        for change in changes { apply(change) }
    }

    mutating func apply(_ change: Change) {
        switch change {
        case .user(_, let name, let nickname, let hash, let time):
            users.append(
                User(name: name, nickname: nickname, hash: hash, created: time, lastSeen: time))
        case .profile(let user, let nickname, let avatar, let email):
            edit(user) {
                $0.nickname = nickname
                $0.avatar = avatar
                $0.email = email
            }
        case .group(let number, let owner, let name, let notice, let membersMax, let time):
            groups[number] = Group(
                name: name, notice: notice, membersMax: membersMax, created: time,
                members: [Member(user: owner, isOwner: true, joinedAt: time, joinedSequence: 0)])
            groupsGiven = max(groupsGiven, number)
            edit(owner) { $0.groups.append(number) }
        case .joined(let group, let user, let time, let sequence):
            groups[group]?.members.append(
                Member(user: user, isOwner: false, joinedAt: time, joinedSequence: sequence))
            edit(user) { $0.groups.append(group) }
        case .left(let group, let user, let heir, let dissolves):
            leave(group, user, heir: heir, dissolves: dissolves)
        case .message(let message, let talk): append(message, to: talk)
        case .cursor(let move): moveCursor(move)
        }
    }

    private mutating func edit(_ user: UInt32, _ body: (inout User) -> Void) {
        body(&users[Int(user) - 1])
    }

    private mutating func leave(_ group: UInt32, _ user: UInt32, heir: UInt32, dissolves: Bool) {
        guard var found = groups[group] else { return }
        found.members.removeAll { $0.user == user }
        for place in found.members.indices where found.members[place].user == heir {
            found.members[place].isOwner = true
        }
        found.isDissolved = dissolves
        groups[group] = found
        edit(user) { $0.groups.removeAll { $0 == group } }
    }

    private mutating func append(_ message: Message, to talk: Talk) {
        let place = talks[talk]?.count ?? 0
        talks[talk, default: []].append(message)
        lastID = message.id
        if !message.msgID.isEmpty {
            sent[Sent(sender: message.sender, msgID: message.msgID)] = (talk, place)
        }
        if case .pair(let a, let b) = talk, place == 0 {
            edit(a) { $0.peers.append(b) }
            if a != b { edit(b) { $0.peers.append(a) } }
        }
    }

    private mutating func moveCursor(_ move: CursorMove) {
        edit(move.user) { user in
            user.lastSeen = max(user.lastSeen, move.time)
            var device =
                user.devices.first { $0.name == move.device } ?? Device(name: move.device)
            device.lastSeen = max(device.lastSeen, move.time)
            device.watermark = max(device.watermark, move.watermark)
            if !move.merges { device.exceptions = [] }
            for (talk, sequence) in move.exceptions {
                if let own = device.exceptions.firstIndex(where: { $0.talk == talk }) {
                    let old = device.exceptions[own].sequence
                    device.exceptions[own].sequence = max(old, sequence)
                } else {
                    device.exceptions.append((talk, sequence))
                }
            }
            if let place = user.devices.firstIndex(where: { $0.name == move.device }) {
                user.devices[place] = device
            } else {
                user.devices.append(device)
            }
        }
    }

    // MARK: reading

    func user(named name: String) -> UInt32? {
        let wanted = name.lowercased()
        return users.firstIndex { $0.name.lowercased() == wanted }.map { UInt32($0 + 1) }
    }

    func lastSequence(of talk: Talk) -> UInt32 { talks[talk]?.last?.sequence ?? 0 }

    /// The group, unless it is dissolved or never was.
    func living(_ group: UInt32) -> Group? {
        guard let found = groups[group], !found.isDissolved else { return nil }
        return found
    }
}
