// What a buffer holds, as text that a test can compare.

package import Base

extension ByteBuffer {
    /// The bytes as a String; what is not UTF-8 is replaced.
    package var text: String {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count)
        let span = self.span
        for at in span.indices { bytes.append(span[at]) }
        return String(decoding: bytes, as: UTF8.self)
    }
}
