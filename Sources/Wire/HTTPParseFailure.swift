// Why a request head is refused. Each case has the status to answer with and one sentence for the
// client; after any of them the connection must be closed, because where the next request would
// begin is not known any more.

package enum HTTPParseFailure: UInt8, Error, CaseIterable, Sendable {
    case requestLine, emptyLines, methodUnknown, versionNotSupported
    case targetForm, targetByte, targetEscape, targetTooLong, pathNotNormal
    case bareCarriageReturn, bareLineFeed
    case headerName, headerSpace, headerFold, headerControl, headerRepeated
    case headersTooMany, headTooLarge
    case hostMissing, hostMalformed
    case contentLength, bodyTooLarge, lengthWithEncoding
    case encodingNotFinal, encodingUnknown, encodingInOldVersion
    case expectation

    /// What to answer with.
    package var status: HTTPStatus {
        switch self {
        case .methodUnknown, .encodingUnknown: .notImplemented
        case .versionNotSupported: .versionNotSupported
        case .targetTooLong: .targetTooLong
        case .headersTooMany, .headTooLarge: .headersTooLarge
        case .bodyTooLarge: .contentTooLarge
        case .expectation: .expectationFailed
        default: .badRequest
        }
    }

    /// What to tell the client.
    package var sentence: StaticString {
        switch self {
        case .requestLine: "The request line is not METHOD SP TARGET SP VERSION CRLF."
        case .emptyLines: "There are too many empty lines before the request line."
        case .methodUnknown: "The method is not known here."
        case .versionNotSupported: "Only HTTP/1.1 and HTTP/1.0 are spoken here."
        case .targetForm: "The request target must be a path, or an absolute http URL."
        case .targetByte: "The request target holds a byte that must be percent-encoded."
        case .targetEscape: "A percent sign in the target is not followed by two hex digits."
        case .targetTooLong: "The request target is too long."
        case .pathNotNormal: "The path holds a dot segment, or an encoded slash, backslash or NUL."
        case .bareCarriageReturn: "A carriage return is not followed by a line feed."
        case .bareLineFeed: "A line feed does not follow a carriage return."
        case .headerName: "A header name is empty or holds a byte that is not allowed there."
        case .headerSpace: "There is whitespace between a header name and its colon."
        case .headerFold: "A header line begins with whitespace."
        case .headerControl: "A header value holds a control byte."
        case .headerRepeated: "A header that holds one value is given twice."
        case .headersTooMany: "There are too many headers."
        case .headTooLarge: "The request head is too large."
        case .hostMissing: "The Host header is missing."
        case .hostMalformed: "The host is not a name or address with an optional port."
        case .contentLength: "Content-Length is not a single run of digits."
        case .bodyTooLarge: "The body is too large."
        case .lengthWithEncoding: "Content-Length and Transfer-Encoding exclude each other."
        case .encodingNotFinal: "Transfer-Encoding must end with chunked, once."
        case .encodingUnknown: "No transfer coding but chunked is known here."
        case .encodingInOldVersion: "HTTP/1.0 has no Transfer-Encoding."
        case .expectation: "Only the expectation 100-continue can be met."
        }
    }
}

/// What has come of the bytes offered so far.
package enum HTTPParseResult: Equatable, Sendable {
    /// So far so good; offer the same bytes again, with more behind them.
    case incomplete
    /// The head is complete and takes this many bytes; the body, or the next request, follows.
    case head(Int)
    case invalid(HTTPParseFailure)
}
