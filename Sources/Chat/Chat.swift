// The domain: what users can do, one command a file, each for every door (REST, WebSocket, admin,
// the assistant's tools). A command
//
//     1. asks the log for room        (a full disk is known before anything is changed)
//     2. locks the stripes it touches
//     3. checks; a refusal is a `Failure`
//     4. appends its record, with the effects that ride with it: events, the answer to the caller
//     5. applies the record, by the same code as replay
//
// and returns. The answer reaches the caller through the log, after the record is durable.

package import Base
package import Hub
package import Reactor
package import Store

package struct ChatSettings: Sendable {
    /// Bytes of UTF-8.
    package var contentBytesMax = 16_384
    package var groupMembersMax = 10_000
    package var groupsPerUserMax = 1_000
    package var cursorIntervalSeconds = 5
    /// A message can be recalled so long; 0: never.
    package var recallWindowSeconds = 120
    /// bcrypt's cost: the work doubles with each step.
    package var bcryptCost = 10

    package init() {}
}

/// Who asks, and where the answer goes.
package struct Origin: Sendable {
    package enum Form: Sendable {
        /// A WebSocket text frame.
        case frame
        /// A response body (`ResponseAnswer`).
        case response
    }
    package var connection: ConnectionKey
    package var request: UInt32
    package var form: Form

    package init(connection: ConnectionKey, request: UInt32, form: Form) {
        self.connection = connection
        self.request = request
        self.form = form
    }

    /// Nobody waits for an answer.
    package static let nobody = Origin(connection: .none, request: 0, form: .response)
}

package final class Chat: Sendable {
    package let tables: Tables
    package let log: Log
    package let hub: Hub
    package let settings: ChatSettings

    package init(tables: Tables, log: Log, hub: Hub, settings: ChatSettings) {
        self.tables = tables
        self.log = log
        self.hub = hub
        self.settings = settings
    }

    /// Reserves room in the log, or refuses the command.
    func admit(_ bytes: Int) throws(Failure) {
        do throws(StoreFailure) {
            try log.admit(bytes: bytes)
        } catch {
            throw Failure(.storageUnavailable)
        }
    }

    /// Appends a record that `write` puts into an empty buffer, with its effects, and applies it.
    /// The stripes are locked by the caller, who was admitted with `admitted` bytes.
    func commit(
        _ kind: RecordKind, in tables: LockedTables, admitted: Int, _ workspace: Workspace,
        effects: (LSN, inout ByteBuffer) -> Void, _ write: (inout ByteBuffer) -> Void
    ) {
        workspace.record.removeAll()
        write(&workspace.record)
        let lsn = log.append(kind: kind.rawValue, admitted: admitted) { lsn, payload, out, _ in
            workspace.record.withSpan { payload.append($0) }
            effects(lsn, &out)
        }
        let isGood = workspace.record.withSpan { tables.apply(kind, $0, lsn: lsn) }
        precondition(isGood, "a record of our own that cannot be read")
    }
}

/// Buffers that commands of one thread use again and again, so that a command allocates nothing.
package final class Workspace {
    var record = ByteBuffer(capacity: 4_096)
    var json = ByteBuffer(capacity: 4_096)
    var tail = ByteBuffer(capacity: 4_096)
    package var msgID = ByteBuffer(capacity: 128)
    /// What a frame names as its recipient.
    package var target = ByteBuffer(capacity: 128)
    package var content = ByteBuffer(capacity: 4_096)
    private var peers: [UInt32] = Array(repeating: 0, count: Workspace.peersKept)

    private static let peersKept = 4_096

    package init() {}

    /// The user of this name. Names that are written as they were registered are found by a hash of
    /// their bytes and one comparison; only others are folded and looked up.
    package func user(named name: Span<UInt8>, in tables: Tables) -> UInt32? {
        let place = Int(truncatingIfNeeded: ByteHash.of(name)) & (Self.peersKept - 1)
        let known = peers[place]
        if known != 0, tables.isCurrentName(name, of: known) { return known }
        guard let text = try? UTF8Span(validating: name) else { return nil }
        guard let user = tables.user(named: String(copying: text)) else { return nil }
        peers[place] = user
        return user
    }
}

/// The answer to a request by REST, as it rides through the log: a status and a body.
package enum ResponseAnswer {
    package static func append(
        status: UInt16, to buffer: inout ByteBuffer, _ body: (inout ByteBuffer) -> Void
    ) {
        buffer.append(littleEndian: status)
        body(&buffer)
    }

    package static let headerBytes = 2
}
