// What a call sends, and what it makes of replies that are as they should be: seen from a real
// server on a socket.

import Base
import Outbound
import Synchronization
import TestSupport
import Testing

@Suite struct ReplyTests {
    @Test func theRequestIsSentAsAsked() throws {
        let seen = Mutex<[ReceivedRequest]>([])
        try withServer { peer in
            while let request = peer.request() {
                seen.withLock { $0.append(request) }
                peer.reply(200, "")
            }
        } _: { loop, server in
            let body = (0..<1_500_000).map { UInt8(truncatingIfNeeded: $0 ^ $0 >> 8) }
            let fields = [HeaderField("Authorization", "Bearer k"), HeaderField("X-Empty", "")]
            for method in CallRequest.Method.allCases {
                let recording = Recording()
                _ = try loop.start(
                    CallRequest(
                        method, server.address + "/a/b?c=d", headers: fields,
                        body: method == .post ? body : []), recording)
                #expect(recording.finish().end == .complete)
            }
            let requests = seen.withLock { $0 }
            #expect(requests.map(\.method) == CallRequest.Method.allCases.map(\.rawValue))
            for request in requests {
                #expect(request.target == "/a/b?c=d")
                #expect(request.value("authorization") == "Bearer k")
                #expect(request.value("x-empty") == "")
                #expect(request.value("user-agent") == "lingxi")
                #expect(request.value("expect") == nil)
                #expect(request.value("accept-encoding") == nil)
                #expect(request.body == (request.method == "POST" ? body : []))
            }
            #expect(requests[2].value("content-length") == "1500000")
            #expect(requests[3].value("content-length") == "0")
            #expect(server.connectionCount == 1)
        }
    }

    @Test(arguments: [
        ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", 200, "hello"),
        ("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 200, ""),
        ("HTTP/1.1 204 No Content\r\n\r\n", 204, ""),
        ("HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno", 404, "no"),
        ("HTTP/1.0 200 OK\r\n\r\nuntil the end", 200, "until the end"),
        (chunkedHead + "3\r\nabc\r\n4\r\ndefg\r\n0\r\nX-Trailer: 1\r\n\r\n", 200, "abcdefg"),
        (
            "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\n"
                + "Content-Length: 1\r\n\r\na", 200, "a"
        ),
        ("HTTP/1.1 302 Found\r\nLocation: /x\r\nContent-Length: 1\r\n\r\nr", 302, "r"),
    ])
    func wholeRepliesAreWhole(reply: String, status: Int, body: String) throws {
        try withServer { peer in
            _ = peer.request()
            peer.send(reply)
        } _: { loop, server in
            let recording = Recording()
            _ = try loop.start(get(server.address), recording)
            let log = recording.finish()
            #expect(log.end == .complete, "\(log.detail)")
            #expect(log.head?.status == status)
            #expect(log.text == body)
            #expect(log.heads == 1 && log.ends == 1)
        }
    }

    @Test func theHeadIsToldBeforeTheBodyComes() throws {
        let mayGoOn = Door()
        try withServer { peer in
            _ = peer.request()
            peer.send(
                "HTTP/1.1 429 Too Many\r\nRetry-After:  7 \r\nX-A: 1\r\nx-a: 2\r\n"
                    + "Transfer-Encoding: chunked\r\n\r\n")
            mayGoOn.pass()
            peer.endChunks()
        } _: { loop, server in
            let recording = Recording()
            _ = try loop.start(get(server.address), recording)
            recording.waitForHead()
            let head = try #require(recording.log.head)
            #expect(head.status == 429)
            #expect(head.value(of: "retry-after") == "7")
            #expect(head.fields.filter { $0.name == "x-a" }.map(\.value) == ["1", "2"])
            mayGoOn.open()
            #expect(recording.finish().end == .complete)
        }
    }

    /// Each piece is handed on before the next one is sent: nothing is held back to be gathered.
    @Test func piecesArePassedOnAsTheyArrive() throws {
        let next = Door()
        try withServer { peer in
            _ = peer.request()
            peer.send(chunkedHead)
            for index in 0..<20 {
                peer.sendChunk("token \(index) ")
                next.pass()
            }
            peer.endChunks()
        } _: { loop, server in
            let recording = Recording { _, _ in next.open() }
            _ = try loop.start(get(server.address), recording)
            let log = recording.finish()
            #expect(log.pieces == 20)
            #expect(log.text == (0..<20).map { "token \($0) " }.joined())
        }
    }

    @Test func aCompressedReplyIsInflated() throws {
        // gzip, one stored block: "hello".
        let zipped: [UInt8] =
            [31, 139, 8, 0, 0, 0, 0, 0, 0, 255, 1, 5, 0, 250, 255, 104, 101, 108, 108, 111]
            + [134, 166, 16, 54, 5, 0, 0, 0]
        try withServer { peer in
            guard let request = peer.request() else { return }
            let isAsked = request.value("accept-encoding")?.contains("gzip") == true
            peer.send("HTTP/1.1 200 OK\r\nContent-Encoding: \(isAsked ? "gzip" : "none")\r\n\r\n")
            peer.send(zipped)
        } _: { loop, server in
            var request = get(server.address)
            request.acceptsCompressed = true
            let recording = Recording()
            _ = try loop.start(request, recording)
            let log = recording.finish()
            #expect(log.text == "hello", "\(log.detail)")
        }
    }

    @Test func redirectsAreFollowedWhenAskedAndOnlyToTheWeb() throws {
        let places = ["/one": "/two", "/two": "/three", "/file": "file:///etc/hostname"]
        try withServer { peer in
            while let request = peer.request() {
                if let place = places[request.target] {
                    peer.reply(302, "moved", fields: ["Location: \(place)"])
                } else {
                    peer.reply(200, request.value("authorization") ?? "none")
                }
            }
        } _: { loop, server in
            for (start, most, end, text) in [
                ("/one", 2, CallEnd.complete, "Bearer k"), ("/one", 1, .tooManyRedirects, ""),
                ("/file", 2, .malformed, ""), ("/one", 0, .complete, "moved"),
            ] {
                var request = get(server.address + start)
                request.headers = [HeaderField("Authorization", "Bearer k")]
                request.redirectsMax = most
                let recording = Recording()
                _ = try loop.start(request, recording)
                let log = recording.finish()
                #expect(log.end == end)
                #expect(log.text == text)
                #expect(log.heads <= 1)
            }
        }
    }

    @Test(arguments: [
        ("ftp://127.0.0.1/", CallRefusal.invalidURL), ("file:///etc/passwd", .invalidURL),
        ("127.0.0.1/", .invalidURL), ("http:///x", .invalidURL), ("", .invalidURL),
        ("http://a/\r\nX: y", .invalidURL), ("http://a/b c", .invalidURL),
        ("http://a/\0", .invalidURL),
        ("http://" + String(repeating: "a", count: 9_000), .invalidURL),
    ])
    func addressesThatAreNoneAreRefused(url: String, refusal: CallRefusal) throws {
        try withLoop { loop in
            #expect(throws: refusal) { try loop.start(get(url), Recording()) }
            #expect(loop.activeCount == 0)
        }
    }

    @Test(arguments: [
        ("X\r\nY", "a"), ("X", "a\r\nY: b"), ("", "a"), ("X Y", "a"), ("X", "a\0b"), ("X:", "a"),
    ])
    func headersThatCouldBeginALineAreRefused(name: String, value: String) throws {
        try withLoop { loop in
            var request = get("http://127.0.0.1:1/")
            request.headers = [HeaderField(name, value)]
            #expect(throws: CallRefusal.invalidHeader) { try loop.start(request, Recording()) }
        }
    }
}
