// One connection as the loop sees it: a socket, its session, and what waits on either side. Slots
// live in pages that never move, so a loop may hold a pointer to one while it runs the session.
//
// `unsent` and `unparsed` are absent while there is nothing in them: an idle connection is this
// struct, its session object, and what the kernel keeps.

import Base

/// Bytes that could not go on yet: the rest of a short write, or the start of a request.
final class Remainder {
    var bytes: ByteBuffer
    /// Bytes at the front that have been used already.
    var used = 0

    init(_ span: Span<UInt8>) {
        bytes = ByteBuffer(capacity: span.count)
        bytes.append(span)
    }

    var count: Int { bytes.count - used }

    /// Calls `body` with what is left.
    func withBytes<R>(_ body: (Span<UInt8>) -> R) -> R {
        bytes.withSpan { body($0.extracting(used...)) }
    }

    /// Appends, after moving the unused part to the front where that frees half of the memory.
    func append(_ span: Span<UInt8>) {
        if used > bytes.count / 2 {
            bytes.removeFirst(used)
            used = 0
        }
        bytes.append(span)
    }
}

struct ConnectionFlags: OptionSet {
    let rawValue: UInt16
    /// In the list of connections that have something to send at the end of this turn.
    static let dirty = ConnectionFlags(rawValue: 1 << 0)
    /// epoll was asked for EPOLLOUT.
    static let awaitsWritable = ConnectionFlags(rawValue: 1 << 1)
    /// The session does not want bytes now.
    static let paused = ConnectionFlags(rawValue: 1 << 2)
    /// epoll was told that we do not read.
    static let deaf = ConnectionFlags(rawValue: 1 << 3)
    /// In the list of connections whose session goes on in the next turn.
    static let scheduled = ConnectionFlags(rawValue: 1 << 4)
    /// An orderly end has begun: nothing more is taken from the session or the peer.
    static let finishing = ConnectionFlags(rawValue: 1 << 5)
    /// Our side is shut down; waiting for the peer's.
    static let lingering = ConnectionFlags(rawValue: 1 << 6)
    /// Over; the slot is freed at the end of the turn.
    static let closed = ConnectionFlags(rawValue: 1 << 7)
    /// The session decides about each message (`Session.accepts`).
    static let choosing = ConnectionFlags(rawValue: 1 << 8)
    /// The session wants `proceed` when the outbox has drained.
    static let wantsDrain = ConnectionFlags(rawValue: 1 << 9)
    /// The session has been told that the outbox is full.
    static let full = ConnectionFlags(rawValue: 1 << 10)
    /// The peer has ended its side.
    static let inputEnded = ConnectionFlags(rawValue: 1 << 11)
    /// What waited while the session was paused has not been offered yet.
    static let held = ConnectionFlags(rawValue: 1 << 12)
    /// What is sent to many comes in a form of its own (`Connection.form`).
    static let formed = ConnectionFlags(rawValue: 1 << 13)
}

struct Connection {
    var session: (any Session)?
    var unsent: Remainder?
    var unparsed: Remainder?
    /// Bytes that send(2) has taken, for comparing with what the peer has acknowledged.
    var bytesWritten: UInt64 = 0
    var descriptor: CInt = -1
    var generation: UInt32 = 0
    /// The node of the outbox at the end of what this turn sends here.
    var pending: UInt32 = 0
    /// The tick at which the session wants to hear of time; `.max` for never.
    var wakeTick: UInt32 = .max
    var receivedTick: UInt32 = 0
    var sentTick: UInt32 = 0
    /// While free: the next free slot.
    var nextFree: UInt32 = .max
    /// Outbound bytes that may wait for the peer.
    var outboundBytesMax: UInt32 = .max
    var flags: ConnectionFlags = []
    var reason: CloseReason = .finished
    /// Which form of a message this connection takes; 0 for the one that was staged.
    var form: UInt8 = 0
    var address = PeerAddress()
}
