// From a GET to a WebSocket: the handshake, and which session takes over. A bad token does not fail
// the handshake: it completes, and the server closes with 4001, so that a browser can tell.

import Base
import COpenSSL
import Chat
import Reactor
import Store
import Wire

/// What the head of an upgrade says; copied, since the head is gone when the route runs.
struct UpgradeRequest {
    var digestInput: WebSocketHandshake.DigestInput
    /// From the header, the subprotocol, or (set later) the query.
    var token: String?
    var usesSubprotocol = false
    var origin: String?
    /// What was agreed on, if the client has offered it.
    var deflate: WebSocketDeflate?
    let isEcho: Bool

    init(
        _ head: HTTPRequestHead, _ bytes: Span<UInt8>, needsToken: Bool
    ) throws(Failure) {
        let decision = WebSocketHandshake.decide(
            isGet: head.method == .get, isHTTP11: head.minorVersion == 1,
            upgrade: bytes.extracting(head.value(.upgrade) ?? 0..<0),
            connection: bytes.extracting(head.value(.connection) ?? 0..<0),
            key: bytes.extracting(head.value(.secWebSocketKey) ?? 0..<0),
            version: bytes.extracting(head.value(.secWebSocketVersion) ?? 0..<0))
        switch decision {
        case .accept(let input): digestInput = input
        case .badRequest:
            throw Failure(.invalidRequest, "The WebSocket handshake is not valid.")
        case .upgradeRequired: throw Failure(.upgradeRequired)
        }
        isEcho = !needsToken
        if let value = head.value(.origin) { origin = Self.text(bytes.extracting(value)) }
        // Several lines are one list of offers, in their order.
        var line = head.line(.secWebSocketExtensions)
        while let place = line, deflate == nil {
            deflate = WebSocketDeflate.choose(from: bytes.extracting(head.value(at: place)))
            line = head.line(.secWebSocketExtensions, from: place + 1)
        }
        if let value = head.value(.secWebSocketProtocol) {
            let list = bytes.extracting(value)
            if let token = WebSocketHandshake.bearerToken(in: list) {
                self.token = Self.text(list.extracting(token))
                usesSubprotocol = true
            }
        }
    }

    private static func text(_ bytes: Span<UInt8>) -> String? {
        guard let text = try? UTF8Span(validating: bytes) else { return nil }
        return String(copying: text)
    }
}

extension ReactorContext {
    /// Answers the handshake and puts the session in its place.
    func upgrade(_ plan: RequestPlan, on loop: EventLoop, _ slot: UInt32) throws(Failure) {
        guard let request = plan.upgrade else { throw Failure(.upgradeRequired) }
        let allowed = server.settings.webSocketOrigins
        if !allowed.isEmpty, let origin = request.origin, !allowed.contains(origin) {
            throw Failure(.forbidden, "This origin may not connect.")
        }
        let session: WebSocketBase
        var end: (WebSocketCloseCode, CloseReason)?
        if request.isEcho {
            session = EchoSession(self, deflate: request.deflate)
        } else {
            let exchange = exchangeInUse
            let device = try deviceParameter(exchange)
            let caller = try identify(request, exchange, on: loop)
            switch caller {
            case .success(let claims):
                session = WebSocketSession(
                    self, claims.credential, device: device, deflate: request.deflate)
            case .failure(let failure):
                session = EchoSession(self, deflate: request.deflate)
                end =
                    failure.code == .userDisabled
                    ? (.removed, .removed) : (.unauthorized, .unauthorized)
            }
        }
        respond(request, plan, on: loop, slot)
        loop.replaceSession(session, slot)
        if let (code, reason) = end {
            session.end(code, reason, on: loop, slot)
        } else {
            session.begin(on: loop, slot)
        }
    }

    /// One name for every device, unless several are allowed.
    private func deviceParameter(_ exchange: Exchange) throws(Failure) -> String {
        guard server.settings.multiDevice, let name = try exchange.parameter("device"),
            !name.isEmpty
        else { return "default" }
        guard name.unicodeScalars.count <= 64 else {
            throw .field("device", "must have 1 to 64 characters")
        }
        return name
    }

    private func identify(
        _ request: UpgradeRequest, _ exchange: Exchange, on loop: EventLoop
    ) throws(Failure) -> Result<TokenClaims, Failure> {
        // The header was looked at when the plan was made; a browser has the query or a
        // subprotocol.
        let token: String?
        if let given = request.token {
            token = given
        } else {
            token = try exchange.parameter("token")
        }
        guard let token,
            let claims = server.keys.verify(token.utf8.span, now: loop.unixMilliseconds),
            claims.role == .user
        else { return .failure(Failure(.unauthorized)) }
        var reading = Reading()
        do throws(Failure) {
            try server.chat.checkToken(claims.credential, &reading)
        } catch {
            return .failure(error)
        }
        return .success(claims)
    }

    private func respond(
        _ request: UpgradeRequest, _ plan: RequestPlan, on loop: EventLoop, _ slot: UInt32
    ) {
        var digest: InlineArray<20, UInt8> = .init(repeating: 0)
        let input = request.digestInput
        var output = digest.mutableSpan
        let made = unsafe input.span.withUnsafeBytes { input in
            unsafe output.withUnsafeMutableBufferPointer {
                unsafe openssl_sha1(input.baseAddress, input.count, $0.baseAddress)
            }
        }
        precondition(made == 1, "OpenSSL gives no SHA-1")
        var subprotocol = ByteBuffer()
        if request.usesSubprotocol { subprotocol.append("bearer") }
        var fields = ByteBuffer()
        fields.append("X-Request-Id: ")
        fields.append(hexadecimal: plan.requestID)
        fields.append("\r\n")
        request.deflate?.appendField(to: &fields)
        var response = ByteBuffer(capacity: 256)
        WebSocketHandshake.appendResponse(
            digest: digest.span, subprotocol: subprotocol.span, fields: fields.span, to: &response)
        loop.send(loop.stage(response.span), to: slot)
    }
}
