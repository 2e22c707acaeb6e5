// Close codes, the payload of a close frame, and the faults that end a connection (RFC 6455,
// sections 5.5.1 and 7.4; the 4000s are this server's own, for its clients to tell apart).
//
//     payload of a close frame:   empty  |  code, 2 bytes, big-endian   reason, UTF-8, <= 123 bytes

/// A close code as it may stand in a close frame or as this server gives it.
package struct WebSocketCloseCode: RawRepresentable, Equatable, Hashable, Sendable {
    package let rawValue: UInt16

    package init(rawValue: UInt16) { self.rawValue = rawValue }

    package static let normal = Self(rawValue: 1000)
    package static let goingAway = Self(rawValue: 1001)
    package static let protocolError = Self(rawValue: 1002)
    package static let unsupportedData = Self(rawValue: 1003)
    package static let invalidPayload = Self(rawValue: 1007)
    package static let policyViolation = Self(rawValue: 1008)
    package static let messageTooBig = Self(rawValue: 1009)
    package static let internalError = Self(rawValue: 1011)

    package static let unauthorized = Self(rawValue: 4001)
    /// A newer connection of the same user and device has taken its place.
    package static let replaced = Self(rawValue: 4002)
    /// The password was changed, or the account was deleted, disabled or put out.
    package static let removed = Self(rawValue: 4003)
    /// The peer did not read as quickly as others wrote to it.
    package static let tooSlow = Self(rawValue: 4008)

    /// Whether a peer may send this code. 1004 is reserved; 1005, 1006 and 1015 stand for what
    /// happened without a close frame; below 1000 and 1016 to 2999 nothing is defined; 3000 to 3999
    /// are registered by libraries and 4000 to 4999 are private.
    package var mayBeSent: Bool {
        switch rawValue {
        case 1000...1003, 1007...1014, 3000...4999: true
        default: false
        }
    }
}

/// Why a receiver gave up on its peer. Each has the close code to send, and a sentence for the
/// close frame and the log.
package enum WebSocketFailure: UInt8, Error, CaseIterable, Sendable {
    case reservedOpcode
    case reservedBits
    case controlFragmented
    case controlTooLong
    case maskMissing
    case maskUnexpected
    case lengthNotMinimal
    case lengthOverflow
    case continuationWithoutStart
    case messageInterrupted
    case messageTooBig
    case fragmentsTooMany
    case textNotUTF8
    case deflateInvalid
    case closePayloadTooShort
    case closeCodeInvalid
    case closeReasonNotUTF8

    package var code: WebSocketCloseCode {
        switch self {
        case .messageTooBig, .fragmentsTooMany: .messageTooBig
        case .textNotUTF8, .closeReasonNotUTF8, .deflateInvalid: .invalidPayload
        default: .protocolError
        }
    }

    package var reason: StaticString {
        switch self {
        case .reservedOpcode: "a frame with a reserved opcode"
        case .reservedBits: "a frame with reserved bits that were not agreed on"
        case .controlFragmented: "a fragmented control frame"
        case .controlTooLong: "a control frame of more than 125 bytes"
        case .maskMissing: "a client's frame without a mask"
        case .maskUnexpected: "a server's frame with a mask"
        case .lengthNotMinimal: "a length that is not in its shortest form"
        case .lengthOverflow: "a length with its highest bit set"
        case .continuationWithoutStart: "a continuation without a message to continue"
        case .messageInterrupted: "a new message inside a fragmented one"
        case .messageTooBig: "a message that is too big"
        case .fragmentsTooMany: "a message in too many fragments"
        case .textNotUTF8: "a text message that is not UTF-8"
        case .deflateInvalid: "a compressed message that cannot be inflated"
        case .closePayloadTooShort: "a close frame with half a code"
        case .closeCodeInvalid: "a close code that must not be sent"
        case .closeReasonNotUTF8: "a close reason that is not UTF-8"
        }
    }
}

/// What the (unmasked) payload of a close frame says.
package enum WebSocketClosePayload: Equatable, Sendable {
    /// No code was given.
    case empty
    /// The reason is what follows the two bytes of the code.
    case code(WebSocketCloseCode)
    case invalid(WebSocketFailure)

    package init(_ payload: Span<UInt8>) {
        if payload.isEmpty {
            self = .empty
            return
        }
        guard payload.count >= 2 else {
            self = .invalid(.closePayloadTooShort)
            return
        }
        let code = WebSocketCloseCode(rawValue: UInt16(payload[0]) << 8 | UInt16(payload[1]))
        guard code.mayBeSent else {
            self = .invalid(.closeCodeInvalid)
            return
        }
        var validator = UTF8Validator()
        guard validator.consume(payload.extracting(2..<payload.count)), validator.isComplete else {
            self = .invalid(.closeReasonNotUTF8)
            return
        }
        self = .code(code)
    }
}
