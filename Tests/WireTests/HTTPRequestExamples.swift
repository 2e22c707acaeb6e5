// Request heads and what must be made of them, one line each with the reason. Lines are joined with
// CRLF, and the empty line is added.
//
// The facts of a good head read: method, path, ?query, version, body, kept or closed, authority,
// and then flags.

import Testing

struct GoodHead: Sendable, CustomTestStringConvertible {
    let why: String
    let text: String
    let facts: String

    init(_ why: String, _ text: String, _ facts: String) {
        self.why = why
        self.text = text
        self.facts = facts
    }

    var testDescription: String { why }
}

/// Lines with CRLF between them and the empty line at the end.
func head(_ lines: String...) -> String {
    lines.joined(separator: "\r\n") + "\r\n\r\n"
}

/// A GET for `a` with further header lines.
func get(_ lines: String...) -> String {
    (["GET / HTTP/1.1", "Host: a"] + lines).joined(separator: "\r\n") + "\r\n\r\n"
}

/// A POST for `a` with further header lines.
func post(_ lines: String...) -> String {
    (["POST / HTTP/1.1", "Host: a"] + lines).joined(separator: "\r\n") + "\r\n\r\n"
}

enum HTTPRequestExamples {
    static let browser = head(
        "GET /api/v1/user/info?username=li_lei HTTP/1.1",
        "Host: chat.example.org:8080",
        "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
        "Accept: application/json, text/plain, */*",
        "Accept-Language: zh-CN,zh;q=0.8,en;q=0.5",
        "Accept-Encoding: gzip, deflate, br",
        "Authorization: Bearer eyJhbGciOiJIUzI1NiJ9.eyJ1c2VybmFtZSI6ImxpX2xlaSJ9.c2lnbmF0dXJl",
        "Referer: http://chat.example.org:8080/chat",
        "Connection: keep-alive")

    static let webSocket = head(
        "GET /ws?token=abc&ack=1 HTTP/1.1",
        "Host: 127.0.0.1:8080",
        "Upgrade: websocket",
        "Connection: keep-alive, Upgrade",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==")

    static let good: [GoodHead] = [
        .init(
            "a browser", browser,
            "GET /api/v1/user/info ?username=li_lei 1.1 none kept chat.example.org:8080"),
        .init(
            "a WebSocket", webSocket,
            "GET /ws ?token=abc&ack=1 1.1 none kept 127.0.0.1:8080 upgrade websocket"),
        .init("the least", get(), "GET / ? 1.1 none kept a"),
        .init("1.0 without Host", head("GET / HTTP/1.0"), "GET / ? 1.0 none closed -"),
        .init(
            "1.0 kept", head("GET / HTTP/1.0", "Connection: Keep-Alive"),
            "GET / ? 1.0 none kept -"),
        .init("1.1 closed", get("connection: Close"), "GET / ? 1.1 none closed a"),
        .init(
            "close wins, on any line", get("Connection: keep-alive", "Connection: x ,, close"),
            "GET / ? 1.1 none closed a"),
        .init("HEAD", head("HEAD /x HTTP/1.1", "Host: a"), "HEAD /x ? 1.1 none kept a"),
        .init("PUT", head("PUT /x HTTP/1.1", "Host: a"), "PUT /x ? 1.1 none kept a"),
        .init("DELETE", head("DELETE /x HTTP/1.1", "Host: a"), "DELETE /x ? 1.1 none kept a"),
        .init("PATCH", head("PATCH /x HTTP/1.1", "Host: a"), "PATCH /x ? 1.1 none kept a"),
        .init("asterisk", head("OPTIONS * HTTP/1.1", "Host: a"), "OPTIONS * ? 1.1 none kept a"),
        .init("empty lines before", "\r\n\r\n" + get(), "GET / ? 1.1 none kept a"),
        .init("a body", post("Content-Length: 12"), "POST / ? 1.1 12 kept a"),
        .init("leading zeros", post("Content-Length: 0012"), "POST / ? 1.1 12 kept a"),
        .init("length nought", post("Content-Length: 0"), "POST / ? 1.1 none kept a"),
        .init("chunked", post("Transfer-Encoding: CHUNKED"), "POST / ? 1.1 chunked kept a"),
        .init(
            "names in any case", post("cOnTeNt-LeNgTh:7", "EXPECT:100-Continue"),
            "POST / ? 1.1 7 kept a continue"),
        .init("nothing to wait with", get("Expect: 100-continue"), "GET / ? 1.1 none kept a"),
        .init("blanks around values", get("Connection: \t close \t"), "GET / ? 1.1 none closed a"),
        .init("a tab in a value", get("X: a\tb"), "GET / ? 1.1 none kept a"),
        .init("an empty value", get("X:", "Y:  "), "GET / ? 1.1 none kept a"),
        .init("bytes above ASCII in a value", get("X: 灵犀"), "GET / ? 1.1 none kept a"),
        .init(
            "every kind of token byte", get("!#$%&'*+-.^_`|~09azAZ: x"),
            "GET / ? 1.1 none kept a"),
        .init(
            "an absolute target", head("GET http://b:81/x?y HTTP/1.1", "Host: a"),
            "GET /x ?y 1.1 none kept b:81"),
        .init(
            "no path", head("GET HTTPS://b HTTP/1.1", "Host: a"), "GET / ? 1.1 none kept b"),
        .init(
            "a query and no path", head("GET http://b?y HTTP/1.1", "Host: a"),
            "GET / ?y 1.1 none kept b"),
        .init(
            "escapes", head("GET /%e7%81%B5/a%20b?k=%00%2f HTTP/1.1", "Host: a"),
            "GET /%e7%81%B5/a%20b ?k=%00%2f 1.1 none kept a escaped"),
        .init(
            "dots that are no segments", head("GET /.a/..b/c./d../...?../. HTTP/1.1", "Host: a"),
            "GET /.a/..b/c./d../... ?../. 1.1 none kept a"),
        .init(
            "an encoded dot in a name", head("GET /a%2Eb HTTP/1.1", "Host: a"),
            "GET /a%2Eb ? 1.1 none kept a escaped"),
        .init("an empty query", head("GET /? HTTP/1.1", "Host: a"), "GET / ? 1.1 none kept a"),
        .init(
            "question marks in a query", head("GET /?a?b=?{|}^`[] HTTP/1.1", "Host: a"),
            "GET / ?a?b=?{|}^`[] 1.1 none kept a"),
        .init("IPv6", head("GET / HTTP/1.1", "Host: [::1]:80"), "GET / ? 1.1 none kept [::1]:80"),
        .init("an empty port", head("GET / HTTP/1.1", "Host: a:"), "GET / ? 1.1 none kept a:"),
        .init(
            "upgrade to something else", get("Connection: upgrade", "Upgrade: h2c, foo/2"),
            "GET / ? 1.1 none kept a upgrade"),
        .init(
            "several upgrades", get("Connection: upgrade", "Upgrade: h2c", "Upgrade: WebSocket"),
            "GET / ? 1.1 none kept a upgrade websocket"),
    ]
}
