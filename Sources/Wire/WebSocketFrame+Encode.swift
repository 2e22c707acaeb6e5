// WebSocket frames, from values to bytes (RFC 6455, section 5.2).
//
// Two ways to write one. When the payload is there already, a header is appended and the payload
// behind it. When the payload is being written and its length is known only at the end, room for
// the longest header is left in front of it, and the header is then put right before the payload:
//
//     │ room, frontMax bytes │ payload ... │        │ unused │ header │ payload ... │
//                                                            ▲ the frame begins here
//
// so a message is encoded once, header included, and its bytes are shared by all who receive it.

package import Base

extension WebSocketFrameHeader {
    /// Room to leave before a payload for any header without a mask, in bytes.
    package static let frontMax = 10

    /// Writes this header into `bytes` so that it ends where the payload begins, and returns where
    /// it begins itself. The room before `payloadStart` must hold it: at least `frontMax` bytes,
    /// and four more for a masked frame.
    package func write(before payloadStart: Int, in bytes: inout MutableSpan<UInt8>) -> Int {
        let start = payloadStart - length
        precondition(start >= 0, "no room for the header")
        var at = start
        forEachByte { byte in
            bytes[at] = byte
            at += 1
        }
        return start
    }

    /// The header's bytes in order.
    @inline(__always)
    fileprivate func forEachByte(_ body: (UInt8) -> Void) {
        body(opcode.rawValue | (isFinal ? 0x80 : 0) | (isCompressed ? 0x40 : 0))
        let maskBit: UInt8 = maskKey == nil ? 0 : 0x80
        if payloadLength < 126 {
            body(UInt8(payloadLength) | maskBit)
        } else {
            let isShort = payloadLength < 65_536
            body((isShort ? 126 : 127) | maskBit)
            var shift = isShort ? 8 : 56
            while shift >= 0 {
                body(UInt8(truncatingIfNeeded: payloadLength >> shift))
                shift -= 8
            }
        }
        if let maskKey {
            for shift in stride(from: 0, through: 24, by: 8) {
                body(UInt8(truncatingIfNeeded: maskKey >> UInt32(shift)))
            }
        }
    }
}

extension ByteBuffer {
    package mutating func append(_ header: WebSocketFrameHeader) {
        reserve(header.length)
        header.forEachByte { append($0) }
    }

    /// Appends a whole frame. With a `maskKey` (a client's frame) the payload is masked on its way.
    package mutating func append(
        webSocketFrame opcode: WebSocketOpcode, _ payload: Span<UInt8>, isFinal: Bool = true,
        isCompressed: Bool = false, maskKey: UInt32? = nil
    ) {
        let header = WebSocketFrameHeader(
            opcode, payloadLength: payload.count, isFinal: isFinal, isCompressed: isCompressed,
            maskKey: maskKey)
        reserve(header.length + payload.count)
        append(header)
        let start = count
        append(payload)
        if let maskKey {
            var mask = WebSocketMask(key: maskKey)
            var bytes = mutableSpan
            mask.apply(to: &bytes, in: start..<bytes.count)
        }
    }

    /// Appends a close frame. Without a code its payload is empty. A reason that would make the
    /// frame longer than a control frame may be is cut before the code point that does not fit.
    package mutating func append(
        webSocketClose code: WebSocketCloseCode?, reason: Span<UInt8>, maskKey: UInt32? = nil
    ) {
        var payload = ByteBuffer(capacity: 2 + reason.count)
        if let code {
            payload.append(UInt8(truncatingIfNeeded: code.rawValue >> 8))
            payload.append(UInt8(truncatingIfNeeded: code.rawValue))
            var kept = min(reason.count, WebSocketFrameHeader.controlPayloadMax - 2)
            if kept < reason.count {
                // A continuation byte at the cut belongs to a code point that began before it.
                while kept > 0, reason[kept] & 0xC0 == 0x80 { kept -= 1 }
            }
            payload.append(reason.extracting(0..<kept))
        }
        append(webSocketFrame: .close, payload.span, maskKey: maskKey)
    }

    /// Appends a close frame that gives the fault's code and sentence.
    package mutating func append(webSocketClose failure: WebSocketFailure, maskKey: UInt32? = nil) {
        let reason = unsafe Span(
            _unsafeStart: failure.reason.utf8Start, count: failure.reason.utf8CodeUnitCount)
        append(webSocketClose: failure.code, reason: reason, maskKey: maskKey)
    }
}
