// What the headers of a complete head say about the message: how long its body is, whether the
// connection is kept, whether the client waits or wants to switch protocols.
//
// This is where request smuggling is won or lost (RFC 9112, 6.3 and 11.2): two readings of one
// request's length put an attacker's bytes in front of somebody else's request. So there is one
// reading here and everything else is refused: Content-Length once and digits only, or
// Transfer-Encoding once and exactly `chunked`, never both.

extension HTTPRequestHead {
    mutating func settle(
        _ bytes: Span<UInt8>, bodyBytesMax: Int
    ) throws(HTTPParseFailure) {
        try settleHost(bytes)
        try settleBody(bytes, bodyBytesMax)
        settleConnection(bytes)
        if let expect = value(.expect) {
            guard bytes.equals("100-continue", ignoringCaseIn: expect) else { throw .expectation }
            // Without content there is nothing to wait with, and HTTP/1.0 does not know how to.
            expectsContinue = minorVersion == 1 && body != .none
        }
        if value(.upgrade) != nil {
            upgradeWebSocket = names("websocket", in: .upgrade, bytes)
        }
    }

    private mutating func settleHost(_ bytes: Span<UInt8>) throws(HTTPParseFailure) {
        guard let host = value(.host) else {
            if minorVersion == 1 { throw .hostMissing }
            return
        }
        guard HTTPHost.isValid(bytes, in: host) else { throw .hostMalformed }
        if authority == nil { authority = host }
    }

    private mutating func settleBody(
        _ bytes: Span<UInt8>, _ most: Int
    ) throws(HTTPParseFailure) {
        if let encoding = value(.transferEncoding) {
            if value(.contentLength) != nil { throw .lengthWithEncoding }
            if minorVersion == 0 { throw .encodingInOldVersion }
            if !bytes.equals("chunked", ignoringCaseIn: encoding) {
                throw Self.endsChunked(bytes, encoding) ? .encodingUnknown : .encodingNotFinal
            }
            body = .chunked
        } else if let range = value(.contentLength) {
            let length = try Self.contentLength(bytes, range)
            if length > most { throw .bodyTooLarge }
            body = length == 0 ? .none : .length(length)
        }
    }

    /// Digits only. A number that no integer holds is too large rather than malformed.
    private static func contentLength(
        _ bytes: Span<UInt8>, _ range: Range<Int>
    ) throws(HTTPParseFailure) -> Int {
        if range.isEmpty { throw .contentLength }
        var length = 0
        var isTooLarge = false
        for at in range {
            let digit = bytes[at] &- 0x30
            if digit > 9 { throw .contentLength }
            let (tens, over) = length.multipliedReportingOverflow(by: 10)
            let (sum, carry) = tens.addingReportingOverflow(Int(digit))
            isTooLarge = isTooLarge || over || carry
            length = isTooLarge ? 0 : sum
        }
        if isTooLarge { throw .bodyTooLarge }
        return length
    }

    /// Whether the last of several codings is `chunked` and no other is, so that the framing would
    /// be clear if only the others were known (RFC 9112, 6.3, rule 4 and 6.1).
    private static func endsChunked(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Bool {
        var list = HTTPList(range)
        var last = false
        while let coding = list.next(in: bytes) {
            if last { return false }
            last = bytes.equals("chunked", ignoringCaseIn: coding)
        }
        return last
    }

    private mutating func settleConnection(_ bytes: Span<UInt8>) {
        keepAlive = minorVersion == 1
        guard value(.connection) != nil else { return }
        connectionUpgrade = names("upgrade", in: .connection, bytes)
        if names("close", in: .connection, bytes) {
            keepAlive = false
        } else if minorVersion == 0 {
            keepAlive = names("keep-alive", in: .connection, bytes)
        }
    }

    /// Whether one of the header's list elements, over all of its lines, is `element`.
    package func names(
        _ element: StaticString, in header: HTTPHeaderName, _ bytes: Span<UInt8>
    ) -> Bool {
        var from = 0
        while let place = line(header, from: from) {
            var list = HTTPList(value(at: place))
            while let range = list.next(in: bytes) {
                if bytes.equals(element, ignoringCaseIn: range) { return true }
            }
            from = place &+ 1
        }
        return false
    }
}
