// Who asks is told here, on the loop's thread: the head once, the body in pieces as they arrive,
// and the end exactly once, after which nothing comes.
//
//     began? ──► received* ──► ended
//
// `began` is missing where no reply came. A receiver must not block: all calls share the thread.

package protocol ReplyReceiver: AnyObject, Sendable {
    /// Status and fields of the final reply.
    func began(_ call: Call, _ head: ReplyHead)
    /// A piece of the body, of any length above 0; good until this returns.
    func received(_ call: Call, _ bytes: Span<UInt8>)
    /// `detail` is a sentence for the log; it may hold the server's address, never a header.
    func ended(_ call: Call, _ end: CallEnd, detail: String)
}
