// One WebSocket frame's header (RFC 6455, section 5.2), from bytes to values.
//
//     byte 0              byte 1                then                     then
//     FIN RSV1-3 opcode   MASK length (7 bits)  length, 0, 2 or 8 bytes  mask key, 0 or 4 bytes
//
// Reading is strict, because what two ends read differently is how data is smuggled past one of
// them: reserved opcodes and bits, control frames that are long or fragmented, lengths that are not
// written in the shortest form, and a mask where none belongs (or none where one does) are all
// refused. RSV1 is let through on the first frame of a message when the connection has agreed on
// permessage-deflate (RFC 7692, section 6); what it means is for the inflater above.
//
// Limits: a header has 2 to 14 bytes; a payload length is below 2^63, the message's limit is the
// receiver's affair.

/// Which end of the connection this is: a server reads masked frames and writes plain ones, a
/// client the other way round.
@usableFromInline
package enum WebSocketRole: Sendable {
    case server, client
}

/// RFC 6455, section 11.8. Opcodes not named here are reserved and refused.
@usableFromInline
package enum WebSocketOpcode: UInt8, Sendable {
    case continuation = 0x0
    case text = 0x1
    case binary = 0x2
    case close = 0x8
    case ping = 0x9
    case pong = 0xA

    /// Control frames have at most 125 bytes and come whole, between other frames.
    @inlinable package var isControl: Bool { rawValue & 0x8 != 0 }
}

@usableFromInline
package struct WebSocketFrameHeader: Equatable, Sendable {
    /// The longest payload of a control frame, in bytes.
    package static let controlPayloadMax = 125
    /// The longest header, in bytes: eight bytes of length and a mask key.
    package static let lengthMax = 14

    package var opcode: WebSocketOpcode
    /// FIN: the last frame of its message.
    package var isFinal: Bool
    /// RSV1: the message is deflated.
    package var isCompressed: Bool
    /// The mask key, its first byte lowest; nil on a frame without a mask.
    package var maskKey: UInt32?
    /// Bytes of payload behind the header.
    package var payloadLength: Int

    package init(
        _ opcode: WebSocketOpcode, payloadLength: Int, isFinal: Bool = true,
        isCompressed: Bool = false, maskKey: UInt32? = nil
    ) {
        precondition(payloadLength >= 0, "a payload of negative length")
        self.opcode = opcode
        self.isFinal = isFinal
        self.isCompressed = isCompressed
        self.maskKey = maskKey
        self.payloadLength = payloadLength
    }

    /// Bytes of the header itself, 2 to 14.
    package var length: Int {
        let lengthBytes = payloadLength < 126 ? 0 : payloadLength < 65_536 ? 2 : 8
        return 2 + lengthBytes + (maskKey == nil ? 0 : 4)
    }

    package enum Decoded: Equatable, Sendable {
        /// All bytes so far could begin a good header.
        case incomplete
        case header(WebSocketFrameHeader)
        case invalid(WebSocketFailure)
    }

    /// Reads the header at the front of `bytes`; a fault is told as soon as its byte is there.
    package static func decode(
        _ bytes: Span<UInt8>, role: WebSocketRole, allowsCompression: Bool
    ) -> Decoded {
        guard bytes.count > 0 else { return .incomplete }
        let first = bytes[0]
        guard let opcode = WebSocketOpcode(rawValue: first & 0x0F) else {
            return .invalid(.reservedOpcode)
        }
        let isFinal = first & 0x80 != 0
        let reserved = first & 0x70
        if reserved != 0 {
            let beginsMessage = opcode == .text || opcode == .binary
            guard reserved == 0x40, allowsCompression, beginsMessage else {
                return .invalid(.reservedBits)
            }
        }
        if opcode.isControl, !isFinal { return .invalid(.controlFragmented) }

        guard bytes.count > 1 else { return .incomplete }
        let second = bytes[1]
        let isMasked = second & 0x80 != 0
        if isMasked != (role == .server) {
            return .invalid(isMasked ? .maskUnexpected : .maskMissing)
        }
        let short = Int(second & 0x7F)
        if opcode.isControl, short > controlPayloadMax { return .invalid(.controlTooLong) }

        var at = 2
        var payloadLength = short
        if short > 125 {
            let end = short == 126 ? 4 : 10
            guard bytes.count >= end else { return .incomplete }
            if short == 127, bytes[2] & 0x80 != 0 { return .invalid(.lengthOverflow) }
            payloadLength = 0
            while at < end {
                payloadLength = payloadLength << 8 | Int(bytes[at])
                at += 1
            }
            guard payloadLength >= (short == 126 ? 126 : 65_536) else {
                return .invalid(.lengthNotMinimal)
            }
        }
        var maskKey: UInt32?
        if isMasked {
            guard bytes.count >= at + 4 else { return .incomplete }
            maskKey =
                UInt32(bytes[at]) | UInt32(bytes[at + 1]) << 8
                | UInt32(bytes[at + 2]) << 16 | UInt32(bytes[at + 3]) << 24
        }
        return .header(
            WebSocketFrameHeader(
                opcode, payloadLength: payloadLength, isFinal: isFinal,
                isCompressed: reserved != 0, maskKey: maskKey))
    }
}
