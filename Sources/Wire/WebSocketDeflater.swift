// Finished frames to frames of the same message, deflated (RFC 7692, section 6.1): a header with
// RSV1 and the deflated payload. One deflater for each window size, made when it is first needed.
//
// What is short goes as it is. A chat frame of less than 512 bytes shrinks by a quarter at most and
// lies in one packet either way; deflating it takes 5 to 9 µs, more than everything else that the
// server does for a message. So does what would not shrink.
//
// Invariant: nothing is kept from one message to the next.

package import Base

package final class WebSocketDeflater {
    /// The shortest payload that is deflated, in bytes.
    package static let payloadBytesMin = 512
    private static let windowBitsMin = 9
    /// Memory of the scratch buffer that is kept, in bytes.
    private static let scratchBytesKept = 64 * 1_024

    /// By window size, from 9 bits to 15.
    private var deflaters = [Deflater?](repeating: nil, count: 7)
    private var scratch = ByteBuffer(capacity: 4_096)

    package init() {}

    /// Appends a frame with `payload`, deflated for a window of `windowBits` (9 to 15) if that pays
    /// or if `always`; false, with nothing appended, if not.
    package func append(
        webSocketFrame opcode: WebSocketOpcode, _ payload: Span<UInt8>, windowBits: UInt8,
        always: Bool = false, to buffer: inout ByteBuffer
    ) -> Bool {
        guard opcode == .text || opcode == .binary else { return false }
        guard always || payload.count >= Self.payloadBytesMin else { return false }
        scratch.removeAll(keepingAtMost: Self.scratchBytesKept)
        guard deflater(windowBits).deflate(payload, mayGrow: always, to: &scratch) else {
            return false
        }
        scratch.withSpan { buffer.append(webSocketFrame: opcode, $0, isCompressed: true) }
        return true
    }

    /// The same for a finished frame of the server: one whole message, without a mask.
    package func append(
        frame: Span<UInt8>, windowBits: UInt8, to buffer: inout ByteBuffer
    ) -> Bool {
        guard
            case .header(let header) = WebSocketFrameHeader.decode(
                frame, role: .client, allowsCompression: false),
            header.isFinal, header.payloadLength == frame.count - header.length
        else { return false }
        return append(
            webSocketFrame: header.opcode, frame.extracting(header.length..<frame.count),
            windowBits: windowBits, to: &buffer)
    }

    /// Appends finished frames, one behind the other, each deflated if that pays and as it is if
    /// not.
    package func append(
        frames: Span<UInt8>, windowBits: UInt8, to buffer: inout ByteBuffer
    ) {
        var at = 0
        while at < frames.count {
            let rest = frames.extracting(at..<frames.count)
            guard
                case .header(let header) = WebSocketFrameHeader.decode(
                    rest, role: .client, allowsCompression: false),
                header.payloadLength <= rest.count - header.length
            else {
                // No frame: not for us to change.
                buffer.append(rest)
                return
            }
            let frame = rest.extracting(0..<header.length + header.payloadLength)
            if !append(frame: frame, windowBits: windowBits, to: &buffer) { buffer.append(frame) }
            at += frame.count
        }
    }

    private func deflater(_ windowBits: UInt8) -> Deflater {
        let index = Int(windowBits) - Self.windowBitsMin
        precondition(index >= 0 && index < deflaters.count, "a window that was not agreed on")
        if let deflater = deflaters[index] { return deflater }
        let deflater = Deflater(windowBits: Int(windowBits))
        deflaters[index] = deflater
        return deflater
    }
}
