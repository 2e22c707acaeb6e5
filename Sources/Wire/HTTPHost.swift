// Whether bytes are a host with an optional port: `example.org`, `127.0.0.1:8080`, `[::1]:8080`
// (RFC 9110, 7.2; RFC 3986, 3.2). Stricter than the grammar on purpose: names hold letters, digits,
// `-`, `.`, `_` and `~` only, so neither a list, nor an escape, nor user information gets through.

enum HTTPHost {
    static func isValid(_ bytes: Span<UInt8>, in range: Range<Int>) -> Bool {
        let end = min(range.upperBound, bytes.count)
        var at = range.lowerBound
        guard at >= 0, at < end else { return false }
        if bytes[at] == UInt8(ascii: "[") {
            guard let close = literal(bytes, from: at &+ 1, to: end) else { return false }
            at = close
        } else {
            while at < end, HTTPByte.places(bytes[at]) & HTTPByte.host != 0 { at &+= 1 }
            if at == range.lowerBound { return false }
        }
        if at == end { return true }
        guard bytes[at] == UInt8(ascii: ":") else { return false }
        at &+= 1
        var port = 0
        while at < end {
            let digit = bytes[at] &- 0x30
            if digit > 9 { return false }
            port = port &* 10 &+ Int(digit)
            if port > 65_535 { return false }
            at &+= 1
        }
        return true
    }

    /// Reads the inside of a bracketed IPv6 address; the place behind the bracket. Only its bytes
    /// are looked at, and that it has a colon: nobody connects to it.
    private static func literal(_ bytes: Span<UInt8>, from start: Int, to end: Int) -> Int? {
        var at = start
        var colons = 0
        while at < end {
            let byte = bytes[at]
            if byte == UInt8(ascii: "]") { return colons >= 2 ? at &+ 1 : nil }
            if byte == UInt8(ascii: ":") {
                colons &+= 1
            } else if byte != UInt8(ascii: "."), HTTPByte.hexadecimal(byte) == nil {
                return nil
            }
            at &+= 1
        }
        return nil
    }
}
