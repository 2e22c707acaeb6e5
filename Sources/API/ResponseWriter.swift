// A whole response, head and body, into the buffer of the turn.

import Base
import Wire

enum HTTPMediaType {
    static let json: StaticString = "application/json"
}

enum ResponseWriter {
    static func append(
        to buffer: inout ByteBuffer, _ plan: RequestPlan, _ status: HTTPStatus,
        type: StaticString?, body: Span<UInt8>, closes: Bool, date: Span<UInt8>
    ) {
        var head = HTTPResponseHead(status)
        head.body = status.hasNoContent ? .none : .length(body.count)
        head.contentType = type
        if closes {
            head.connection = .close
        } else if status == .upgradeRequired {
            head.connection = .upgrade
        } else if plan.minorVersion == 0 {
            head.connection = .keepAlive
        }
        var id = ByteBuffer(capacity: 16)
        id.append(hexadecimal: plan.requestID)
        head.append(to: &buffer, date: date, requestID: id.span)
        if status == .unauthorized {
            buffer.append(header: "WWW-Authenticate", fixed: "Bearer")
        }
        if !plan.allow.isEmpty { _ = buffer.append(header: "Allow", value: plan.allow) }
        if status == .upgradeRequired {
            buffer.append(header: "Upgrade", fixed: "websocket")
            buffer.append(header: "Sec-WebSocket-Version", fixed: WebSocketHandshake.version)
        }
        if status == .serviceUnavailable || status == .tooManyRequests {
            buffer.append(header: "Retry-After", number: 1)
        }
        if !plan.corsOrigin.isEmpty { appendCORS(plan, to: &buffer) }
        buffer.appendEndOfHead()
        if !plan.isHead, !status.hasNoContent { buffer.append(body) }
    }

    private static func appendCORS(_ plan: RequestPlan, to buffer: inout ByteBuffer) {
        _ = buffer.append(header: "Access-Control-Allow-Origin", value: plan.corsOrigin)
        buffer.append(header: "Vary", fixed: "Origin")
        buffer.append(
            header: "Access-Control-Expose-Headers", fixed: "X-Run-Id, X-Request-Id, Retry-After")
        if case .options(let methods) = plan.step {
            _ = buffer.append(header: "Access-Control-Allow-Methods", value: methods)
            buffer.append(
                header: "Access-Control-Allow-Headers",
                fixed: "Authorization, Content-Type, Last-Event-ID")
            buffer.append(header: "Access-Control-Max-Age", number: 600)
        }
    }
}
