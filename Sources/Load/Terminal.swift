// Text for people on standard error, and the result on standard output. A reader that has gone is
// no reason to fail: the exit code says how it went.

import Base
import Glibc

enum Terminal {
    /// A line of progress.
    static func note(_ text: String) { write(text, to: STDERR_FILENO) }

    /// The one line of the result.
    static func result(_ line: Span<UInt8>) {
        write(String(decoding: Array(line), as: UTF8.self), to: STDOUT_FILENO)
    }

    private static func write(_ text: String, to descriptor: CInt) {
        var bytes = ByteBuffer(capacity: text.utf8.count + 1)
        bytes.append(text)
        bytes.append(UInt8(ascii: "\n"))
        while !bytes.isEmpty {
            let written = bytes.withSpan { bytes in
                unsafe bytes.withUnsafeBytes {
                    unsafe Glibc.write(descriptor, $0.baseAddress, $0.count)
                }
            }
            if written > 0 {
                bytes.removeFirst(written)
            } else if errno != EINTR {
                return
            }
        }
    }
}
