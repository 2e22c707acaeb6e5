// The close handshake (RFC 6455, section 7.1) as a pure state machine: what happens goes in, what
// to do comes out.
//
//     open ── close() ──► closing ── received ──► ended          (we began)
//       │                    └────── timed out, lost ──► ended
//       ├── received, server: echo, then drop ──► ended          (the peer began)
//       ├── received, client: echo ──► lingering ── lost, timed out ──► ended
//       └── failed: send the fault's code, then drop ──► ended
//
// Invariant: at most one close frame is ever sent, and nothing after it. The server is the end that
// drops the TCP connection first, so that TIME_WAIT is not left on clients; "drop" always means:
// once what was queued is flushed. Time is the caller's: who is told to wait arms a timer.

package struct WebSocketClosing: Equatable, Sendable {
    package enum Action: Equatable, Sendable {
        /// Nothing is left to do for this event.
        case nothing
        /// Queue a close frame, send nothing more, and wait (by a timer) for the peer's.
        case sendClose(WebSocketCloseCode)
        /// Queue a close frame, flush, and drop the connection.
        case sendCloseAndDrop(WebSocketCloseCode)
        /// Queue a close frame with the peer's own code (nil: with an empty payload). A server then
        /// drops the connection, a client waits (by a timer) for the server to drop it.
        case echoClose(WebSocketCloseCode?, thenDrop: Bool)
        /// Flush, and drop the connection.
        case drop
    }

    private enum State {
        case open, closing, lingering, ended
    }

    private let role: WebSocketRole
    private var state = State.open

    package init(role: WebSocketRole) { self.role = role }

    /// Whether messages still go in either direction. Once a close frame was sent or received,
    /// none may be sent, and those that still arrive are ignored.
    package var isOpen: Bool { state == .open }

    package var isEnded: Bool { state == .ended }

    /// This end wants to close.
    package mutating func close(_ code: WebSocketCloseCode) -> Action {
        guard state == .open else { return .nothing }
        state = .closing
        return .sendClose(code)
    }

    /// The peer's close frame has come.
    package mutating func received(_ code: WebSocketCloseCode?) -> Action {
        switch (state, role) {
        case (.open, .server):
            state = .ended
            return .echoClose(code, thenDrop: true)
        case (.open, .client):
            state = .lingering
            return .echoClose(code, thenDrop: false)
        case (.closing, .server):
            state = .ended
            return .drop
        case (.closing, .client):
            state = .lingering
            return .nothing
        case (.lingering, _), (.ended, _):
            return .nothing
        }
    }

    /// The peer broke the protocol: there is no use in waiting for its close frame.
    package mutating func failed(_ failure: WebSocketFailure) -> Action {
        switch state {
        case .open:
            state = .ended
            return .sendCloseAndDrop(failure.code)
        case .closing, .lingering:
            state = .ended
            return .drop
        case .ended:
            return .nothing
        }
    }

    /// The wait is over that a close frame, sent or echoed, began.
    package mutating func timedOut() -> Action {
        switch state {
        case .closing, .lingering:
            state = .ended
            return .drop
        case .open, .ended:
            return .nothing
        }
    }

    /// The transport has ended under us.
    package mutating func lost() -> Action {
        if state == .ended { return .nothing }
        state = .ended
        return .drop
    }
}
