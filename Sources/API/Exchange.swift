// One request on its way through a handler: what came, who asks, and what goes back. There is one
// object a reactor, used again for every request, so that a request allocates nothing of its own.
//
// A handler returns how the answer comes: it is in `json` now (`.answer`), it rides through the log
// (`.committed`), or something elsewhere goes on with it (`.elsewhere`). A refusal is thrown.

package import Base
package import Chat
package import Reactor
package import Store
package import Wire

package enum Outcome: Sendable {
    case answer
    /// The answer is an effect of the command.
    case committed
    /// A worker has the request; the answer comes through the session's `complete`.
    case elsewhere
    /// The connection becomes a WebSocket.
    case upgrade
}

package final class Exchange {
    package let server: ServerContext
    package let workspace = Workspace()
    package unowned(unsafe) let loop: EventLoop

    package internal(set) var origin = Origin.nobody
    package internal(set) var claims: TokenClaims?
    /// The caller's number; 0 where the route needs no token.
    package internal(set) var user: UInt32 = 0
    package internal(set) var query = ByteBuffer(capacity: 256)
    package internal(set) var body = ByteBuffer(capacity: 4_096)
    package var json = ByteBuffer(capacity: 16_384)
    package var reading = Reading()
    private var scratch = ByteBuffer(capacity: 256)

    /// `loop` must outlive this object.
    init(server: ServerContext, loop: EventLoop) {
        self.server = server
        unsafe self.loop = loop
    }

    package var chat: Chat { server.chat }

    /// Milliseconds since 1970, of this turn.
    package var time: Int64 { unsafe loop.unixMilliseconds }

    // MARK: the body

    /// Reads the body as one JSON object with the members `names`.
    package func fields<let count: Int, R>(
        _ names: InlineArray<count, StaticString>,
        _ use: (borrowing JSONFields<count>) throws(FieldDefect) -> R
    ) throws(Failure) -> R {
        try body.withSpanThrowing { text throws(Failure) in try Self.read(text, names, use) }
    }

    private static func read<let count: Int, R>(
        _ text: Span<UInt8>, _ names: InlineArray<count, StaticString>,
        _ use: (borrowing JSONFields<count>) throws(FieldDefect) -> R
    ) throws(Failure) -> R {
        let fields: JSONFields<count>
        do throws(JSONDefect) {
            fields = try JSONFields(text, names: names)
        } catch {
            throw error == .notObject
                ? Failure(.invalidRequest, "The body must be a JSON object.")
                : Failure(.invalidJSON)
        }
        do throws(FieldDefect) {
            return try use(fields)
        } catch {
            throw .field("\(error.field)", "\(error.message)")
        }
    }

    // MARK: the query

    /// A parameter of the query; nil when it is not there.
    package func parameter(_ name: StaticString) throws(Failure) -> String? {
        scratch.removeAll()
        let value = query.withSpan { QueryFields.value(named: name, in: $0, into: &scratch) }
        switch value {
        case .absent: return nil
        case .invalid: throw .field("\(name)", "is not valid percent-encoded UTF-8")
        case .value(let range):
            let text = scratch.withSpan { bytes -> String? in
                guard let text = try? UTF8Span(validating: bytes.extracting(range)) else {
                    return nil
                }
                return String(copying: text)
            }
            guard let text else { throw .field("\(name)", "is not valid UTF-8") }
            return text
        }
    }

    package func requiredParameter(_ name: StaticString) throws(Failure) -> String {
        guard let value = try parameter(name), !value.isEmpty else {
            throw .field("\(name)", "is missing")
        }
        return value
    }

    /// A parameter of a DELETE: in the query, or in a JSON body.
    package func parameterOrField(_ name: StaticString) throws(Failure) -> String {
        if let value = try parameter(name), !value.isEmpty { return value }
        if body.isEmpty { throw .field("\(name)", "is missing") }
        let value = try fields([name]) { fields throws(FieldDefect) in try fields.string(name) }
        return try Self.filled(name, value)
    }

    /// A text that must not be empty.
    package static func filled(_ name: StaticString, _ text: String) throws(Failure) -> String {
        if text.isEmpty { throw .field("\(name)", "is missing") }
        return text
    }

    package func integerParameter(_ name: StaticString) throws(Failure) -> Int64? {
        guard let text = try parameter(name) else { return nil }
        guard let value = Int64(text), text.utf8.first != UInt8(ascii: "+") else {
            throw .field("\(name)", "must be a whole number")
        }
        return value
    }

    /// `limit`: 50 where it is not given, lowered to 200.
    package func limit() throws(Failure) -> Int {
        guard let value = try integerParameter("limit") else { return PageLimits.standard }
        if value < 1 { throw .field("limit", "must be at least 1") }
        return Int(min(value, Int64(PageLimits.most)))
    }

    package func keyword() throws(Failure) -> String {
        let text = try requiredParameter("keyword")
        guard TextLimits.keywordCharacters.contains(text.unicodeScalars.count) else {
            throw .field("keyword", "must have 1 to 64 characters")
        }
        return text
    }

    package func groupParameter() throws(Failure) -> UInt32 {
        guard let value = try integerParameter("group_id") else {
            throw .field("group_id", "is missing")
        }
        return try Self.group(value)
    }

    /// A group number out of a request; no group has one that does not fit.
    package static func group(_ value: Int64) throws(Failure) -> UInt32 {
        if value < 1 { throw .field("group_id", "must be at least 1") }
        guard let group = UInt32(exactly: value) else { throw Failure(.groupNotFound) }
        return group
    }
}

/// Entries of one page.
package enum PageLimits {
    package static let standard = 50
    package static let most = 200
}

extension ByteBuffer {
    /// Like `withSpan`, for a body that throws.
    func withSpanThrowing<R, E: Error>(
        _ body: (Span<UInt8>) throws(E) -> R
    ) throws(E) -> R { try body(span) }
}
