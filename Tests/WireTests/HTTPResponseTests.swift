// Response heads to the byte, and that no value can end its line.

import Base
import TestSupport
import Testing
import Wire

@Suite struct HTTPResponseTests {
    private static let date = Array("Mon, 23 Nov 2026 06:20:26 GMT".utf8)

    private func text(_ head: HTTPResponseHead, requestID: String = "r1") -> String {
        var out = ByteBuffer()
        head.append(to: &out, date: Self.date.span, requestID: requestID.utf8.span)
        out.appendEndOfHead()
        return out.text
    }

    @Test func aSmallReply() {
        var head = HTTPResponseHead(.ok)
        head.contentType = "application/json"
        head.body = .length(17)
        #expect(
            text(head) == """
                HTTP/1.1 200 OK\r
                Date: Mon, 23 Nov 2026 06:20:26 GMT\r
                Content-Type: application/json\r
                Content-Length: 17\r
                X-Request-Id: r1\r
                \r

                """)
    }

    @Test func framingAndConnection() {
        var head = HTTPResponseHead(.ok)
        #expect(text(head).contains("\r\nContent-Length: 0\r\n"))
        head.body = .chunked
        #expect(text(head).contains("\r\nTransfer-Encoding: chunked\r\n"))
        #expect(!text(head).contains("Content-Length"))
        #expect(!text(head).contains("Connection"))
        head.body = .untilClose
        #expect(text(head).contains("\r\nConnection: close\r\n"))
        head.body = .length(1)
        head.connection = .close
        #expect(text(head).contains("\r\nConnection: close\r\n"))
        head.connection = .keepAlive
        #expect(text(head).contains("\r\nConnection: keep-alive\r\n"))
        head.status = .switchingProtocols
        head.connection = .upgrade
        #expect(text(head).hasPrefix("HTTP/1.1 101 Switching Protocols\r\n"))
        #expect(text(head).contains("\r\nConnection: Upgrade\r\n"))
    }

    @Test(arguments: [HTTPStatus.noContent, .notModified, .switchingProtocols])
    func statusesWithoutContentSayNothingAboutIt(_ status: HTTPStatus) {
        var head = HTTPResponseHead(status)
        head.contentType = "text/plain"
        for body in [HTTPResponseBody.length(3), .chunked, .none] {
            head.body = body
            #expect(!text(head).contains("Content-") && !text(head).contains("Transfer-"))
        }
    }

    @Test(arguments: HTTPStatus.allCases)
    func everyStatusLine(_ status: HTTPStatus) {
        let line = "HTTP/1.1 \(status.rawValue) \(status.reason)\r\n"
        #expect(text(HTTPResponseHead(status)).hasPrefix(line))
        #expect(status.code >= 100 && status.code <= 599)
    }

    @Test(arguments: HTTPParseFailure.allCases)
    func everyRefusalHasAStatusAndASentence(_ failure: HTTPParseFailure) {
        #expect(failure.status.code >= 400)
        #expect("\(failure.sentence)".hasSuffix("."))
    }

    @Test(arguments: ["\r", "\n", "\0", "\u{1b}", "\u{7f}"])
    func noValueEndsItsLine(_ byte: String) {
        // At every place of a word and behind it.
        for place in 0...17 {
            let value = String(repeating: "a", count: place) + byte + "Set-Cookie: x=y"
            var out = ByteBuffer()
            out.append("before")
            let isTaken = out.append(header: "X-Run-Id", value: value)
            let isTakenAsBytes = out.append(header: "X-Run-Id", value: value.utf8.span)
            let text = out.text
            #expect(!isTaken && !isTakenAsBytes && text == "before")
            #expect(!self.text(HTTPResponseHead(.ok), requestID: value).contains("X-Request-Id"))
        }
    }

    @Test func otherHeaders() {
        var out = ByteBuffer()
        let isTaken = out.append(header: "Location", value: "/a\tb/灵")
        #expect(isTaken)
        out.append(header: "Retry-After", number: 30)
        out.append(header: "Allow", fixed: "GET, HEAD")
        let lines = out.text
        #expect(lines == "Location: /a\tb/灵\r\nRetry-After: 30\r\nAllow: GET, HEAD\r\n")
        out.removeAll()
        out.appendContinue()
        let interim = out.text
        #expect(interim == "HTTP/1.1 100 Continue\r\n\r\n")
    }

    @Test func chunks() {
        var out = ByteBuffer()
        out.append(chunk: [UInt8]().span)
        let isEmpty = out.isEmpty
        #expect(isEmpty)
        for count in [1, 15, 16, 255, 256, 4_096, 70_000] {
            out.removeAll()
            out.append(chunk: [UInt8](repeating: 0x61, count: count).span)
            let size = String(count, radix: 16)
            let text = out.text
            #expect(text == "\(size)\r\n\(String(repeating: "a", count: count))\r\n")
        }
        out.removeAll()
        out.appendLastChunk()
        let last = out.text
        #expect(last == "0\r\n\r\n")
    }
}
