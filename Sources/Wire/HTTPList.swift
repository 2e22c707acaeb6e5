// The elements of a comma-separated header value (RFC 9110, 5.6.1): `gzip, deflate;q=0.5, br`.
// Empty elements are left out, as the RFC asks of a recipient. Quoted commas are not known here:
// the headers it is used for (Connection, Upgrade, Sec-WebSocket-Protocol, X-Forwarded-For) have no
// quoted strings in what is looked for.

package struct HTTPList {
    private var at: Int
    private let end: Int

    /// The list in `range` of the bytes that `next` will be given.
    package init(_ range: Range<Int>) {
        at = range.lowerBound
        end = range.upperBound
    }

    /// The next element without the whitespace around it, or nil at the end.
    package mutating func next(in bytes: Span<UInt8>) -> Range<Int>? {
        let stop = min(end, bytes.count)
        while at < stop {
            var start = at
            while at < stop, bytes[at] != UInt8(ascii: ",") { at &+= 1 }
            var close = at
            at &+= 1
            while start < close, Self.isBlank(bytes[start]) { start &+= 1 }
            while close > start, Self.isBlank(bytes[close &- 1]) { close &-= 1 }
            if start < close { return start..<close }
        }
        return nil
    }

    @inline(__always)
    static func isBlank(_ byte: UInt8) -> Bool {
        byte == HTTPByte.space || byte == HTTPByte.tab
    }
}
