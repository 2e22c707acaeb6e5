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

    private(set) var checkpoint: Checkpoint?
    /// Where the connection stood when its end began.
    var end: Checkpoint?
    private var savedBytes: UInt64 = 0
    /// Something was missed, so the cursor is behind even if nothing is sent.
    var mustSave = false

    mutating func note(_ checkpoint: Checkpoint) { self.checkpoint = checkpoint }

    /// Whether something has been sent since the last cursor was written.
    func hasNews(_ bytes: UInt64) -> Bool { mustSave || bytes > savedBytes }

    mutating func saved(_ bytes: UInt64) {
        savedBytes = bytes
        mustSave = false
        checkpoint = nil
    }
}

extension WebSocketSession {
    /// At intervals: writes down what is confirmed, and notes where we are now.
    func saveCursor(on loop: EventLoop, _ slot: UInt32) {
        guard phase == .open else { return }
        let handed = loop.bytesWritten(slot) + UInt64(loop.queuedBytes(slot))
        guard served.checkpoint != nil || served.hasNews(handed) else { return }
        let acknowledged = loop.bytesAcknowledged(slot)
        if let checkpoint = served.checkpoint {
            guard acknowledged >= checkpoint.bytes else { return }
            save(checkpoint, on: loop)
            guard served.hasNews(handed) else { return }
        }
        let now = currentCheckpoint(handed)
        // Nothing is under way: no need to wait for the next interval.
        if acknowledged == handed { save(now, on: loop) } else { served.note(now) }
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

    /// The peer has not acknowledged everything and never will: the last checkpoint counts, if it
    /// was reached.
    func saveWhatIsKnown(on loop: EventLoop, _ slot: UInt32) {
        if let checkpoint = served.checkpoint,
            loop.bytesAcknowledged(slot) >= checkpoint.bytes
        {
            save(checkpoint, on: loop)
        } else {
            chat.saveLastSeen(
                user, device: device, at: loop.unixMilliseconds,
                unsafe context.exchangeInUse.workspace)
        }
    }
}
