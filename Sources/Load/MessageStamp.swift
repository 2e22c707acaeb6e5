// What a message says of itself, at the front of its content, so that whoever receives it can tell
// whose it is, whether it is the next one, and how long it took.
//
//     rrrrrrrr ssssssss cccccccccccccccc tttttttttttttttt filler…
//     run      sender   counter          nanoseconds of the monotonic clock
//
// All in hexadecimal without the blanks, 48 bytes. `run` is new for each run: what an earlier one
// left behind is not taken for this one's.

package struct MessageStamp: Equatable, Sendable {
    package static let length = 48

    package let run: UInt32
    package let sender: UInt32
    package let counter: UInt64
    /// When it was sent, or should have been: nanoseconds of the monotonic clock.
    package let time: UInt64

    package init(run: UInt32, sender: UInt32, counter: UInt64, time: UInt64) {
        self.run = run
        self.sender = sender
        self.counter = counter
        self.time = time
    }

    /// Reads the front of a content; nil when it is none of ours.
    @inline(__always)
    package init?(_ content: Span<UInt8>) {
        guard content.count >= Self.length,
            let run = content.hexadecimal(at: 0), let sender = content.hexadecimal(at: 8),
            let counterHigh = content.hexadecimal(at: 16),
            let counterLow = content.hexadecimal(at: 24),
            let timeHigh = content.hexadecimal(at: 32), let timeLow = content.hexadecimal(at: 40)
        else { return nil }
        self.run = run
        self.sender = sender
        counter = UInt64(counterHigh) &<< 32 | UInt64(counterLow)
        time = UInt64(timeHigh) &<< 32 | UInt64(timeLow)
    }
}
