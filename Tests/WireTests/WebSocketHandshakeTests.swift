// The opening handshake: the RFC's example to the byte, what is refused and how, subprotocol lists,
// and the client's check of every prefix and of false proofs.

import Base
import Testing
import Wire

/// SHA-1 of the RFC's example key with the identifier (RFC 6455, section 1.3).
private let digest: [UInt8] = [
    0xB3, 0x7A, 0x4F, 0x2C, 0xC0, 0x62, 0x4F, 0x16, 0x90, 0xF6, 0x46, 0x06, 0xCF, 0x38, 0x59, 0x45,
    0xB2, 0xBE, 0xC4, 0xEA,
]
private let key = "dGhlIHNhbXBsZSBub25jZQ=="

@Suite struct WebSocketHandshakeTests {
    private func decide(
        get: Bool = true, http11: Bool = true, upgrade: String = "websocket",
        connection: String = "Upgrade", key: String = key, version: String = "13"
    ) -> String {
        let decision = WebSocketHandshake.decide(
            isGet: get, isHTTP11: http11, upgrade: utf8(upgrade).span,
            connection: utf8(connection).span, key: utf8(key).span, version: utf8(version).span)
        switch decision {
        case .accept(let input):
            return String(decoding: input.indices.map { input[$0] }, as: UTF8.self)
        case .badRequest: return "400"
        case .upgradeRequired: return "426"
        }
    }

    @Test func goodRequests() {
        let input = key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
        #expect(decide() == input)
        #expect(decide(upgrade: "WebSocket") == input)
        #expect(decide(upgrade: "h2c, websocket") == input)
        #expect(decide(connection: "keep-alive, Upgrade") == input)
        #expect(decide(connection: "keep-alive,\tupgrade ,") == input)
        // Bits that stand for no byte.
        #expect(decide(key: "dGhlIHNhbXBsZSBub25jZR==").hasPrefix("dGhlIHNhbXBsZSBub25jZR=="))
    }

    @Test func refusals() {
        #expect(decide(get: false) == "400")
        #expect(decide(http11: false) == "400")
        for upgrade in ["", "websockets", "web socket", "h2c", ","] {
            #expect(decide(upgrade: upgrade) == "426")
        }
        for connection in ["", "close", "keep-alive", "upgraded"] {
            #expect(decide(connection: connection) == "426")
        }
        for version in ["", "8", "12", "14", "013", "13, 8", "130"] {
            #expect(decide(version: version) == "426")
        }
        let keys = [
            "", "x", "dGhlIHNhbXBsZSBub25jZQ=", "dGhlIHNhbXBsZSBub25jZQ===",
            "dGhlIHNhbXBsZSBub25jZQQQ", "dGhlIHNhbXBsZSBub25jZ===", "dGhlIHNhbXBsZSBub25jZQ=Q",
            "dGhlIHNhbXBsZSBub25j Q==", "dGhlIHNhbXBsZSBub25jZ_==", key + ", " + key,
        ]
        for key in keys { #expect(decide(key: key) == "400", "\(key)") }
    }

    @Test func theResponse() {
        var buffer = ByteBuffer()
        WebSocketHandshake.appendResponse(
            digest: digest.span, subprotocol: utf8("bearer").span,
            fields: utf8("X-Request-Id: 1\r\n").span, to: &buffer)
        let wanted = """
            HTTP/1.1 101 Switching Protocols\r
            Upgrade: websocket\r
            Connection: Upgrade\r
            Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r
            Sec-WebSocket-Protocol: bearer\r
            X-Request-Id: 1\r
            \r

            """
        #expect(String(decoding: copy(of: buffer), as: UTF8.self) == wanted)
    }

    @Test func subprotocols() {
        func element(_ n: Int, _ list: String) -> String? {
            let bytes = utf8(list)
            guard let range = WebSocketHandshake.element(n, of: bytes.span) else { return nil }
            return String(decoding: bytes[range], as: UTF8.self)
        }
        func token(_ list: String) -> String? {
            let bytes = utf8(list)
            guard let range = WebSocketHandshake.bearerToken(in: bytes.span) else { return nil }
            return String(decoding: bytes[range], as: UTF8.self)
        }
        #expect(element(0, "a, b ,c") == "a")
        #expect(element(1, "a, b ,c") == "b")
        #expect(element(2, "a, b ,c") == "c")
        #expect(element(3, "a, b ,c") == nil)
        #expect(element(1, ",, a,\t, b,") == "b")
        #expect(element(0, "") == nil)
        #expect(element(0, " , ,") == nil)
        #expect(element(0, "a b") == nil)
        #expect(element(0, "a\r\nX: y") == nil)
        #expect(token("bearer, eyJh.eyJz.c2ln-_") == "eyJh.eyJz.c2ln-_")
        #expect(token("bearer,x") == "x")
        #expect(token("bearer") == nil)
        #expect(token("Bearer, x") == nil)
        #expect(token("chat, bearer, x") == nil)
        #expect(token("bearer, x y") == nil)
    }

    @Test func theClientAsks() {
        var buffer = ByteBuffer()
        let input = WebSocketClientHandshake.appendRequest(
            host: utf8("a:80").span, target: utf8("/ws?x=1").span,
            nonce: utf8("the sample nonce").span, fields: utf8("A: b\r\n").span, to: &buffer)
        let wanted = """
            GET /ws?x=1 HTTP/1.1\r
            Host: a:80\r
            Upgrade: websocket\r
            Connection: Upgrade\r
            Sec-WebSocket-Version: 13\r
            Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r
            A: b\r
            \r

            """
        #expect(String(decoding: copy(of: buffer), as: UTF8.self) == wanted)
        #expect(
            String(decoding: input.indices.map { input[$0] }, as: UTF8.self)
                == key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11")
    }

    private func check(_ head: some Sequence<UInt8>) -> WebSocketClientHandshake.Answer {
        WebSocketClientHandshake.check(Array(head).span, digest: digest.span)
    }

    @Test func theClientChecks() {
        var buffer = ByteBuffer()
        WebSocketHandshake.appendResponse(
            digest: digest.span, subprotocol: Span(), fields: Span(), to: &buffer)
        let head = copy(of: buffer)
        for end in 0..<head.count { #expect(check(head[..<end]) == .incomplete) }
        #expect(check(head + [0x81, 0x00]) == .accepted(headLength: head.count))

        let accept = "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
        let both = "upgrade: WebSocket\r\nCONNECTION: upgrade\r\n"
        let start = "HTTP/1.1 101 x\r\n"
        #expect(check(utf8(start + both + accept + "\r\n")) != .invalid)
        let falseProofs = [
            start + both + "\r\n", start + accept + "\r\n",
            start + both + accept + accept + "\r\n",
            start + both + "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOp=\r\n\r\n",
            "HTTP/1.0 101 x\r\n" + both + accept + "\r\n",
            "HTTP/1.1 1o1 x\r\n", "nonsense\r\n",
            start + "A: " + String(repeating: "x", count: 16_384) + "\r\n\r\n",
        ]
        for head in falseProofs { #expect(check(utf8(head)) == .invalid, "\(head.prefix(80))") }
        #expect(
            check(utf8("HTTP/1.1 429 Too Many Requests\r\nRetry-After: 1\r\n\r\n"))
                == .refused(status: 429))
    }

    /// RFC 4648, section 10, and the two digits that are not letters.
    @Test func base64() {
        let vectors: [([UInt8], String)] = [
            ([], ""), (utf8("f"), "Zg=="), (utf8("fo"), "Zm8="), (utf8("foo"), "Zm9v"),
            (utf8("foob"), "Zm9vYg=="), (utf8("fooba"), "Zm9vYmE="), (utf8("foobar"), "Zm9vYmFy"),
            ([0xFB, 0xEF, 0xFF], "++//"), ([0xFF, 0xFE], "//4="), ([0xF8], "+A=="),
        ]
        for (bytes, text) in vectors {
            var buffer = ByteBuffer()
            buffer.append(base64: bytes.span)
            #expect(String(decoding: copy(of: buffer), as: UTF8.self) == text)
        }
    }
}
