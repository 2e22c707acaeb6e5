// One life of the server: from a recovery to the next crash or stop. Commands go through Chat as a
// reactor's would; what comes back is held against the model at once.

import Base
import Chat
import Hub
import Reactor
import SimulatedDisk
import Store

final class Life {
    let chat: Chat
    let ledger: Ledger
    let policy: FsyncPolicy
    /// Nothing has happened to the disk, or all of it has been mended since.
    var isCalm = true
    private let workspace = Workspace()
    private var request: UInt32 = 0
    private let directory: DataDirectory
    private let disk: MemoryDisk
    private var snapshots: [SnapshotSummary]
    private var lastNumber: UInt64
    private let kept: Int

    init(
        _ chat: Chat, _ ledger: Ledger, _ policy: FsyncPolicy, _ directory: DataDirectory,
        _ disk: MemoryDisk, _ recovered: Store.Recovered, kept: Int
    ) {
        self.chat = chat
        self.ledger = ledger
        self.policy = policy
        self.directory = directory
        self.disk = disk
        snapshots = recovered.snapshots
        lastNumber = recovered.lastNumber
        self.kept = kept
    }

    /// Writes a snapshot, with `between` called while it is written, and lets go of what only older
    /// ones needed, as the server does.
    func takeSnapshot(_ between: () -> Void) -> Result<SnapshotSummary, any Error> {
        lastNumber += 1
        let writer = SnapshotWriter(
            directory: directory, files: disk, tables: chat.tables, log: log)
        return Result {
            let summary = try withoutActuallyEscaping(between) { between in
                try writer.write(lastNumber, at: 0) { _ in
                    between()
                    return true
                }
            }
            snapshots = try Snapshots(directory, disk).prune(snapshots + [summary], kept: kept)
            if let oldest = snapshots.first { log.drop(before: oldest.lowest + 1) }
            return summary
        }
    }

    static let stripes = 64

    func pack(_ stripe: Int) { _ = chat.tables.pack(stripe: stripe, all: true) }

    var log: Log { chat.log }

    enum Effect {
        case changed(Change)
        case unchanged
        /// The disk was full or failing.
        case unavailable
    }

    /// Gives a command and compares what it did with `expected`.
    func give(
        _ command: Command, at time: Int64, expected: Outcome
    ) throws(Violation) -> Effect {
        let before = log.appended
        request += 1
        var refusal: Failure.Code?
        do throws(Failure) { try perform(command, at: time) } catch { refusal = error.code }
        let appended = log.appended - before
        if refusal == .storageUnavailable { return try refused(appended) }
        switch (expected, refusal, appended) {
        case (.change(let change), nil, 1):
            if case .moveCursor = command { return .changed(change) }
            var answer = Ledger.Answer(lsn: log.appended)
            if case .message(let message, _) = change { answer.message = message }
            ledger.expect(request, answer)
            return .changed(change)
        case (.change, nil, 0):
            // A cursor is left out when it cannot be stored; nobody waits for it.
            guard case .moveCursor = command else { break }
            return try refused(appended)
        case (.again(let message), nil, 0):
            ledger.expect(request, Ledger.Answer(lsn: before, message: message))
            return .unchanged
        case (.nothing, nil, 0):
            ledger.expect(request, Ledger.Answer(lsn: before))
            return .unchanged
        case (.refused(let code), .some(let came), 0) where came == code: return .unchanged
        default: break
        }
        let came = refusal.map { "\($0.name)" } ?? "success"
        throw Violation(what: "\(came) and \(appended) records for \(command), not \(expected)")
    }

    private func refused(_ appended: LSN) throws(Violation) -> Effect {
        if appended > 0 { throw Violation(what: "a refused command left a record") }
        if isCalm, !ledger.isCrashed { throw Violation(what: "a good disk is called unavailable") }
        return .unavailable
    }

    private func perform(_ command: Command, at time: Int64) throws(Failure) {
        var reading = Reading()
        let origin = Origin(
            connection: ConnectionKey(reactor: 0, generation: 1, slot: 0), request: request,
            form: .response)
        switch command {
        case .register(let name, let nickname):
            try chat.checkRegistration(name: name, password: "secret", nickname: nickname)
            try chat.register(
                name: name, passwordHash: Model.hash(time), nickname: nickname, at: time,
                origin: origin, workspace, &reading)
        case .profile(let user, let nickname, let avatar, let email):
            try chat.changeProfile(
                user, nickname: nickname, avatar: avatar, email: email, origin: origin, workspace,
                &reading
            ) { account, buffer in buffer.append(account.nickname) }
        case .createGroup(let owner, let name, let notice, let membersMax):
            try chat.createGroup(
                name: name, notice: notice, membersMax: membersMax, by: owner, at: time,
                origin: origin, workspace, &reading)
        case .join(let user, let group):
            try chat.joinGroup(group, by: user, at: time, origin: origin, workspace, &reading)
        case .invite(let member, let name, let group):
            try chat.invite(
                named: name, to: group, by: member, at: time, origin: origin, workspace, &reading)
        case .leave(let user, let group):
            try chat.leaveGroup(group, by: user, at: time, origin: origin, workspace, &reading)
        case .send(let sender, let target, let msgID, let content):
            workspace.msgID.removeAll()
            workspace.msgID.append(msgID)
            workspace.content.removeAll()
            workspace.content.append(content.span)
            try chat.sendMessage(
                from: sender, to: target.asked, at: time, origin: origin, workspace, &reading)
        case .moveCursor(let move): save(move)
        }
    }

    private func save(_ move: CursorMove) {
        if move.merges {
            chat.saveLastSeen(move.user, device: move.device, at: move.time, workspace)
        } else {
            chat.saveCursor(
                move.user, device: move.device, watermark: move.watermark,
                exceptions: move.record.exceptions, lastSeenAt: move.time, workspace)
        }
    }
}

extension Command.Target {
    var asked: MessageTarget {
        switch self {
        case .user(let user): .user(user)
        case .group(let group): .group(group)
        }
    }
}
