// Response heads, written straight into the buffer that goes to the socket (RFC 9112, 4 and 5).
//
//     var head = HTTPResponseHead(.ok)
//     head.contentType = "application/json"
//     head.body = .length(count)
//     head.append(to: &out, date: date, requestID: id)        // status line and the usual headers
//     out.append(header: "Retry-After", value: seconds)       // any number of further ones
//     out.appendEndOfHead()
//
// A value that comes from outside is checked: with a control byte in it the header is left out and
// the call says false, so no response can be split. Names and StaticString values are the program's
// own. 1xx, 204 and 304 never get a length, a coding or a media type.

package import Base

/// How the length of a response's content is told.
package enum HTTPResponseBody: Equatable, Sendable {
    /// No content and nothing said about it: 1xx, 204, 304.
    case none
    /// This many bytes; also for HEAD, where they are those that GET would get.
    case length(Int)
    /// Chunk by chunk, HTTP/1.1 only.
    case chunked
    /// Until the connection is closed, for HTTP/1.0.
    case untilClose
}

/// What the `Connection` header says.
package enum HTTPResponseConnection: Sendable {
    /// Nothing: HTTP/1.1 keeps the connection.
    case standard
    case close
    /// Said to HTTP/1.0 clients that asked for it.
    case keepAlive
    case upgrade
}

package struct HTTPResponseHead: Sendable {
    package var status: HTTPStatus
    package var body = HTTPResponseBody.length(0)
    package var connection = HTTPResponseConnection.standard
    package var contentType: StaticString?

    package init(_ status: HTTPStatus) { self.status = status }

    /// Appends the status line and the headers that every response has. `date` is the text of the
    /// Date header (see `ByteBuffer.append(httpDate:)`), `requestID` that of X-Request-Id; either
    /// may be empty and is then left out.
    package func append(
        to out: inout ByteBuffer, date: Span<UInt8>, requestID: Span<UInt8>
    ) {
        // Every line begins with the end of the one before it, so that each is few pieces.
        out.reserve(256)
        out.append("HTTP/1.1 ")
        out.append(statusCode: status)
        out.append(status.reason)
        if !date.isEmpty, date.isHeaderValue {
            out.append("\r\nDate: ")
            out.append(date)
        }
        if !status.hasNoContent {
            if let contentType {
                out.append("\r\nContent-Type: ")
                out.append(contentType)
            }
            switch body {
            case .none, .untilClose: break
            case .length(let length):
                out.append("\r\nContent-Length: ")
                out.append(decimal: max(length, 0))
            case .chunked: out.append("\r\nTransfer-Encoding: chunked")
            }
        }
        switch connection {
        case .standard where body != .untilClose: break
        case .standard, .close: out.append("\r\nConnection: close")
        case .keepAlive: out.append("\r\nConnection: keep-alive")
        case .upgrade: out.append("\r\nConnection: Upgrade")
        }
        if !requestID.isEmpty, requestID.isHeaderValue {
            out.append("\r\nX-Request-Id: ")
            out.append(requestID)
        }
        out.append("\r\n")
    }
}

extension ByteBuffer {
    /// Appends a header line; leaves it out and says false if `value` must not stand in one.
    @discardableResult
    package mutating func append(header name: StaticString, value: Span<UInt8>) -> Bool {
        guard value.isHeaderValue else { return false }
        reserve(name.utf8CodeUnitCount &+ value.count &+ 4)
        append(name)
        append(": ")
        append(value)
        append("\r\n")
        return true
    }

    /// Appends a header line with text from the outside, checked in the same way.
    @discardableResult
    package mutating func append(header name: StaticString, value: String) -> Bool {
        append(header: name, value: value.utf8.span)
    }

    /// Appends a header line whose value is a number.
    package mutating func append(header name: StaticString, number: Int) {
        append(name)
        append(": ")
        append(decimal: number)
        append("\r\n")
    }

    /// Appends a header line that stands in the program.
    package mutating func append(header name: StaticString, fixed value: StaticString) {
        append(name)
        append(": ")
        append(value)
        append("\r\n")
    }

    /// Ends a head.
    package mutating func appendEndOfHead() { append("\r\n") }

    /// The interim response to a client that waits before it sends its body (RFC 9110, 15.2.1).
    package mutating func appendContinue() { append("HTTP/1.1 100 Continue\r\n\r\n") }

    /// One chunk of a chunked body. An empty one is left out: it would end the body.
    package mutating func append(chunk bytes: Span<UInt8>) {
        if bytes.isEmpty { return }
        reserve(bytes.count &+ 20)
        var shift = (bytes.count.bitWidth &- bytes.count.leadingZeroBitCount &- 1) & ~3
        while shift >= 0 {
            let digit = UInt8(truncatingIfNeeded: bytes.count >> shift) & 15
            append(digit < 10 ? digit &+ 0x30 : digit &+ 0x57)
            shift &-= 4
        }
        append("\r\n")
        append(bytes)
        append("\r\n")
    }

    /// The end of a chunked body.
    package mutating func appendLastChunk() { append("0\r\n\r\n") }

    /// Three digits and a space.
    fileprivate mutating func append(statusCode status: HTTPStatus) {
        let code = UInt32(status.rawValue)
        let digits = (code / 100) | (code / 10 % 10) << 8 | (code % 10) << 16
        append(littleEndian: digits &+ 0x2030_3030)
    }
}
