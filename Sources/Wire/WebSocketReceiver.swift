// Frames in, messages out (RFC 6455, sections 5.4 to 5.6): one receiver for each connection.
//
//               ┌─ whole, one frame ───────────► message in place (nothing is copied)
//     buffer ───┤  part, or a fragment ─► assembly ─ last one ─► message assembled
//               └─ control frame, whole ───────► ping, pong, close in place
//
// The rule of what stays with the caller: payload bytes of data frames are always taken, however
// few they are; only a header that is not all there (13 bytes at most) or a control frame that is
// not all there (130 bytes at most) is left in the buffer, to be offered again with more behind it.
// Payloads are unmasked in place, and never twice.
//
// Text is checked for UTF-8 as it arrives, so a fault is told at its byte, not at the message's
// end. Too many bytes and too many fragments both end in 1009: both are a message larger than is
// taken, and the first is told from the header alone. A compressed message is not checked here.
//
// Memory: a receiver has less than 64 bytes. It holds more only while a message is under assembly:
// 512 bytes or about twice what has arrived of it, whichever is more, as what a header
// announces is not believed; and it hands that memory over with the message.

package import Base

package struct WebSocketReceiver: ~Copyable {
    private enum Phase {
        /// Between messages.
        case idle
        /// Inside the payload of a data frame, of which `remaining` bytes are still to come.
        case payload
        /// Between two fragments of a message.
        case fragmented
        /// After a close frame or a failure: whatever still comes is thrown away.
        case ended
    }

    /// The first memory for an assembly, in bytes, unless the frame needs less.
    private static let assemblyStart = 512

    private var assembly: ByteBuffer?
    // Both are bounded by the limit of their message.
    private var assembledBytes: UInt32 = 0
    private var remaining: UInt32 = 0
    package let messageBytesMax: UInt32
    private let fragmentsMax: UInt32
    private var fragments: UInt32 = 0
    private var mask = WebSocketMask(key: 0)
    private var validator = UTF8Validator()
    private var phase = Phase.idle
    private var kind = WebSocketMessage.Kind.text
    private var isCompressed = false
    private var isFinal = false
    private let role: WebSocketRole
    private let allowsCompression: Bool

    /// `messageBytesMax`: bytes of one message's payload, all fragments together. Of a compressed
    /// one an eighth more is taken, because what cannot be compressed grows by that, and whoever
    /// inflates it applies the limit. `fragmentsMax`: frames of one message, empty ones included.
    package init(
        role: WebSocketRole, messageBytesMax: UInt32, fragmentsMax: UInt32,
        allowsCompression: Bool = false
    ) {
        precondition(fragmentsMax > 0, "a message has a frame at least")
        self.role = role
        self.messageBytesMax = messageBytesMax
        self.fragmentsMax = fragmentsMax
        self.allowsCompression = allowsCompression
    }

    /// The next event in `bytes` from `start` on. Call again from behind what was consumed, until
    /// it says `needMore`; after a close or a failure everything is consumed without a word.
    package mutating func receive(
        _ bytes: inout MutableSpan<UInt8>, from start: Int = 0
    ) -> WebSocketReceived {
        precondition(start >= 0 && start <= bytes.count, "receive outside of the buffer")
        // The last message, if nobody took it.
        if phase == .idle, assembledBytes > 0 { forget() }
        var at = start
        while true {
            switch phase {
            case .ended:
                return WebSocketReceived(consumed: bytes.count - start, event: .needMore)
            case .payload:
                let event = takePayload(&bytes, at: &at)
                if let event { return WebSocketReceived(consumed: at - start, event: event) }
                continue
            case .idle, .fragmented:
                break
            }
            let header: WebSocketFrameHeader
            switch WebSocketFrameHeader.decode(
                bytes.span.extracting(at..<bytes.count), role: role,
                allowsCompression: allowsCompression)
            {
            case .incomplete: return WebSocketReceived(consumed: at - start, event: .needMore)
            case .invalid(let failure):
                return WebSocketReceived(consumed: at - start, event: fail(failure))
            case .header(let decoded): header = decoded
            }
            let payloadStart = at + header.length
            let isWhole = header.payloadLength <= bytes.count - payloadStart
            if header.opcode.isControl {
                guard isWhole else {
                    return WebSocketReceived(consumed: at - start, event: .needMore)
                }
                let payload = payloadStart..<payloadStart + header.payloadLength
                let event = control(header, &bytes, payload)
                return WebSocketReceived(consumed: payload.upperBound - start, event: event)
            }
            if let failure = fault(in: header) {
                return WebSocketReceived(consumed: at - start, event: fail(failure))
            }
            if isWhole, header.isFinal, phase == .idle {
                let payload = payloadStart..<payloadStart + header.payloadLength
                let event = messageInPlace(header, &bytes, payload)
                return WebSocketReceived(consumed: payload.upperBound - start, event: event)
            }
            begin(header)
            at = payloadStart
        }
    }

    /// The message that was last told as assembled, once; its memory goes with it.
    package mutating func takeAssembled() -> ByteBuffer {
        guard phase == .idle, let message = assembly.take() else { return ByteBuffer() }
        assembledBytes = 0
        return message
    }

    /// Stops reading for a reason of the caller's: what still comes is thrown away.
    package mutating func end() {
        phase = .ended
        forget()
    }

    /// Bytes of memory that are held beyond the receiver itself.
    package var heldBytes: Int {
        switch assembly {
        case .some(let held): held.capacity
        case .none: 0
        }
    }

    private func bytesMax(_ isCompressed: Bool) -> UInt32 {
        let most = Int(messageBytesMax)
        return isCompressed ? UInt32(clamping: most + most / 8 + 64) : messageBytesMax
    }

    private mutating func forget() {
        assembly = nil
        assembledBytes = 0
    }

    private mutating func fail(_ failure: WebSocketFailure) -> WebSocketEvent {
        end()
        return .failure(failure)
    }

    /// What a data frame's header breaks, in the place where it stands.
    private func fault(in header: WebSocketFrameHeader) -> WebSocketFailure? {
        if phase == .idle {
            if header.opcode == .continuation { return .continuationWithoutStart }
            if header.payloadLength > Int(bytesMax(header.isCompressed)) { return .messageTooBig }
            return nil
        }
        if header.opcode != .continuation { return .messageInterrupted }
        if fragments >= fragmentsMax { return .fragmentsTooMany }
        let left = bytesMax(isCompressed) - assembledBytes
        if header.payloadLength > Int(left) { return .messageTooBig }
        return nil
    }

    private mutating func messageInPlace(
        _ header: WebSocketFrameHeader, _ bytes: inout MutableSpan<UInt8>, _ payload: Range<Int>
    ) -> WebSocketEvent {
        if let key = header.maskKey {
            var mask = WebSocketMask(key: key)
            mask.apply(to: &bytes, in: payload)
        }
        if header.opcode == .text, !header.isCompressed {
            var validator = UTF8Validator()
            guard validator.consume(bytes.span.extracting(payload)), validator.isComplete else {
                return fail(.textNotUTF8)
            }
        }
        return .message(
            WebSocketMessage(
                kind: header.opcode == .text ? .text : .binary, isCompressed: header.isCompressed,
                place: .inPlace(payload)))
    }

    /// Enters a data frame that is not whole, or is a fragment.
    private mutating func begin(_ header: WebSocketFrameHeader) {
        if phase == .idle {
            kind = header.opcode == .text ? .text : .binary
            isCompressed = header.isCompressed
            fragments = 0
            validator = UTF8Validator()
        }
        fragments += 1
        isFinal = header.isFinal
        remaining = UInt32(header.payloadLength)
        mask = WebSocketMask(key: header.maskKey ?? 0)
        phase = .payload
    }

    /// Takes what there is of the frame under way; an event when that ends the message, is wrong,
    /// or is not enough.
    private mutating func takePayload(
        _ bytes: inout MutableSpan<UInt8>, at: inout Int
    ) -> WebSocketEvent? {
        let available = min(Int(remaining), bytes.count - at)
        let range = at..<at + available
        if role == .server { mask.apply(to: &bytes, in: range) }
        let isPlainText = kind == .text && !isCompressed
        if isPlainText, !validator.consume(bytes.span.extracting(range)) {
            return fail(.textNotUTF8)
        }
        if available > 0 { assemble(bytes.span.extracting(range)) }
        at += available
        remaining -= UInt32(available)
        if remaining > 0 { return .needMore }
        if !isFinal {
            phase = .fragmented
            return nil
        }
        if isPlainText, !validator.isComplete { return fail(.textNotUTF8) }
        phase = .idle
        return .message(
            WebSocketMessage(kind: kind, isCompressed: isCompressed, place: .assembled))
    }

    private mutating func assemble(_ piece: Span<UInt8>) {
        if assembledBytes == 0 {
            let wanted = max(piece.count &* 2, Self.assemblyStart)
            assembly = ByteBuffer(capacity: min(Int(remaining), wanted))
        }
        assembly?.append(piece)
        assembledBytes += UInt32(piece.count)
    }

    private mutating func control(
        _ header: WebSocketFrameHeader, _ bytes: inout MutableSpan<UInt8>, _ payload: Range<Int>
    ) -> WebSocketEvent {
        if let key = header.maskKey {
            var mask = WebSocketMask(key: key)
            mask.apply(to: &bytes, in: payload)
        }
        switch header.opcode {
        case .ping: return .ping(payload)
        case .pong: return .pong(payload)
        default: break
        }
        switch WebSocketClosePayload(bytes.span.extracting(payload)) {
        case .empty:
            end()
            return .close(nil, reason: payload)
        case .code(let code):
            end()
            return .close(code, reason: payload.lowerBound + 2..<payload.upperBound)
        case .invalid(let failure):
            return fail(failure)
        }
    }
}
