// The bounds of one call. Every call has all of them: nothing that a foreign server does, or leaves
// undone, may take memory or time without end.
//
//     start ──► connected ──► first byte of the body ──► byte ──► byte … ──► end
//     │connect  │first byte                             │between bytes      │
//     │whole                                                                │
//
// Connecting is waiting for a free look-up, the look-up, TCP and TLS. The time between bytes does
// not run while the receiver has paused the call; the whole time always does.

package struct CallLimits: Equatable, Sendable {
    package var connectMilliseconds = 5_000
    /// From the connection to the first byte of the body; sending the request is part of it.
    package var firstByteMilliseconds = 30_000
    package var betweenBytesMilliseconds = 20_000
    package var wholeMilliseconds = 120_000
    /// Of all header lines of one reply, in bytes.
    package var headBytesMax = 64 * 1_024
    /// Of the body, in bytes, after inflating.
    package var bodyBytesMax = 10 * 1_024 * 1_024

    package init() {}

    /// The longest time limit, in milliseconds: what libcurl takes, too.
    static let millisecondsMax = Int(Int32.max)

    static func nanoseconds(_ milliseconds: Int) -> UInt64 {
        UInt64(min(max(milliseconds, 1), millisecondsMax)) * 1_000_000
    }
}
