// Why a connection ended. Every end has one of these, and each is counted: an operator who sees
// connections go away sees why.

package enum CloseReason: UInt8, CaseIterable, Sendable {
    /// The peer ended its side in good order.
    case peerClosed
    /// The peer reset the connection, or the network did.
    case peerReset
    /// The exchange is complete and nothing keeps the connection (HTTP without keep-alive).
    case finished
    /// Nothing came for the idle time.
    case idle
    /// The header of a request was not complete in time.
    case headerTimeout
    /// The body of a request was not complete in time.
    case bodyTimeout
    /// What came breaks HTTP, or is refused by it.
    case badRequest
    /// A WebSocket peer broke RFC 6455.
    case protocolError
    /// The WebSocket close handshake is complete.
    case webSocketClosed
    /// No token, or a bad one (4001).
    case unauthorized
    /// Another connection of the same user and device took its place (4002).
    case replaced
    /// The account was changed, disabled or deleted, or an operator put it out (4003).
    case removed
    /// The peer did not read what was sent, up to the outbound limit (4008).
    case tooSlow
    /// A heartbeat was not answered.
    case heartbeatMissed
    /// The server is going away (1001).
    case shutdown
    /// The peer did not complete an orderly end within the linger time.
    case lingerTimeout
    /// accept(2) found no free descriptor: the connection was taken and closed at once.
    case noDescriptor
    /// The connection table is full.
    case tableFull
    /// The socket failed in a way that is not the peer's.
    case socketError

    /// The name for logs and metrics.
    package var name: StaticString {
        switch self {
        case .peerClosed: "peer_closed"
        case .peerReset: "peer_reset"
        case .finished: "finished"
        case .idle: "idle"
        case .headerTimeout: "header_timeout"
        case .bodyTimeout: "body_timeout"
        case .badRequest: "bad_request"
        case .protocolError: "protocol_error"
        case .webSocketClosed: "websocket_closed"
        case .unauthorized: "unauthorized"
        case .replaced: "replaced"
        case .removed: "removed"
        case .tooSlow: "too_slow"
        case .heartbeatMissed: "heartbeat_missed"
        case .shutdown: "shutdown"
        case .lingerTimeout: "linger_timeout"
        case .noDescriptor: "no_descriptor"
        case .tableFull: "table_full"
        case .socketError: "socket_error"
        }
    }
}
