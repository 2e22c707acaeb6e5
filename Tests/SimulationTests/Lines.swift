// Commands and what came of them, as lines of a trace.

import SimulatedDisk

extension Command {
    var line: String {
        switch self {
        case .register(let name, _): "register \(name)"
        case .profile(let user, _, _, _): "profile of \(user)"
        case .createGroup(let owner, let name, _, _): "group \(name) by \(owner)"
        case .join(let user, let group): "\(user) joins \(group)"
        case .invite(let member, let name, let group): "\(member) invites \(name) to \(group)"
        case .leave(let user, let group): "\(user) leaves \(group)"
        case .send(let sender, let target, let msgID, let content):
            "\(sender) sends \(content.count) bytes to \(target) as \"\(msgID)\""
        case .moveCursor(let move):
            "cursor of \(move.user) on \(move.device) to \(move.watermark)"
        }
    }
}

extension Life.Effect {
    var line: String {
        switch self {
        case .changed: "done"
        case .unchanged: "nothing to do"
        case .unavailable: "unavailable"
        }
    }
}

extension Weather.Ending {
    /// Nil: no crash ends this life.
    var crash: Crash? {
        switch self {
        case .cleanStop: nil
        case .crashAtCall(let crash, _), .crashAtStep(let crash): crash
        }
    }
}
