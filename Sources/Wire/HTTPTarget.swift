// The request target (RFC 9112, 3.2): what stands between the two spaces of the request line.
//
//     origin-form     /api/v1/user/info?username=li
//     absolute-form   http://example.org:8080/api/v1/user/info?username=li
//     asterisk-form   *                                  (OPTIONS only)
//
// Refused, because a gateway and a server may read them differently: dot segments, plain or
// encoded; encoded slashes, backslashes and NULs in the path; fragments; broken escapes; all bytes
// that a URL does not have. Limit: `HTTPLimits.targetBytesMax`.

enum HTTPTarget {
    /// Reads the target and the space behind it; where the version begins, or nil if incomplete.
    static func parse(
        _ bytes: Span<UInt8>, from start: Int, atMost most: Int, into head: inout HTTPRequestHead
    ) throws(HTTPParseFailure) -> Int? {
        guard start < bytes.count else { return nil }
        let stop = min(bytes.count, start &+ most &+ 1)
        var pathStart = start
        switch bytes[start] {
        case UInt8(ascii: "/"): break
        case UInt8(ascii: "h"), UInt8(ascii: "H"):
            guard let path = try absolute(bytes, from: start, to: stop, into: &head) else {
                if stop &- start > most { throw .targetTooLong }
                return nil
            }
            pathStart = path
        case UInt8(ascii: "*"):
            if head.method != .options { throw .targetForm }
            guard start &+ 1 < bytes.count else { return nil }
            if bytes[start &+ 1] != HTTPByte.space { throw .targetForm }
            head.target = start..<start &+ 1
            head.path = head.target
            return start &+ 2
        default: throw .targetForm
        }
        guard let end = try pathAndQuery(bytes, from: pathStart, to: stop, into: &head) else {
            if stop &- start > most { throw .targetTooLong }
            return nil
        }
        head.target = start..<end
        return end &+ 1
    }

    /// Reads `http://host:port`; where the path begins. If there is none, that is the second slash
    /// of `//`, which then serves as the path.
    private static func absolute(
        _ bytes: Span<UInt8>, from start: Int, to stop: Int, into head: inout HTTPRequestHead
    ) throws(HTTPParseFailure) -> Int? {
        var end = start
        while end < stop, bytes[end] > HTTPByte.space, bytes[end] < 0x7F { end &+= 1 }
        if end == stop { return nil }
        let scheme: Int
        if bytes.equals("http://", ignoringCaseIn: start..<min(end, start &+ 7)) {
            scheme = 7
        } else if bytes.equals("https://", ignoringCaseIn: start..<min(end, start &+ 8)) {
            scheme = 8
        } else {
            throw .targetForm
        }
        let host = start &+ scheme
        var close = host
        while close < end, bytes[close] != UInt8(ascii: "/"), bytes[close] != UInt8(ascii: "?") {
            close &+= 1
        }
        guard HTTPHost.isValid(bytes, in: host..<close) else { throw .hostMalformed }
        head.authority = host..<close
        if bytes[close] == UInt8(ascii: "/") { return close }
        head.path = host &- 1..<host
        return close
    }

    /// Reads path and query up to the space, whose place it returns.
    private static func pathAndQuery(
        _ bytes: Span<UInt8>, from start: Int, to stop: Int, into head: inout HTTPRequestHead
    ) throws(HTTPParseFailure) -> Int? {
        var at = start
        var hasDotSegment = false
        while at < stop {
            let byte = bytes[at]
            if HTTPByte.places(byte) & HTTPByte.path != 0 {
                at &+= 1
            } else if byte == UInt8(ascii: ".") {
                if at > start, bytes[at &- 1] == UInt8(ascii: "/") { hasDotSegment = true }
                at &+= 1
            } else if byte == UInt8(ascii: "%") {
                guard let decoded = try escape(bytes, at: at, to: stop) else { return nil }
                switch decoded {
                case 0, UInt8(ascii: "/"), UInt8(ascii: "\\"): throw .pathNotNormal
                case UInt8(ascii: "."): hasDotSegment = true
                default: break
                }
                head.pathIsEscaped = true
                at &+= 3
            } else {
                break
            }
        }
        if at >= stop { return nil }
        if at > start { head.path = start..<at }
        // So far it is only suspected: a segment begins with a dot or holds an encoded one.
        if hasDotSegment, self.hasDotSegment(bytes, in: head.path) { throw .pathNotNormal }
        if bytes[at] == HTTPByte.space { return at }
        if bytes[at] != UInt8(ascii: "?") { throw fault(bytes[at]) }
        at &+= 1
        let query = at
        while at < stop {
            let byte = bytes[at]
            if HTTPByte.places(byte) & HTTPByte.query != 0 {
                at &+= 1
            } else if byte == UInt8(ascii: "%") {
                guard try escape(bytes, at: at, to: stop) != nil else { return nil }
                at &+= 3
            } else if byte == HTTPByte.space {
                head.query = query..<at
                return at
            } else {
                throw fault(byte)
            }
        }
        return nil
    }

    /// The byte that the escape at `at` stands for, or nil if it is not all there.
    private static func escape(
        _ bytes: Span<UInt8>, at: Int, to stop: Int
    ) throws(HTTPParseFailure) -> UInt8? {
        guard at &+ 1 < stop else { return nil }
        guard let high = HTTPByte.hexadecimal(bytes[at &+ 1]) else { throw .targetEscape }
        guard at &+ 2 < stop else { return nil }
        guard let low = HTTPByte.hexadecimal(bytes[at &+ 2]) else { throw .targetEscape }
        return high << 4 | low
    }

    private static func fault(_ byte: UInt8) -> HTTPParseFailure {
        switch byte {
        case HTTPByte.lineFeed: .bareLineFeed
        case HTTPByte.carriageReturn: .requestLine
        default: .targetByte
        }
    }

    /// Whether a segment of the path is `.` or `..`, each dot plain or `%2e`.
    private static func hasDotSegment(_ bytes: Span<UInt8>, in path: Range<Int>) -> Bool {
        var at = path.lowerBound
        while at < path.upperBound {
            // At a slash.
            at &+= 1
            var dots = 0
            var others = false
            while at < path.upperBound, bytes[at] != UInt8(ascii: "/") {
                if bytes[at] == UInt8(ascii: ".") {
                    dots &+= 1
                    at &+= 1
                } else if bytes[at] == UInt8(ascii: "%"), at &+ 2 < path.upperBound,
                    bytes[at &+ 1] == UInt8(ascii: "2"), bytes[at &+ 2] | 0x20 == UInt8(ascii: "e")
                {
                    dots &+= 1
                    at &+= 3
                } else {
                    others = true
                    at &+= 1
                }
            }
            if !others, dots == 1 || dots == 2 { return true }
        }
        return false
    }
}
