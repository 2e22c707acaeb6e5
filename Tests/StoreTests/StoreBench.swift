// A store on a disk in memory that is filled by records alone: tables, log and snapshots as the
// server has them, and nothing above.

import Base
import SimulatedDisk
import Store
import Testing

/// A store on a disk in memory, filled by records alone.
final class StoreBench {
    let disk: MemoryDisk
    let directory: DataDirectory
    let recovered: Recovered
    let log: Log
    var tables: Tables { recovered.tables }
    var writer: SnapshotWriter {
        SnapshotWriter(directory: directory, files: disk, tables: tables, log: log)
    }

    init(_ disk: MemoryDisk) throws {
        disk.with {
            $0.locks = []
            $0.capacity = 64 << 20
        }
        self.disk = disk
        directory = try DataDirectory(path: "/data", files: disk)
        recovered = try Recovery(directory, disk).run()
        log = try Log(
            directory: directory, files: disk, policy: .interval(milliseconds: 1),
            end: recovered.end, release: { _ in })
    }

    func commit(_ kind: RecordKind, _ stripes: StripeSet, _ write: (inout ByteBuffer) -> Void)
        throws
    {
        var payload = ByteBuffer()
        write(&payload)
        let bytes = payload.count
        try log.admit(bytes: bytes)
        var reading = Reading()
        tables.withLocked(stripes, &reading) { locked in
            let lsn = log.append(kind: kind.rawValue, admitted: bytes) { _, record, _, mark in
                record.append(payload.span)
                mark = max(mark, lastID)
            }
            let isGood = locked.apply(kind, payload.span, lsn: lsn)
            #expect(isGood)
        }
        log.commit()
    }

    func register(_ name: String) throws -> UInt32 {
        let user = try #require(tables.reserveUser(name: name))
        try commit(.userCreated, .user(user)) {
            UserCreated(
                user: user, createdAt: 1_000, name: name, nickname: name + "昵",
                passwordHash: "$2b$04$none"
            ).append(to: &$0)
        }
        return user
    }

    private var lastID: UInt64 = 0

    func send(
        _ sender: UInt32, _ key: ConversationKey, _ sequence: UInt32, at time: Int64,
        msgID: [UInt8], _ content: [UInt8]
    ) throws {
        lastID = max(lastID, recovered.end.lastMark) + 1
        let id = lastID
        let users = key.users
        let parties: StripeSet =
            key.isGroup ? [] : .user(users.smaller) + .user(users.larger)
        try commit(.messageSent, .user(sender) + .conversation(key) + parties) { buffer in
            MessageSent.append(
                to: &buffer, time: time, conversation: key, sender: sender,
                msgID: msgID.span, content: content.span)
            MessageSent.assign(id: id, in: &buffer)
            MessageSent.assign(sequence: sequence, in: &buffer)
        }
    }

    func snapshot(_ number: UInt64) throws -> SnapshotSummary {
        try writer.write(number, at: 5_000) { _ in true }
    }
}
