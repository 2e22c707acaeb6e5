// Raw deflate data (RFC 1951) of one WebSocket message back to its bytes (RFC 7692, section 7.2.2).
// Nothing is kept from message to message, so one inflater serves any number of connections.
//
//     payload │ 00 00 FF FF  ──►  message, as the limit allows it
//               the sender took the end of its last, empty block off; it is put on again
//
// A sender may also end a block with BFINAL set and go on behind it (7.2.1), or end there without
// the empty block that section 7.2.3.4 asks for; both are read. A payload that ends inside of a
// block is refused, as is what is no deflate data.
//
// Limits: inflating stops at the first byte beyond `bytesMax`, so a bomb costs what the limit
// allows and no more: memory for the output (what is above `outputBytesKept` is given back by and
// by), 32 KiB for zlib's window, and time in proportion to the payload and the limit.

import Base
import CZlib

@safe package final class Inflater {
    package enum Outcome: Equatable, Sendable {
        /// `output` is the message.
        case whole
        /// The message has more than the bytes it may have.
        case tooBig
        /// This is no deflate data, or only the start of some.
        case invalid
    }

    /// Memory of the output that is kept from one message to the next, in bytes.
    private static let outputBytesKept = 64 * 1_024
    /// The output grows by steps of at least this, up to the limit.
    private static let stepBytes = 16 * 1_024

    private enum Step {
        /// All input is used; the stream goes on.
        case used
        /// All input is used, and the last block said that it was the last.
        case ended
        case stopped(Outcome)
    }

    private let stream: UnsafeMutablePointer<z_stream>
    private var output = ByteBuffer(capacity: Inflater.stepBytes)

    package init() {
        unsafe stream = UnsafeMutablePointer.allocate(capacity: 1)
        unsafe stream.initialize(to: z_stream())
        let made = unsafe zlib_inflate_init(stream)
        precondition(made == Z_OK, "zlib makes no inflater")
    }

    deinit {
        unsafe inflateEnd(stream)
        unsafe stream.deallocate()
    }

    /// Inflates the payload of one message, all of its fragments together, to at most `bytesMax`
    /// bytes. An empty payload is an empty message.
    package func inflate(_ payload: Span<UInt8>, bytesMax: Int) -> Outcome {
        precondition(bytesMax >= 0, "a negative limit")
        output.removeAll(keepingAtMost: Self.outputBytesKept)
        if payload.isEmpty { return .whole }
        unsafe inflateReset(stream)
        switch take(payload, bytesMax) {
        case .ended: return .whole
        case .stopped(let outcome): return outcome
        case .used: break
        }
        let tail: InlineArray<4, UInt8> = [0, 0, 0xFF, 0xFF]
        switch take(tail.span, bytesMax) {
        case .ended: return .whole
        case .stopped(let outcome): return outcome
        case .used: return unsafe zlib_is_between_blocks(stream) != 0 ? .whole : .invalid
        }
    }

    /// Calls `body` with the message that was inflated last.
    package func withOutput<R>(_ body: (Span<UInt8>) -> R) -> R { output.withSpan(body) }

    private func take(_ input: Span<UInt8>, _ bytesMax: Int) -> Step {
        unsafe input.withUnsafeBytes { bytes in
            // zlib reads its input and writes nothing there.
            let start = unsafe bytes.baseAddress?.assumingMemoryBound(to: UInt8.self)
            unsafe stream.pointee.next_in = UnsafeMutablePointer(mutating: start)
            unsafe stream.pointee.avail_in = UInt32(clamping: bytes.count)
            while output.count <= bytesMax {
                switch inflateStep(bytesMax) {
                case Z_OK:
                    // Full output means that there may be more.
                    if unsafe stream.pointee.avail_out > 0 { return .used }
                case Z_BUF_ERROR: return .used
                case Z_STREAM_END:
                    if unsafe stream.pointee.avail_in == 0 { return .ended }
                    // The window stays: RFC 7692 does not end it with a last block.
                    unsafe inflateResetKeep(stream)
                default: return .stopped(.invalid)
                }
            }
            return .stopped(.tooBig)
        }
    }

    /// One call of zlib with room for at least a byte, and for one beyond the limit at most.
    private func inflateStep(_ bytesMax: Int) -> CInt {
        let wanted = max(output.capacity - output.count, Self.stepBytes)
        let room = min(wanted, bytesMax + 1 - output.count)
        var status = Z_OK
        unsafe output.append(upTo: room) { space in
            unsafe stream.pointee.next_out = space.baseAddress?.assumingMemoryBound(
                to: UInt8.self)
            unsafe stream.pointee.avail_out = UInt32(clamping: room)
            status = unsafe CZlib.inflate(stream, Z_SYNC_FLUSH)
            return unsafe room - Int(stream.pointee.avail_out)
        }
        return status
    }
}
