// The parser of request heads: incremental, strict, without allocation (RFC 9112; RFC 9110, 5).
//
//     empty lines? ─► method SP target SP version CRLF ─► (name ":" value CRLF)* ─► CRLF
//
// Whole bytes in, offsets out. Nothing is remembered between calls but `scanned`, the number of
// bytes that have been looked at, so an idle connection costs one integer. A head that arrives in
// one piece is parsed once. One that trickles in is only searched for its end, from where the
// search stopped, and parsed again when the end is there, or when it has grown past a power of two:
// a bad beginning is refused early, and the work stays linear in the bytes however they are cut.
//
// Strict means: what two implementations could read in two ways is refused, not repaired.

package struct HTTPRequestParser: Sendable {
    package let limits: HTTPLimits

    package init(limits: HTTPLimits = HTTPLimits()) { self.limits = limits }

    /// Looks for a request head at the start of `bytes`.
    ///
    /// `scanned` is 0 for a new request, and afterwards what the last call left in it, as long as
    /// the same bytes are offered with more behind them. `head` is good only after `.head`.
    package func parse(
        _ bytes: Span<UInt8>, scanned: inout Int, into head: inout HTTPRequestHead
    ) -> HTTPParseResult {
        let window = bytes.extracting(first: limits.headBytesMax)
        if scanned > 0, scanned <= window.count, window.count < limits.headBytesMax,
            !isWorthParsing(window, scanned)
        {
            scanned = window.count
            return .incomplete
        }
        do throws(HTTPParseFailure) {
            head.reset()
            if let length = try parse(window, into: &head) {
                scanned = 0
                return .head(length)
            }
        } catch {
            return .invalid(error)
        }
        if window.count >= limits.headBytesMax { return .invalid(.headTooLarge) }
        scanned = window.count
        return .incomplete
    }

    /// Whether the bytes since `scanned` end the head, show a fault, or pass a power of two.
    private func isWorthParsing(_ bytes: Span<UInt8>, _ scanned: Int) -> Bool {
        if bytes.count.leadingZeroBitCount < scanned.leadingZeroBitCount { return true }
        var start = 0
        while start &+ 1 < bytes.count, bytes[start] == HTTPByte.carriageReturn,
            bytes[start &+ 1] == HTTPByte.lineFeed
        {
            start &+= 2
        }
        if start > HTTPLimits.emptyLinesMax &* 2 { return true }
        var at = max(start, scanned &- 1)
        while true {
            at = bytes.firstLineFeed(from: at)
            if at == bytes.count { return false }
            if at == start || bytes[at &- 1] != HTTPByte.carriageReturn { return true }
            if at &- start >= 3, bytes[at &- 2] == HTTPByte.lineFeed { return true }
            at &+= 1
        }
    }

    /// The length of the head, or nil when it is not complete.
    private func parse(
        _ bytes: Span<UInt8>, into head: inout HTTPRequestHead
    ) throws(HTTPParseFailure) -> Int? {
        guard let start = try emptyLines(bytes),
            let target = try method(bytes, from: start, into: &head),
            let version = try HTTPTarget.parse(
                bytes, from: target, atMost: limits.targetBytesMax, into: &head),
            let headers = try self.version(bytes, from: version, into: &head),
            let end = try self.headers(bytes, from: headers, into: &head)
        else { return nil }
        try head.settle(bytes, bodyBytesMax: limits.bodyBytesMax)
        return end
    }

    /// Where the request line begins.
    private func emptyLines(_ bytes: Span<UInt8>) throws(HTTPParseFailure) -> Int? {
        var at = 0
        while true {
            guard at < bytes.count else { return nil }
            if bytes[at] == HTTPByte.lineFeed { throw .bareLineFeed }
            if bytes[at] != HTTPByte.carriageReturn { return at }
            if at >= HTTPLimits.emptyLinesMax &* 2 { throw .emptyLines }
            guard at &+ 1 < bytes.count else { return nil }
            if bytes[at &+ 1] != HTTPByte.lineFeed { throw .bareCarriageReturn }
            at &+= 2
        }
    }

    /// Reads the method and its space; where the target begins.
    private func method(
        _ bytes: Span<UInt8>, from start: Int, into head: inout HTTPRequestHead
    ) throws(HTTPParseFailure) -> Int? {
        var packed: UInt64 = 0
        var at = start
        while at < bytes.count {
            let byte = bytes[at]
            if HTTPByte.places(byte) & HTTPByte.token == 0 {
                if byte != HTTPByte.space || at == start { throw .requestLine }
                if packed == HTTPMethod.packedPreface { throw .versionNotSupported }
                guard at &- start < 8, let method = HTTPMethod(packed: packed) else {
                    throw .methodUnknown
                }
                head.method = method
                return at &+ 1
            }
            if at &- start >= HTTPLimits.methodBytesMax { throw .methodUnknown }
            packed = packed << 8 | UInt64(byte)
            at &+= 1
        }
        return nil
    }

    /// Reads `HTTP/1.1` CRLF; where the headers begin. A fault is seen at the byte that makes it.
    private func version(
        _ bytes: Span<UInt8>, from start: Int, into head: inout HTTPRequestHead
    ) throws(HTTPParseFailure) -> Int? {
        let left = bytes.count &- start
        if left >= 10, bytes.word(at: start) == 0x312E_312F_5054_5448,
            bytes[start &+ 8] == HTTPByte.carriageReturn, bytes[start &+ 9] == HTTPByte.lineFeed
        {
            head.minorVersion = 1
            return start &+ 10
        }
        for place in 0..<min(left, 10) {
            let byte = bytes[start &+ place]
            let digit = byte &- 0x30
            switch place {
            case 0, 1, 2, 3, 4:
                let name: InlineArray<5, UInt8> = [0x48, 0x54, 0x54, 0x50, 0x2F]
                if byte != name[place] { throw .requestLine }
            case 5:
                if digit > 9 { throw .requestLine }
                if digit != 1 { throw .versionNotSupported }
            case 6:
                if byte != UInt8(ascii: ".") { throw .requestLine }
            case 7:
                if digit > 9 { throw .requestLine }
                if digit > 1 { throw .versionNotSupported }
                head.minorVersion = Int(digit)
            case 8:
                if byte == HTTPByte.lineFeed { throw .bareLineFeed }
                if byte != HTTPByte.carriageReturn { throw .requestLine }
            default:
                if byte != HTTPByte.lineFeed { throw .bareCarriageReturn }
            }
        }
        return left >= 10 ? start &+ 10 : nil
    }

    /// Reads the header lines and the empty line behind them; where the head ends.
    private func headers(
        _ bytes: Span<UInt8>, from start: Int, into head: inout HTTPRequestHead
    ) throws(HTTPParseFailure) -> Int? {
        var at = start
        while at < bytes.count {
            var colon = at
            while colon < bytes.count, HTTPByte.places(bytes[colon]) & HTTPByte.token != 0 {
                colon &+= 1
            }
            if colon == bytes.count { return nil }
            if bytes[colon] != UInt8(ascii: ":") || colon == at {
                if colon == at, bytes[at] == HTTPByte.carriageReturn {
                    guard at &+ 1 < bytes.count else { return nil }
                    if bytes[at &+ 1] != HTTPByte.lineFeed { throw .bareCarriageReturn }
                    return at &+ 2
                }
                throw Self.nameFault(bytes[colon], isFirst: colon == at)
            }
            if head.headerCount >= limits.headersMax { throw .headersTooMany }
            guard let (value, next) = try Self.value(bytes, from: colon &+ 1) else { return nil }
            let known = HTTPHeaderName(bytes, in: at..<colon)
            if !head.add(name: at..<colon, value: value, known: known) { throw .headerRepeated }
            at = next
        }
        return nil
    }

    /// Reads a value and its CRLF; the value without blanks around it, and the next line's start.
    @inline(__always)
    private static func value(
        _ bytes: Span<UInt8>, from start: Int
    ) throws(HTTPParseFailure) -> (Range<Int>, Int)? {
        var open = start
        while open < bytes.count, HTTPList.isBlank(bytes[open]) { open &+= 1 }
        var end = bytes.firstControl(from: open)
        while end < bytes.count, bytes[end] == HTTPByte.tab {
            end = bytes.firstControl(from: end &+ 1)
        }
        if end == bytes.count { return nil }
        if bytes[end] != HTTPByte.carriageReturn {
            throw bytes[end] == HTTPByte.lineFeed ? .bareLineFeed : .headerControl
        }
        guard end &+ 1 < bytes.count else { return nil }
        if bytes[end &+ 1] != HTTPByte.lineFeed { throw .bareCarriageReturn }
        var close = end
        while close > open, HTTPList.isBlank(bytes[close &- 1]) { close &-= 1 }
        return (open..<close, end &+ 2)
    }

    /// What is wrong with a header name that `byte` breaks off.
    private static func nameFault(_ byte: UInt8, isFirst: Bool) -> HTTPParseFailure {
        switch byte {
        case HTTPByte.space, HTTPByte.tab: isFirst ? .headerFold : .headerSpace
        case HTTPByte.lineFeed: .bareLineFeed
        default: .headerName
        }
    }
}
