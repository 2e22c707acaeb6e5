// The one door by which other threads reach a loop. Posting takes a short lock; the loop swaps the
// whole list out once a turn. The eventfd is written only when the loop sleeps or is about to, so a
// busy loop is never interrupted by its mail.

import Base
import CLinux
import Glibc
import Synchronization

/// Something that is handed to a loop and acts there.
package protocol Delivery: AnyObject, Sendable {
    /// Runs on the loop's thread, in the order of posting.
    func arrive(at loop: EventLoop)
}

package enum Mail: Sendable {
    case delivery(any Delivery)
    case task(@Sendable (EventLoop) -> Void)
}

final class Mailbox: Sendable {
    private struct State {
        var mail: [Mail] = []
        var asleep = false
    }

    private let state = Mutex(State())
    private let event: Descriptor

    init() throws(SystemError) {
        let number = linux_eventfd()
        guard number >= 0 else { throw .last("eventfd") }
        event = Descriptor(number)
    }

    var descriptor: CInt { event.number }

    func post(_ mail: Mail) {
        let wake = state.withLock { state in
            state.mail.append(mail)
            let wake = state.asleep
            state.asleep = false
            return wake
        }
        if wake {
            var one: UInt64 = 1
            _ = unsafe write(event.number, &one, 8)
        }
    }

    /// True when there is no mail and the loop may sleep: from now on a post wakes it.
    func fallAsleep() -> Bool {
        state.withLock { state in
            state.asleep = state.mail.isEmpty
            return state.asleep
        }
    }

    /// The wait is over, whatever ended it.
    func wakeUp() { state.withLock { $0.asleep = false } }

    /// The eventfd was readable.
    func clearEvent() {
        var count: UInt64 = 0
        _ = unsafe read(event.number, &count, 8)
    }

    /// Takes all mail; `empty` becomes the list that the next posts go to.
    func take(_ list: inout [Mail]) {
        state.withLock { swap(&$0.mail, &list) }
    }
}
