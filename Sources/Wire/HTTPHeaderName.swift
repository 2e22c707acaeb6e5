// The request headers that the server looks at. Each is told from its name once, while the head is
// parsed, so that asking for it later is an array access.
//
// A name is found by its length and first letter, which leave one candidate almost everywhere, and
// then compared in full. Some headers hold one value by definition; a second line of those is
// either an attack or a mistake (RFC 9110, 5.3), and the parser refuses it.

package enum HTTPHeaderName: UInt8, CaseIterable, Sendable {
    case host, contentLength, transferEncoding, connection, upgrade, expect
    case contentType, contentEncoding, authorization, accept, acceptEncoding, origin, cookie
    case userAgent, ifNoneMatch, ifModifiedSince, lastEventID
    case forwardedFor, forwardedProto, requestID
    case secWebSocketKey, secWebSocketVersion, secWebSocketProtocol, secWebSocketExtensions
    case accessControlRequestMethod, accessControlRequestHeaders

    /// In lower case.
    package var text: StaticString {
        switch self {
        case .host: "host"
        case .contentLength: "content-length"
        case .transferEncoding: "transfer-encoding"
        case .connection: "connection"
        case .upgrade: "upgrade"
        case .expect: "expect"
        case .contentType: "content-type"
        case .contentEncoding: "content-encoding"
        case .authorization: "authorization"
        case .accept: "accept"
        case .acceptEncoding: "accept-encoding"
        case .origin: "origin"
        case .cookie: "cookie"
        case .userAgent: "user-agent"
        case .ifNoneMatch: "if-none-match"
        case .ifModifiedSince: "if-modified-since"
        case .lastEventID: "last-event-id"
        case .forwardedFor: "x-forwarded-for"
        case .forwardedProto: "x-forwarded-proto"
        case .requestID: "x-request-id"
        case .secWebSocketKey: "sec-websocket-key"
        case .secWebSocketVersion: "sec-websocket-version"
        case .secWebSocketProtocol: "sec-websocket-protocol"
        case .secWebSocketExtensions: "sec-websocket-extensions"
        case .accessControlRequestMethod: "access-control-request-method"
        case .accessControlRequestHeaders: "access-control-request-headers"
        }
    }

    /// Whether the header holds one value, so that two lines of it are refused.
    var isSingle: Bool {
        switch self {
        case .host, .contentLength, .transferEncoding, .expect, .contentType, .authorization,
            .origin, .secWebSocketKey, .secWebSocketVersion:
            true
        default: false
        }
    }

    /// The header whose name stands in `range`, in any case; nil for one that is not in this list.
    init?(_ bytes: Span<UInt8>, in range: Range<Int>) {
        guard range.count >= 4,
            let name = Self.candidate(range.count, bytes[range.lowerBound] | 0x20),
            bytes.equals(name.text, ignoringCaseIn: range)
        else { return nil }
        self = name
    }

    /// The only name of `length` bytes that begins with the letter `first`.
    @inline(__always)
    private static func candidate(_ length: Int, _ first: UInt8) -> HTTPHeaderName? {
        switch (length, first) {
        case (4, UInt8(ascii: "h")): .host
        case (6, UInt8(ascii: "a")): .accept
        case (6, UInt8(ascii: "c")): .cookie
        case (6, UInt8(ascii: "e")): .expect
        case (6, UInt8(ascii: "o")): .origin
        case (7, UInt8(ascii: "u")): .upgrade
        case (10, UInt8(ascii: "c")): .connection
        case (10, UInt8(ascii: "u")): .userAgent
        case (12, UInt8(ascii: "c")): .contentType
        case (12, UInt8(ascii: "x")): .requestID
        case (13, UInt8(ascii: "a")): .authorization
        case (13, UInt8(ascii: "i")): .ifNoneMatch
        case (13, UInt8(ascii: "l")): .lastEventID
        case (14, UInt8(ascii: "c")): .contentLength
        case (15, UInt8(ascii: "a")): .acceptEncoding
        case (15, UInt8(ascii: "x")): .forwardedFor
        case (16, UInt8(ascii: "c")): .contentEncoding
        case (17, UInt8(ascii: "i")): .ifModifiedSince
        case (17, UInt8(ascii: "s")): .secWebSocketKey
        case (17, UInt8(ascii: "t")): .transferEncoding
        case (17, UInt8(ascii: "x")): .forwardedProto
        case (21, UInt8(ascii: "s")): .secWebSocketVersion
        case (22, UInt8(ascii: "s")): .secWebSocketProtocol
        case (24, UInt8(ascii: "s")): .secWebSocketExtensions
        case (29, UInt8(ascii: "a")): .accessControlRequestMethod
        case (30, UInt8(ascii: "a")): .accessControlRequestHeaders
        default: nil
        }
    }
}
