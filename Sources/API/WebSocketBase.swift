// What every WebSocket connection does, whatever its messages mean: frames in, inflating, control
// frames, the close handshake, heartbeats. A subclass gets whole messages.
//
// The server's own end: a close frame is queued, our side of TCP is shut down behind it, and the
// reactor waits for the peer's end, bounded in time.

import Base
import Chat
import Reactor
import Wire

class WebSocketBase: Session {
    unowned(unsafe) let context: ReactorContext
    private var receiver: WebSocketReceiver
    private var closing = WebSocketClosing(role: .server)
    private var wasPinged = false
    /// Bits of the window for what is deflated for the peer; 0 when it takes nothing deflated.
    let windowBits: UInt8

    init(
        _ context: ReactorContext, messageBytesMax: Int, fragmentsMax: UInt32,
        deflate: WebSocketDeflate?
    ) {
        unsafe self.context = context
        windowBits = deflate?.serverWindowBits ?? 0
        receiver = WebSocketReceiver(
            role: .server, messageBytesMax: UInt32(clamping: messageBytesMax),
            fragmentsMax: fragmentsMax, allowsCompression: deflate != nil)
    }

    var isOpen: Bool { closing.isOpen }

    // MARK: what a subclass does

    /// The handshake has been answered.
    func begin(on loop: EventLoop, _ slot: UInt32) {
        loop.wake(slot, afterSeconds: heartbeatSeconds)
        loop.setForm(windowBits, slot)
    }

    /// A whole message and its bytes, inflated; they are valid UTF-8 when it is text.
    func message(
        _ message: WebSocketMessage, _ bytes: Span<UInt8>, on loop: EventLoop, _ slot: UInt32
    ) {}

    /// The end begins: nothing of what follows is for the peer's eyes but the close frame.
    func willEnd(on loop: EventLoop, _ slot: UInt32) {}

    /// Nothing was sent to the peer for a while.
    func sendHeartbeat(on loop: EventLoop, _ slot: UInt32) {}

    func proceed(on loop: EventLoop, _ slot: UInt32) {}

    func accepts(topic: UInt64, sequence: UInt64) -> Bool { true }

    func answer(
        _ bytes: Span<UInt8>, request: UInt32, topic: UInt64, sequence: UInt32,
        on loop: EventLoop, _ slot: UInt32
    ) {
        loop.send(loop.stage(bytes), to: slot)
    }

    func ended(_ reason: CloseReason, on loop: EventLoop, _ slot: UInt32) {}

    func gone(on loop: EventLoop, _ slot: UInt32) {}

    var heartbeatSeconds: Int { unsafe context.server.settings.heartbeatSeconds }

    // MARK: input

    func receive(_ input: inout ByteBuffer, on loop: EventLoop, _ slot: UInt32) -> Int {
        wasPinged = false
        var used = 0
        while true {
            var bytes = input.mutableSpan
            let received = receiver.receive(&bytes, from: used)
            used += received.consumed
            switch received.event {
            case .needMore:
                return used
            case .message(let message):
                guard closing.isOpen else { continue }
                take(message, input, on: loop, slot)
            case .ping(let range):
                guard closing.isOpen else { continue }
                let payload = input.span(range)
                loop.send(loop.stage { $0.append(webSocketFrame: .pong, payload) }, to: slot)
            case .pong: continue
            case .close(let code, _):
                act(closing.received(code), .webSocketClosed, on: loop, slot)
                return input.count
            case .failure(let failure):
                fail(failure, on: loop, slot)
                return input.count
            }
        }
    }

    /// The peer broke the protocol: nothing more is read from it.
    private func fail(_ failure: WebSocketFailure, on loop: EventLoop, _ slot: UInt32) {
        receiver.end()
        willEnd(on: loop, slot)
        let action = closing.failed(failure)
        if case .sendCloseAndDrop = action {
            loop.send(loop.stage { $0.append(webSocketClose: failure) }, to: slot)
        }
        loop.finish(slot, .protocolError)
    }

    private func take(
        _ message: WebSocketMessage, _ input: borrowing ByteBuffer, on loop: EventLoop,
        _ slot: UInt32
    ) {
        switch message.place {
        case .inPlace(let range):
            take(message, input.span(range), on: loop, slot)
        case .assembled:
            let whole = receiver.takeAssembled()
            take(message, whole.span, on: loop, slot)
        }
    }

    private func take(
        _ message: WebSocketMessage, _ payload: Span<UInt8>, on loop: EventLoop, _ slot: UInt32
    ) {
        guard message.isCompressed else {
            self.message(message, payload, on: loop, slot)
            return
        }
        let inflater = unsafe context.inflater
        switch inflater.inflate(payload, bytesMax: Int(receiver.messageBytesMax)) {
        case .tooBig: fail(.messageTooBig, on: loop, slot)
        case .invalid: fail(.deflateInvalid, on: loop, slot)
        case .whole:
            inflater.withOutput { bytes in
                if message.kind == .text {
                    var validator = UTF8Validator()
                    guard validator.consume(bytes), validator.isComplete else {
                        fail(.textNotUTF8, on: loop, slot)
                        return
                    }
                }
                self.message(message, bytes, on: loop, slot)
            }
        }
    }

    func inputEnded(on loop: EventLoop, _ slot: UInt32) {
        _ = closing.lost()
        loop.finish(slot, .peerClosed)
    }

    // MARK: ends

    /// Ends the connection with a close frame.
    func end(
        _ code: WebSocketCloseCode, _ reason: CloseReason, on loop: EventLoop, _ slot: UInt32
    ) {
        act(closing.close(code), reason, on: loop, slot)
    }

    private func act(
        _ action: WebSocketClosing.Action, _ reason: CloseReason, on loop: EventLoop,
        _ slot: UInt32
    ) {
        if action == .nothing { return }
        willEnd(on: loop, slot)
        switch action {
        case .nothing: return
        case .sendClose(let code), .sendCloseAndDrop(let code):
            let text = Self.closeText(reason)
            loop.send(
                loop.stage { $0.append(webSocketClose: code, reason: text.utf8.span) }, to: slot)
        case .echoClose(let code, _):
            loop.send(
                loop.stage { buffer in
                    buffer.append(webSocketClose: code, reason: "".utf8.span)
                }, to: slot)
        case .drop: break
        }
        loop.finish(slot, reason)
    }

    /// What the close frame says beside its code.
    private static func closeText(_ reason: CloseReason) -> String {
        switch reason {
        case .unauthorized: "unauthorized"
        case .replaced: "replaced by another connection"
        case .removed: "removed"
        case .tooSlow: "too slow"
        case .shutdown: "server going away"
        default: ""
        }
    }

    func outboxIsFull(on loop: EventLoop, _ slot: UInt32) {
        end(.tooSlow, .tooSlow, on: loop, slot)
    }

    // MARK: time

    /// A heartbeat after a period in which nothing was sent, a Ping after one in which nothing
    /// came, and the end after two of those (SPEC 3).
    func timePassed(on loop: EventLoop, _ slot: UInt32) {
        let period = heartbeatSeconds
        let silence = loop.silence(slot)
        if silence.received >= 2 * period {
            loop.close(slot, .heartbeatMissed)
            return
        }
        if silence.sent >= period { sendHeartbeat(on: loop, slot) }
        if silence.received >= period, !wasPinged {
            wasPinged = true
            loop.send(
                loop.stage { $0.append(webSocketFrame: .ping, "".utf8.span) }, to: slot)
        }
        let untilHeartbeat = silence.sent >= period ? period : period - silence.sent
        let untilSilent = (wasPinged ? 2 * period : period) - silence.received
        loop.wake(slot, afterSeconds: max(1, min(untilHeartbeat, untilSilent)))
    }
}

/// Sends every message back, in kind: the endpoint for conformance tests (`server.ws_echo`). What
/// came deflated returns deflated, however short it is.
final class EchoSession: WebSocketBase {
    /// Limits of its own, as the conformance tests want them.
    static let messageBytesMax = 16 * 1_024 * 1_024
    static let fragmentsMax: UInt32 = 65_536

    init(_ context: ReactorContext, deflate: WebSocketDeflate?) {
        super.init(
            context, messageBytesMax: Self.messageBytesMax, fragmentsMax: Self.fragmentsMax,
            deflate: deflate)
    }

    override func begin(on loop: EventLoop, _ slot: UInt32) {
        super.begin(on: loop, slot)
        loop.setOutboundBytesMax(4 * Self.messageBytesMax, slot)
    }

    override func message(
        _ message: WebSocketMessage, _ bytes: Span<UInt8>, on loop: EventLoop, _ slot: UInt32
    ) {
        let opcode: WebSocketOpcode = message.kind == .text ? .text : .binary
        let (deflater, windowBits) = unsafe (context.deflater, windowBits)
        let echo = loop.stage { buffer in
            let isDeflated =
                message.isCompressed
                && deflater.append(
                    webSocketFrame: opcode, bytes, windowBits: windowBits, always: true,
                    to: &buffer)
            if !isDeflated { buffer.append(webSocketFrame: opcode, bytes) }
        }
        loop.send(echo, to: slot)
    }
}
