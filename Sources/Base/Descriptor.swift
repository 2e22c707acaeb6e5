// A file descriptor that is closed when its owner is gone, once.

import Glibc

package struct Descriptor: ~Copyable {
    package let number: CInt

    /// Takes over `number`, which must be open and nobody else's to close.
    package init(_ number: CInt) {
        precondition(number >= 0, "a descriptor that is not open")
        self.number = number
    }

    /// Gives the number up: closing it is now the caller's business.
    package consuming func release() -> CInt {
        let number = number
        discard self
        return number
    }

    // close(2) must not be tried again after EINTR on Linux: the number is free already.
    deinit { _ = close(number) }
}
