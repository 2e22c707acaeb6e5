// How one thread of a test waits for another: a door that is opened once for each who shall pass.
// Waiting ends after ten seconds, so that what never happens fails its test instead of holding it.

import Glibc

package final class Door: Sendable {
    package static let milliseconds: CInt = 10_000
    private let reader: CInt
    private let writer: CInt

    package init() {
        var ends: [CInt] = [0, 0]
        let made = unsafe pipe(&ends)
        precondition(made == 0, "no descriptors for a door")
        (reader, writer) = (ends[0], ends[1])
    }

    /// Lets one waiter through, now or later.
    package func open() {
        var byte: UInt8 = 1
        _ = unsafe write(writer, &byte, 1)
    }

    /// False when the time is over.
    @discardableResult
    package func pass() -> Bool {
        var wait = pollfd(fd: reader, events: Int16(POLLIN), revents: 0)
        guard unsafe poll(&wait, 1, Self.milliseconds) == 1 else { return false }
        var byte: UInt8 = 0
        return unsafe read(reader, &byte, 1) == 1
    }

    deinit {
        close(reader)
        close(writer)
    }
}
