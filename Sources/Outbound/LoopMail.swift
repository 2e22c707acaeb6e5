// The door by which other threads reach the outbound loop. A post takes a short lock; the loop
// takes the whole list once a turn. The eventfd is written only when the loop sleeps or is about
// to. Once closed, the door refuses: what was posted before that is still done.

import Base
import CLinux
import Glibc
import Synchronization

final class LoopMail: Sendable {
    typealias Task = @Sendable () -> Void

    private struct State {
        var tasks: [Task] = []
        var isAsleep = false
        var isClosed = false
    }

    private let state = Mutex(State())
    private let event: Descriptor

    init() throws(SystemError) {
        let number = linux_eventfd()
        guard number >= 0 else { throw .last("eventfd") }
        event = Descriptor(number)
    }

    var descriptor: CInt { event.number }

    /// False when the door is closed; the task is then never run.
    func post(_ task: @escaping Task) -> Bool {
        let (isTaken, wakes) = state.withLock { state in
            if state.isClosed { return (false, false) }
            state.tasks.append(task)
            let wakes = state.isAsleep
            state.isAsleep = false
            return (true, wakes)
        }
        if wakes {
            var one: UInt64 = 1
            _ = unsafe write(event.number, &one, 8)
        }
        return isTaken
    }

    /// True when there is no mail and the loop may sleep: from now on a post wakes it.
    func fallAsleep() -> Bool {
        state.withLock { state in
            state.isAsleep = state.tasks.isEmpty
            return state.isAsleep
        }
    }

    /// The wait is over, whatever ended it.
    func wakeUp() { state.withLock { $0.isAsleep = false } }

    /// The eventfd was readable.
    func clearEvent() {
        var count: UInt64 = 0
        _ = unsafe read(event.number, &count, 8)
    }

    /// Takes all mail; `list`, empty, becomes the one that the next posts go to.
    func take(_ list: inout [Task]) {
        state.withLock { swap(&$0.tasks, &list) }
    }

    func close() { state.withLock { $0.isClosed = true } }
}
