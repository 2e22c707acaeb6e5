// How far a connection has been served, as far as its TCP can prove it. At intervals the session
// notes a checkpoint: so many bytes were handed out, and with them everything up to this message.
// When the peer has acknowledged those bytes, the checkpoint is confirmed, and written down as the
// cursor of the user's device. What a dead link swallowed was never confirmed, and comes again.

import Base
import Chat
import Hub
import Reactor
import Store

struct ServedState {
    struct Checkpoint {
        /// Bytes handed to the connection since it began.
        var bytes: UInt64
        /// The highest message id that was handed out by then.
        var watermark: UInt64
        /// Conversations that were behind by then.
        var exceptions: [DeviceCursor.Exception]
    }

    /// Not acknowledged yet, oldest first, a good way of bytes apart.
    private(set) var checkpoints: [Checkpoint] = []
    /// Where the connection stood when its end began.
    var end: Checkpoint?
    private var savedBytes: UInt64 = 0
    /// Something was missed, so the cursor is behind even if nothing is sent.
    var mustSave = false

    private static let checkpointsMax = 16
    /// Together they span more than what a socket holds of a reader that is alive.
    private static let bytesApart: UInt64 = 256 * 1_024

    /// Keeps the checkpoint, if it is far enough from the last one. With too many, the newest gives
    /// way to it.
    mutating func note(_ checkpoint: Checkpoint) {
        if let last = checkpoints.last, checkpoint.bytes < last.bytes + Self.bytesApart { return }
        if checkpoints.count == Self.checkpointsMax { checkpoints.removeLast() }
        checkpoints.append(checkpoint)
    }

    /// The furthest checkpoint that the peer has reached.
    func reached(_ acknowledged: UInt64) -> Checkpoint? {
        checkpoints.last { $0.bytes <= acknowledged }
    }

    /// Whether something has been sent since the last cursor was written.
    func hasNews(_ bytes: UInt64) -> Bool { mustSave || bytes > savedBytes }

    mutating func saved(_ bytes: UInt64) {
        savedBytes = bytes
        mustSave = false
        checkpoints.removeAll { $0.bytes <= bytes }
    }
}

extension WebSocketSession {
    /// At intervals: writes down what is confirmed, and notes where we are now.
    func saveCursor(on loop: EventLoop, _ slot: UInt32) {
        guard phase == .open else { return }
        let handed = loop.bytesWritten(slot) + UInt64(loop.queuedBytes(slot))
        guard served.hasNews(handed) else { return }
        let acknowledged = loop.bytesAcknowledged(slot)
        if let checkpoint = served.reached(acknowledged) {
            save(checkpoint, on: loop)
            guard served.hasNews(handed) else { return }
        }
        let now = currentCheckpoint(handed)
        // Nothing is under way: no need to wait for the next interval.
        if acknowledged == handed { save(now, on: loop) } else { served.note(now) }
    }

    /// A part of the backlog has been handed out.
    func noteProgress(on loop: EventLoop, _ slot: UInt32) {
        served.note(
            currentCheckpoint(loop.bytesWritten(slot) + UInt64(loop.queuedBytes(slot))))
    }

    private func currentCheckpoint(_ bytes: UInt64) -> ServedState.Checkpoint {
        let hub = unsafe context.loopHub
        return ServedState.Checkpoint(
            bytes: bytes, watermark: hub.handledMark,
            exceptions: catchUp.exceptions(handled: hub.handledLSN))
    }

    private func save(_ checkpoint: ServedState.Checkpoint, on loop: EventLoop) {
        chat.saveCursor(
            user, device: device, watermark: checkpoint.watermark,
            exceptions: checkpoint.exceptions, lastSeenAt: loop.unixMilliseconds,
            unsafe context.exchangeInUse.workspace)
        served.saved(checkpoint.bytes)
    }

    /// Notes where the connection stands before a close frame is queued, which nobody has to
    /// acknowledge for what came before it.
    func noteEnd(on loop: EventLoop, _ slot: UInt32) {
        if served.end != nil { return }
        served.end = currentCheckpoint(loop.bytesWritten(slot) + UInt64(loop.queuedBytes(slot)))
    }

    /// The session is over. True when the peer has acknowledged everything that it was sent before
    /// the end, which then is the cursor.
    func saveIfAcknowledged(on loop: EventLoop, _ slot: UInt32) -> Bool {
        guard let end = served.end, loop.bytesAcknowledged(slot) >= end.bytes else { return false }
        save(end, on: loop)
        return true
    }

    /// The peer has not acknowledged everything and may never do: the furthest checkpoint that it
    /// has reached counts.
    func saveWhatIsKnown(on loop: EventLoop, _ slot: UInt32) {
        if let checkpoint = served.reached(loop.bytesAcknowledged(slot)) {
            save(checkpoint, on: loop)
        } else {
            chat.saveLastSeen(
                user, device: device, at: loop.unixMilliseconds,
                unsafe context.exchangeInUse.workspace)
        }
    }
}
