// A chat without sockets: commands run on a data directory of their own, and everything that the
// log hands out is taken apart into frames and answers.

import Base
import Chat
import Glibc
import Hub
import Reactor
import Store
import Synchronization
import Testing
import Wire

/// What one effect was, with its bytes.
struct Outcome: Sendable {
    var kind: Effect.Kind
    var lsn: UInt64
    var userA: UInt32
    var userB: UInt32
    var group: UInt32
    var sequence: UInt32
    var frame: [UInt8]
    var answer: [UInt8]
    var otherAnswer: [UInt8]
}

final class ChatBench {
    let path: String
    private var inUse: Chat?
    let workspace = Workspace()
    var time: Int64 = 1_700_000_000_000
    /// Somebody waits for answers.
    let origin = Origin(
        connection: ConnectionKey(reactor: 0, generation: 1, slot: 0), request: 1, form: .frame)
    private let outcomes = Outcomes()

    private final class Outcomes: Sendable {
        let list = Mutex<[Outcome]>([])
    }

    init() throws {
        path = "/tmp/lingxi-chat-\(getpid())-\(UInt64.random(in: 0...UInt64.max))"
        try open()
    }

    var chat: Chat {
        guard let inUse else { preconditionFailure("a chat that is closed") }
        return inUse
    }

    /// Lets everything go, and comes back from the log alone.
    func reopen() throws {
        close()
        inUse = nil
        try open()
    }

    private func open() throws {
        let files = LinuxFileSystem()
        let directory = try DataDirectory(path: path, files: files)
        let recovered = try Recovery(directory, files).run()
        let tables = recovered.tables
        let outcomes = outcomes
        let log = try Log(
            directory: directory, files: files, policy: .never, end: recovered.end
        ) { batch in
            let new = ChatBench.outcomes(batch.effects)
            outcomes.list.withLock { $0 += new }
        }
        var settings = ChatSettings()
        settings.bcryptCost = 4
        inUse = Chat(tables: tables, log: log, hub: Hub(loops: []), settings: settings)
    }

    /// Commits, and gives what has been handed out since the last time.
    func take() -> [Outcome] {
        chat.log.commit()
        return outcomes.list.withLock { list in
            let all = list
            list = []
            return all
        }
    }

    func close() { chat.log.close() }

    /// Removes the directory.
    func remove() throws {
        let files = LinuxFileSystem()
        for name in try files.names(in: path) where name != "." && name != ".." {
            try files.remove("\(path)/\(name)")
        }
        #expect(unsafe rmdir(path) == 0)
    }

    private static func outcomes(_ effects: borrowing ByteBuffer) -> [Outcome] {
        var all: [Outcome] = []
        var offset = 0
        let span = effects.span
        while let (effect, next) = Effect.read(effects, at: offset) {
            all.append(
                Outcome(
                    kind: effect.kind, lsn: effect.lsn, userA: effect.userA, userB: effect.userB,
                    group: effect.group, sequence: effect.sequence,
                    frame: effect.frame.map { span[$0] }, answer: effect.answer.map { span[$0] },
                    otherAnswer: effect.otherAnswer.map { span[$0] }))
            offset = next
        }
        return all
    }

    // MARK: commands

    func register(_ name: String) throws -> UInt32 {
        var reading = Reading()
        time += 1
        try chat.register(
            name: name, passwordHash: "$2b$04$none", nickname: nil, at: time, origin: origin,
            workspace, &reading)
        return try #require(chat.tables.user(named: name))
    }

    func send(
        from sender: UInt32, to target: MessageTarget, msgID: [UInt8] = [], _ content: [UInt8]
    ) throws {
        workspace.msgID.removeAll()
        workspace.msgID.append(msgID.span)
        workspace.content.removeAll()
        workspace.content.append(content.span)
        var reading = Reading()
        time += 1
        try chat.sendMessage(
            from: sender, to: target, at: time, origin: origin, workspace, &reading)
    }
}

/// A JSON object's members, read by the server's own reader, which validates all of it.
struct FrameReading {
    var texts: [String: [UInt8]] = [:]
    var numbers: [String: Int64] = [:]

    /// Every frame in `bytes`, which must be whole, unmasked text frames and nothing else.
    static func all(in bytes: [UInt8]) throws -> [FrameReading] {
        var frames: [FrameReading] = []
        var at = 0
        while at < bytes.count {
            let rest = bytes.span.extracting(at...)
            let decoded = WebSocketFrameHeader.decode(rest, role: .client, allowsCompression: false)
            guard case .header(let header) = decoded else {
                Issue.record("no frame at \(at)")
                return frames
            }
            #expect(header.opcode == .text && header.isFinal && header.maskKey == nil)
            let start = at + header.length
            try #require(start + header.payloadLength <= bytes.count)
            frames.append(try FrameReading(Array(bytes[start..<start + header.payloadLength])))
            at = start + header.payloadLength
        }
        return frames
    }

    init(_ json: [UInt8]) throws {
        let span = json.span
        var reader = JSONReader(span)
        try #require(reader.next() == .beginObject)
        var isOver = false
        while !isOver {
            switch reader.next() {
            case .key(let name):
                let key = String(name, of: span)
                #expect(texts[key] == nil && numbers[key] == nil, "\(key) twice")
                switch reader.next() {
                case .string(let token):
                    var buffer = ByteBuffer()
                    buffer.append(unescaped: token, of: span)
                    let bytes = buffer.span
                    texts[key] = bytes.indices.map { bytes[$0] }
                case .number(let number):
                    #expect(number.integer != nil)
                    numbers[key] = number.integer ?? 0
                default: Issue.record("\(key) is neither text nor number")
                }
            case .endObject: isOver = true
            case let other:
                Issue.record("\(other)")
                return
            }
        }
        #expect(reader.next() == .end)
    }

    func text(_ name: String) -> String? { texts[name].map { String(decoding: $0, as: UTF8.self) } }
}
