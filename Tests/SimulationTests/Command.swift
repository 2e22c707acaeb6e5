// A command at random, as a client could give it: mostly sensible, now and then refused, and often
// the same message once more.

import Base
import SimulatedDisk
import Store

enum Command {
    case register(name: String, nickname: String?)
    case profile(user: UInt32, nickname: String?, avatar: String?, email: String?)
    case createGroup(owner: UInt32, name: String, notice: String?, membersMax: Int?)
    case join(user: UInt32, group: UInt32)
    case invite(member: UInt32, name: String, group: UInt32)
    case leave(user: UInt32, group: UInt32)
    case send(sender: UInt32, to: Target, msgID: String, content: [UInt8])
    case moveCursor(CursorMove)

    enum Target {
        case user(UInt32)
        case group(UInt32)

        func talk(of sender: UInt32) -> Talk {
            switch self {
            case .user(let peer): .between(sender, peer)
            case .group(let group): .group(group)
            }
        }
    }
}

/// How long messages are in a run.
enum Lengths: CaseIterable {
    case small, mixed, large

    func pick(_ random: inout SeededRandom) -> Int {
        switch self {
        case .small: Int.random(in: 1...120, using: &random)
        case .mixed:
            random.chance(70)
                ? Int.random(in: 1...300, using: &random)
                : Int.random(in: 1...16_384, using: &random)
        case .large: Int.random(in: 8_000...16_384, using: &random)
        }
    }

    /// Snapshots that such a server keeps.
    var snapshotsKept: Int {
        switch self {
        case .small: 1
        case .mixed: 3
        case .large: 2
        }
    }
}

extension Command {
    static let usersMax = 14
    private static let names = ["Li", "Ōe", "Bo", "王", "Ada-", "m.w."]
    /// Letters to cut messages from.
    private static let letters: [UInt8] = {
        var random = SeededRandom(seed: 7)
        return (0..<(1 << 15)).map { _ in UInt8.random(in: 32...126, using: &random) }
    }()

    static func random(
        _ model: Model, _ lengths: Lengths, time: Int64, _ random: inout SeededRandom
    ) -> Command {
        let count = UInt32(model.users.count)
        if count < 3 { return register(count, &random) }
        let user = UInt32.random(in: 1...count, using: &random)
        let other = UInt32.random(in: 1...count, using: &random)
        // Now and then a group that there is not.
        let group = UInt32.random(in: 1...model.groupsGiven + 2, using: &random)
        switch Int.random(in: 0..<100, using: &random) {
        case 0..<5 where model.users.count < usersMax: return register(count, &random)
        case 0..<9:
            return .profile(
                user: user, nickname: random.chance(60) ? "昵称\(time)" : nil,
                avatar: random.chance(40) ? "/a/\(time)" : nil,
                email: random.chance(30) ? "\(time)@example" : nil)
        case 9..<14:
            return .createGroup(
                owner: user, name: "群\(time)", notice: random.chance(50) ? "n\(time)" : nil,
                membersMax: random.chance(60) ? Int.random(in: 2...5, using: &random) : nil)
        case 14..<22: return .join(user: user, group: group)
        case 22..<28:
            let name = model.users[Int(other) - 1].name
            return .invite(
                member: user, name: random.chance(90) ? name.uppercased() : "nobody",
                group: group)
        case 28..<33: return .leave(user: user, group: group)
        case 33..<42: return cursor(model, user, time, &random)
        case 42..<56:
            if let again = again(model, &random) { return again }
            fallthrough
        default: return send(model, lengths, user, other, group, time, &random)
        }
    }

    private static func register(_ count: UInt32, _ random: inout SeededRandom) -> Command {
        // Few names, so that some are taken already, in one case or another.
        let number = Int.random(in: 0...Int(count), using: &random)
        var name = names[number % names.count] + "\(number)"
        if random.chance(30) { name = name.uppercased() }
        if random.chance(3) { name = "no good" }
        return .register(name: name, nickname: random.chance(50) ? "N\(count)" : nil)
    }

    private static func send(
        _ model: Model, _ lengths: Lengths, _ user: UInt32, _ other: UInt32, _ group: UInt32,
        _ time: Int64, _ random: inout SeededRandom
    ) -> Command {
        var target = Target.user(random.chance(98) ? other : other + 100)
        if random.chance(45) {
            target = .group(
                model.users[Int(user) - 1].groups.randomElement(using: &random) ?? group)
        }
        var msgID = ""
        if random.chance(60) {
            msgID = random.chance(50) ? uuid(&random) : "m\(time % 900)"
        }
        var length = lengths.pick(&random)
        if random.chance(1) { length = random.chance(50) ? 0 : 16_385 }
        let start = Int.random(in: 0...letters.count - length, using: &random)
        return .send(
            sender: user, to: target, msgID: msgID,
            content: Array(letters[start..<start + length]))
    }

    private static func uuid(_ random: inout SeededRandom) -> String {
        let digits = Array("0123456789abcdef")
        return [8, 4, 4, 4, 12].map { count in
            String((0..<count).map { _ in digits[Int(random.next() % 16)] })
        }.joined(separator: "-")
    }

    /// A message that was sent before, as it was or with something else in it.
    private static func again(_ model: Model, _ random: inout SeededRandom) -> Command? {
        let talks = model.talks.keys.sorted { $0.key.bits < $1.key.bits }
        guard let talk = talks.randomElement(using: &random),
            let message = model.talks[talk]?.randomElement(using: &random), !message.msgID.isEmpty
        else { return nil }
        var target: Target
        switch talk {
        case .group(let group): target = .group(group)
        case .pair(let a, let b): target = .user(message.sender == a ? b : a)
        }
        var content = message.content
        switch Int.random(in: 0..<5, using: &random) {
        case 0: content[content.count - 1] ^= 1
        case 1: target = .user(message.sender)
        default: break
        }
        return .send(sender: message.sender, to: target, msgID: message.msgID, content: content)
    }

    private static func cursor(
        _ model: Model, _ user: UInt32, _ time: Int64, _ random: inout SeededRandom
    ) -> Command {
        let merges = random.chance(30)
        var move = CursorMove(
            user: user, device: random.chance(70) ? "default" : "phone", watermark: 0,
            exceptions: [], merges: merges, time: time)
        // With `merges` it says that the user was here, and no more.
        if merges { return .moveCursor(move) }
        move.watermark = UInt64.random(in: 0...model.lastID, using: &random)
        let row = model.users[Int(user) - 1]
        let talks = row.peers.map { Talk.between(user, $0) } + row.groups.map { Talk.group($0) }
        for talk in talks where random.chance(20) {
            let last = model.lastSequence(of: talk)
            move.exceptions.append((talk, UInt32.random(in: 0...last, using: &random)))
        }
        return .moveCursor(move)
    }
}
