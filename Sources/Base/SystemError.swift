// An error number together with the call that returned it: what the operating system can say, as a
// value. Programmer's errors trap instead.

import CLinux
import Glibc

package struct SystemError: Error, Equatable, Sendable, CustomStringConvertible {
    package let call: String
    package let number: CInt

    package init(_ call: String, number: CInt) {
        self.call = call
        self.number = number
    }

    /// What the last failed call on this thread left in errno.
    package static func last(_ call: String) -> SystemError {
        SystemError(call, number: errno)
    }

    /// "open snapshots/lock: Permission denied".
    package var description: String {
        guard let text = unsafe linux_error_text(number) else { return "\(call): error \(number)" }
        return unsafe "\(call): \(String(cString: text))"
    }
}
