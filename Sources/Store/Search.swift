// Bytes in bytes, at the speed of memmem(3).

import Base
import CLinux

package enum Search {
    package static func contains(_ text: Span<UInt8>, _ part: Span<UInt8>) -> Bool {
        unsafe text.withUnsafeBytes { text in
            unsafe part.withUnsafeBytes { part in
                unsafe linux_memmem(text.baseAddress, text.count, part.baseAddress, part.count)
                    != nil
            }
        }
    }
}
