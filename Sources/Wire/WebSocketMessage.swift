// What one received message or control frame looks like to the session above (RFC 6455, section 5).
// The receiver that finds them in a stream of bytes is in WebSocketReceiver.swift.
//
// Ranges are offsets into the buffer that was offered; they are good until its bytes move.

package struct WebSocketMessage: Equatable, Sendable {
    package enum Kind: Sendable {
        case text, binary
    }

    package enum Place: Equatable, Sendable {
        /// The payload lies whole, unmasked, in the buffer that was offered.
        case inPlace(Range<Int>)
        /// The payload came in pieces: `takeAssembled()` hands it out.
        case assembled
    }

    package let kind: Kind
    /// The payload is deflated as it stands (RFC 7692): who inflates it applies the limit again,
    /// and checks a text for UTF-8. Never true unless the connection agreed on it.
    package let isCompressed: Bool
    package let place: Place

    package init(kind: Kind, isCompressed: Bool, place: Place) {
        self.kind = kind
        self.isCompressed = isCompressed
        self.place = place
    }
}

package enum WebSocketEvent: Equatable, Sendable {
    /// The bytes that were not consumed begin a header or a control frame that is not all there.
    case needMore
    case message(WebSocketMessage)
    case ping(Range<Int>)
    case pong(Range<Int>)
    /// A good close frame: its code, if it has one, and the reason's UTF-8.
    case close(WebSocketCloseCode?, reason: Range<Int>)
    /// The peer broke the protocol or a limit.
    case failure(WebSocketFailure)
}

package struct WebSocketReceived: Equatable, Sendable {
    /// Bytes from where reading started that are done with once the event is handled.
    package let consumed: Int
    package let event: WebSocketEvent

    package init(consumed: Int, event: WebSocketEvent) {
        self.consumed = consumed
        self.event = event
    }
}
