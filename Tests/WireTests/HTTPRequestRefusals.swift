// Request heads that must be refused, one line each: the fault that is named, why, and the head.
// All of them are complete, so that the fault is seen however the bytes are cut.

import Testing
import Wire

struct BadHead: Sendable, CustomTestStringConvertible {
    let failure: HTTPParseFailure
    let why: String
    let text: [UInt8]

    init(_ failure: HTTPParseFailure, _ why: String, _ text: String) {
        self.failure = failure
        self.why = why
        self.text = Array(text.utf8)
    }

    var testDescription: String { why }
}

enum HTTPRequestRefusals {
    private static func target(_ text: String) -> String {
        head("GET \(text) HTTP/1.1", "Host: a")
    }

    private static func host(_ text: String) -> String {
        head("GET / HTTP/1.1", "Host: \(text)")
    }

    private static func encoding(_ text: String) -> String { post("Transfer-Encoding: \(text)") }

    private static func length(_ text: String) -> String { post("Content-Length: \(text)") }

    static let requestLines: [BadHead] = [
        .init(.emptyLines, "three empty lines", "\r\n\r\n\r\n" + get()),
        .init(.bareLineFeed, "a bare LF before", "\n" + get()),
        .init(.bareCarriageReturn, "a bare CR before", "\r" + get()),
        .init(.requestLine, "a space before", " " + get()),
        .init(.requestLine, "a TLS hello", "\u{16}\u{3}\u{1}\r\n\r\n"),
        .init(.requestLine, "no target", head("GET", "Host: a")),
        .init(.requestLine, "a tab for a space", head("GET\t/ HTTP/1.1", "Host: a")),
        .init(.requestLine, "no version (HTTP/0.9)", head("GET /", "Host: a")),
        .init(.requestLine, "a blank behind", head("GET / HTTP/1.1 ", "Host: a")),
        .init(.requestLine, "two spaces before the version", head("GET /  HTTP/1.1", "Host: a")),
        .init(.requestLine, "version in lower case", head("GET / http/1.1", "Host: a")),
        .init(.requestLine, "version with two digits", head("GET / HTTP/11.1", "Host: a")),
        .init(.requestLine, "version with a comma", head("GET / HTTP/1,1", "Host: a")),
        .init(.requestLine, "version with three places", head("GET / HTTP/1.10", "Host: a")),
        .init(.bareLineFeed, "LF after the version", "GET / HTTP/1.1\nHost: a\r\n\r\n"),
        .init(.bareCarriageReturn, "CR after the version", "GET / HTTP/1.1\rHost: a\r\n\r\n"),
        .init(.versionNotSupported, "HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
        .init(.versionNotSupported, "HTTP/2", head("GET / HTTP/2.0", "Host: a")),
        .init(.versionNotSupported, "HTTP/1.2", head("GET / HTTP/1.2", "Host: a")),
        .init(.versionNotSupported, "HTTP/0.9 by name", head("GET / HTTP/0.9", "Host: a")),
        .init(.methodUnknown, "lower case", head("get / HTTP/1.1", "Host: a")),
        .init(.methodUnknown, "TRACE", head("TRACE / HTTP/1.1", "Host: a")),
        .init(.methodUnknown, "CONNECT", head("CONNECT a:443 HTTP/1.1", "Host: a")),
        .init(.methodUnknown, "eight bytes, GET last", head("GETTTGET / HTTP/1.1", "Host: a")),
        .init(.methodUnknown, "wraps to GET", head("ABCDE\u{7e}!!!!!GET / HTTP/1.1", "Host: a")),
        .init(.methodUnknown, "endless", head("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA / HTTP/1.1")),
    ]

    static let targets: [BadHead] = [
        .init(.targetForm, "two spaces", target(" /")),
        .init(.targetForm, "no slash", target("x")),
        .init(.targetForm, "a query alone", target("?x")),
        .init(.targetForm, "asterisk for GET", target("*")),
        .init(.targetForm, "more than an asterisk", head("OPTIONS *x HTTP/1.1", "Host: a")),
        .init(.targetForm, "another scheme", target("ftp://a/")),
        .init(.targetForm, "half a scheme", target("http:/a/")),
        .init(.hostMalformed, "no host", target("http:///x")),
        .init(.hostMalformed, "user information", target("http://u@b/x")),
        .init(.targetByte, "a fragment", target("/x#y")),
        .init(.targetByte, "a fragment behind a query", target("/x?y#z")),
        .init(.targetByte, "not ASCII in the path", target("/灵犀")),
        .init(.targetByte, "not ASCII in the query", target("/?k=灵犀")),
        .init(.targetByte, "NUL", target("/\u{0}")),
        .init(.targetByte, "DEL", target("/?\u{7f}")),
        .init(.targetByte, "a tab", target("/?a\tb")),
        .init(.targetByte, "a backslash", target("/a\\x")),
        .init(.targetByte, "a quotation mark", target("/?\"")),
        .init(.targetByte, "angle brackets", target("/?<script>")),
        .init(.requestLine, "a CR inside", "GET /\rx HTTP/1.1\r\nHost: a\r\n\r\n"),
        .init(.bareLineFeed, "a LF inside", "GET /\nx HTTP/1.1\r\nHost: a\r\n\r\n"),
        .init(.targetEscape, "half an escape", target("/%4")),
        .init(.targetEscape, "no hex", target("/%zz")),
        .init(.targetEscape, "no hex in the query", target("/?a=%4g")),
        .init(.targetEscape, "a percent sign at the end", target("/?a=%")),
        .init(.pathNotNormal, "one up", target("/a/../b")),
        .init(.pathNotNormal, "one up at the end", target("/..")),
        .init(.pathNotNormal, "here", target("/./a")),
        .init(.pathNotNormal, "encoded dots", target("/%2e%2E/a")),
        .init(.pathNotNormal, "half encoded dots", target("/a/.%2e")),
        .init(.pathNotNormal, "an encoded slash", target("/a%2Fb")),
        .init(.pathNotNormal, "an encoded backslash", target("/a%5cb")),
        .init(.pathNotNormal, "an encoded NUL", target("/a%00")),
        .init(.pathNotNormal, "behind a host", target("http://b/../x")),
    ]

    static let headers: [BadHead] = [
        .init(.headerSpace, "a space before the colon", get("X : y")),
        .init(.headerSpace, "a tab before the colon", get("X\t: y")),
        .init(.headerSpace, "the smuggler's space", post("Content-Length : 3")),
        .init(.headerFold, "obs-fold", get("X: a", " b")),
        .init(.headerFold, "obs-fold with a tab", get("X: a", "\tb")),
        .init(.headerFold, "a blank before the first name", head("GET / HTTP/1.1", " Host: a")),
        .init(.headerName, "no name", get(": x")),
        .init(.headerName, "no colon", get("X")),
        .init(.headerName, "not a token", get("X(y): z")),
        .init(.headerName, "not ASCII", get("Ñ: z")),
        .init(.headerName, "NUL in a name", get("X\u{0}Y: z")),
        .init(.headerControl, "NUL in a value", get("X: a\u{0}b")),
        .init(.headerControl, "escape in a value", get("X: \u{1b}[31m")),
        .init(.headerControl, "DEL in a value", get("X: \u{7f}")),
        .init(.bareLineFeed, "LF in a value", get("X: a\nY: b")),
        .init(.bareLineFeed, "LF in a name", get("X\nY: b")),
        .init(.bareLineFeed, "LF for the last line", "GET / HTTP/1.1\r\nHost: a\r\n\n\r\n\r\n"),
        .init(.bareCarriageReturn, "CR in a value", get("X: a\rY: b")),
        .init(.bareCarriageReturn, "two CR", "GET / HTTP/1.1\r\nHost: a\r\r\n\r\n"),
        .init(.bareCarriageReturn, "CR for the last line", get("\rX: y")),
        .init(.hostMissing, "no Host", head("GET / HTTP/1.1", "X: y")),
        .init(.hostMissing, "no header at all", head("GET / HTTP/1.1")),
        .init(.headerRepeated, "two Hosts", get("HOST: a")),
        .init(.headerRepeated, "two tokens", get("Authorization: a", "Authorization: a")),
        .init(.hostMalformed, "empty", host("")),
        .init(.hostMalformed, "empty, 1.0", head("GET / HTTP/1.0", "Host:")),
        .init(.hostMalformed, "a list", host("a, b")),
        .init(.hostMalformed, "a path", host("a/b")),
        .init(.hostMalformed, "user information", host("u@a")),
        .init(.hostMalformed, "a port only", host(":80")),
        .init(.hostMalformed, "a port too high", host("a:65536")),
        .init(.hostMalformed, "a port without digits", host("a:b")),
        .init(.hostMalformed, "two ports", host("a:1:2")),
        .init(.hostMalformed, "an open bracket", host("[::1")),
        .init(.hostMalformed, "something behind the bracket", host("[::1]a")),
        .init(.hostMalformed, "no address in brackets", host("[a]")),
    ]

    static let framings: [BadHead] = [
        .init(.contentLength, "empty", length("")),
        .init(.contentLength, "a sign", length("+3")),
        .init(.contentLength, "negative", length("-3")),
        .init(.contentLength, "hexadecimal", length("0x3")),
        .init(.contentLength, "a list", length("3, 3")),
        .init(.contentLength, "a blank inside", length("3 3")),
        .init(.contentLength, "a fraction", length("3.0")),
        .init(.contentLength, "digits of another script", length("３")),
        .init(.headerRepeated, "twice, equal", post("Content-Length: 3", "Content-Length: 3")),
        .init(.headerRepeated, "twice", post("Content-Length: 3", "content-length: 4")),
        .init(.bodyTooLarge, "above the limit", length("1048577")),
        .init(.bodyTooLarge, "above any integer", length("99999999999999999999")),
        .init(.bodyTooLarge, "wraps to 3", length("18446744073709551619")),
        .init(.contentLength, "overflow, then a letter", length("99999999999999999999x")),
        .init(
            .lengthWithEncoding, "both",
            post("Content-Length: 3", "Transfer-Encoding: chunked")),
        .init(
            .lengthWithEncoding, "both, other order",
            post("Transfer-Encoding: chunked", "Content-Length: 3")),
        .init(
            .encodingInOldVersion, "HTTP/1.0",
            head("POST / HTTP/1.0", "Transfer-Encoding: chunked")),
        .init(
            .headerRepeated, "two encodings",
            post("Transfer-Encoding: chunked", "Transfer-Encoding: chunked")),
        .init(.encodingUnknown, "another before", encoding("gzip, chunked")),
        .init(.encodingNotFinal, "another behind", encoding("chunked, gzip")),
        .init(.encodingNotFinal, "chunked twice", encoding("chunked, chunked")),
        .init(.encodingNotFinal, "identity", encoding("identity")),
        .init(.encodingNotFinal, "empty", encoding("")),
        .init(.encodingNotFinal, "nearly chunked", encoding("xchunked")),
        .init(.encodingNotFinal, "vertical blank", encoding("chunked;")),
        .init(.encodingNotFinal, "quoted", encoding("\"chunked\"")),
        .init(.expectation, "another expectation", post("Expect: 200-ok")),
        .init(.expectation, "a list", post("Expect: 100-continue, 100-continue")),
        .init(.headerRepeated, "two", post("Expect: 100-continue", "Expect: 100-continue")),
    ]

    static let all = requestLines + targets + headers + framings
}
