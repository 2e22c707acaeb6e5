// From a request's head to a plan: which route, who asks, and may he. Everything that can be
// refused without the body is refused here.

import Base
import Chat
import Reactor
import Store
import Wire

extension ReactorContext {
    /// Decides about the request whose head was parsed from the start of `bytes` into `head`.
    func plan(_ bytes: Span<UInt8>, on loop: EventLoop) -> RequestPlan {
        var plan = RequestPlan(step: .refuse(Failure(.notFound)))
        plan.isHead = head.method == .head
        plan.keepAlive = head.keepAlive
        plan.minorVersion = head.minorVersion
        plan.requestID = requestID()
        plan.corsOrigin = corsOrigin(bytes)
        switch router.match(head.method, bytes.extracting(head.path)) {
        case .none: break
        case .otherMethods(let methods):
            if head.method == .options {
                plan.step = .options(methods)
            } else {
                plan.step = .refuse(Failure(.methodNotAllowed))
                plan.allow = methods
            }
        case .route(let index):
            plan.step = .run(index)
            do throws(Failure) {
                try authorize(&plan, router.routes[index], bytes, on: loop)
                try checkMediaType(bytes)
            } catch {
                plan.step = .refuse(error)
            }
        }
        return plan
    }

    private func authorize(
        _ plan: inout RequestPlan, _ route: Route, _ bytes: Span<UInt8>, on loop: EventLoop
    ) throws(Failure) {
        let isWebSocket =
            route.path == Routes.webSocketPath || route.path == server.settings.echoPath
        if isWebSocket {
            plan.upgrade = try UpgradeRequest(
                head, bytes, needsToken: route.path == Routes.webSocketPath)
            if let token = bearerToken(bytes),
                let text = try? UTF8Span(validating: bytes.extracting(token))
            {
                plan.upgrade?.token = String(copying: text)
            }
            return
        }
        guard route.access != .anyone else { return }
        guard let token = bearerToken(bytes),
            let claims = server.keys.verify(
                bytes.extracting(token), now: loop.unixMilliseconds)
        else { throw Failure(.unauthorized) }
        guard claims.role == (route.access == .admin ? .admin : .user) else {
            throw Failure(.forbidden)
        }
        if claims.role == .user {
            var reading = Reading()
            try server.chat.checkToken(claims.credential, &reading)
        }
        plan.claims = claims
        plan.user = claims.subject
    }

    /// What a POST or PUT carries is JSON (RFC 8259; parameters such as a charset change nothing),
    /// and so is the body of a DELETE that has one.
    private func checkMediaType(_ bytes: Span<UInt8>) throws(Failure) {
        switch head.method {
        case .post, .put: break
        case .delete where head.body != .none: break
        default: return
        }
        guard let value = head.value(.contentType) else { throw Failure(.unsupportedMediaType) }
        var end = value.lowerBound
        while end < value.upperBound, bytes[end] != UInt8(ascii: ";") { end += 1 }
        while end > value.lowerBound, bytes[end - 1] == UInt8(ascii: " ") { end -= 1 }
        guard bytes.equals("application/json", ignoringCaseIn: value.lowerBound..<end) else {
            throw Failure(.unsupportedMediaType)
        }
    }

    /// The token in `Authorization: Bearer TOKEN` (RFC 6750, 2.1; the scheme in any case).
    func bearerToken(_ bytes: Span<UInt8>) -> Range<Int>? {
        guard let value = head.value(.authorization) else { return nil }
        let scheme: StaticString = "bearer"
        let length = scheme.utf8CodeUnitCount
        guard value.count > length + 1,
            bytes.equals(scheme, ignoringCaseIn: value.lowerBound..<value.lowerBound + length),
            bytes[value.lowerBound + length] == UInt8(ascii: " ")
        else { return nil }
        var start = value.lowerBound + length
        while start < value.upperBound, bytes[start] == UInt8(ascii: " ") { start += 1 }
        return start..<value.upperBound
    }

    /// The caller's origin, if it may read our answers.
    private func corsOrigin(_ bytes: Span<UInt8>) -> String {
        let allowed = server.settings.corsOrigins
        if allowed.isEmpty { return "" }
        guard let value = head.value(.origin),
            let text = try? UTF8Span(validating: bytes.extracting(value))
        else { return "" }
        let origin = String(copying: text)
        return allowed.contains("*") || allowed.contains(origin) ? origin : ""
    }
}

extension Exchange {
    func load(query bytes: Span<UInt8>) {
        query.removeAll()
        query.append(bytes)
    }

    func load(body bytes: Span<UInt8>) {
        body.removeAll(keepingAtMost: Exchange.bodyBytesKept)
        body.append(bytes)
    }

    /// Memory of a large body that is kept for the next one.
    private static let bodyBytesKept = 64 * 1_024

    func begin(_ plan: RequestPlan, key: ConnectionKey, request: UInt32) {
        claims = plan.claims
        user = plan.user
        origin = Origin(connection: key, request: request, form: .response)
        reading = Reading()
        json.removeAll(keepingAtMost: Exchange.bodyBytesKept)
    }
}
