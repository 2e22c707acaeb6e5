// Times as text, against moments whose names are known.

import Base
import Testing

@Suite struct CalendarTimeTests {
    @Test(
        arguments: [
            (0, "1970-01-01T00:00:00.000Z", "Thu, 01 Jan 1970 00:00:00 GMT"),
            (951_782_400_000, "2000-02-29T00:00:00.000Z", "Tue, 29 Feb 2000 00:00:00 GMT"),
            (1_709_164_799_999, "2024-02-28T23:59:59.999Z", "Wed, 28 Feb 2024 23:59:59 GMT"),
            (1_709_251_199_007, "2024-02-29T23:59:59.007Z", "Thu, 29 Feb 2024 23:59:59 GMT"),
            (4_107_542_400_000, "2100-03-01T00:00:00.000Z", "Mon, 01 Mar 2100 00:00:00 GMT"),
            (-1, "1969-12-31T23:59:59.999Z", "Wed, 31 Dec 1969 23:59:59 GMT"),
        ] as [(Int64, String, String)])
    func text(milliseconds: Int64, rfc3339: String, http: String) {
        var buffer = ByteBuffer()
        buffer.append(rfc3339: milliseconds)
        #expect(String(copying: buffer) == rfc3339)
        buffer.removeAll()
        buffer.append(httpDate: milliseconds)
        #expect(String(copying: buffer) == http)
    }
}

extension String {
    fileprivate init(copying buffer: borrowing ByteBuffer) {
        var bytes: [UInt8] = []
        let span = buffer.span
        for index in span.indices { bytes.append(span[index]) }
        self = String(decoding: bytes, as: UTF8.self)
    }
}
