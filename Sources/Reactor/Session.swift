// What a protocol is to the event loop: an object per connection that is told of bytes and moments.
// All calls come on the loop's thread, one at a time, never with a lock held.
//
//     receive ─► (again with what is left, when more came) ─► … ─► ended, exactly once
//
// A session that must wait for an answer from elsewhere pauses reading; `proceed` is called after
// `EventLoop.schedule`, and after a full outbox has drained if the session asked for that.

package import Base

package protocol Session: AnyObject {
    /// Bytes have come. `input` holds what an earlier call left and what is new; the session may
    /// change it in place (unmasking) and returns how many bytes from its start it has used. What
    /// is left is offered again together with what comes next.
    func receive(_ input: inout ByteBuffer, on loop: EventLoop, _ slot: UInt32) -> Int

    /// The peer has ended its side; nothing more will come. The session ends the connection, now
    /// or when what it owes is sent.
    func inputEnded(on loop: EventLoop, _ slot: UInt32)

    /// The turn that was asked for by `EventLoop.schedule`, or the outbox is empty again.
    func proceed(on loop: EventLoop, _ slot: UInt32)

    /// The time set by `EventLoop.wake` has passed.
    func timePassed(on loop: EventLoop, _ slot: UInt32)

    /// A message for `topic` is about to be sent to this connection, which is marked as choosing
    /// (`EventLoop.setChoosing`). False keeps it out.
    func accepts(topic: UInt64, sequence: UInt64) -> Bool

    /// The answer to one of this connection's requests has come from elsewhere. `topic` and
    /// `sequence` say which message it speaks of, if any: a session that sends that topic later
    /// must not let the answer overtake it.
    func answer(
        _ bytes: Span<UInt8>, request: UInt32, topic: UInt64, sequence: UInt32,
        on loop: EventLoop, _ slot: UInt32)

    /// More than `outboundBytesMax` is waiting for the peer: nothing more is taken for it unless
    /// the session ends the connection in its own words.
    func outboxIsFull(on loop: EventLoop, _ slot: UInt32)

    /// The connection is over for the session: nothing more is taken from it or given to it. What
    /// it has queued may still be on its way.
    func ended(_ reason: CloseReason, on loop: EventLoop, _ slot: UInt32)

    /// The socket is about to be closed; called only where `EventLoop.tellWhenGone` asked for it.
    func gone(on loop: EventLoop, _ slot: UInt32)
}
