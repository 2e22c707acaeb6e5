// Frames that speak to one connection only and change nothing: heartbeats, refusals, errors.

package import Base
import Wire

package enum SystemFrame {
    /// The server's heartbeat (type 1).
    package static func appendHeartbeat(to buffer: inout ByteBuffer) {
        buffer.append(WebSocketFrameHeader(.text, payloadLength: 26))
        buffer.append("{\"type\":1,\"msg_id\":\"ping\"}")
    }

    /// The ack of a client's heartbeat.
    package static func appendHeartbeatAck(
        to buffer: inout ByteBuffer, msgID: Span<UInt8>, time: Int64
    ) {
        append(to: &buffer) { writer in
            writer.key("type")
            writer.number(3)
            writer.key("msg_id")
            writer.string(msgID)
            writer.key("status")
            writer.word("received")
            writer.key("timestamp")
            writer.number(time)
        }
    }

    /// The ack of a message that was refused.
    package static func appendFailedAck(
        to buffer: inout ByteBuffer, msgID: Span<UInt8>, failure: Failure, time: Int64
    ) {
        append(to: &buffer) { writer in
            writer.key("type")
            writer.number(3)
            writer.key("msg_id")
            writer.string(msgID)
            writer.key("status")
            writer.word("failed")
            writer.key("reason")
            writer.word(failure.code.name)
            writer.key("timestamp")
            writer.number(time)
        }
    }

    /// System `error`: what came could not be understood.
    package static func appendError(
        to buffer: inout ByteBuffer, msgID: Span<UInt8>, failure: Failure, time: Int64
    ) {
        append(to: &buffer) { writer in
            writer.key("type")
            writer.number(5)
            writer.key("event")
            writer.word("error")
            writer.key("code")
            writer.word(failure.code.name)
            writer.key("content")
            if let detail = failure.detail {
                writer.string(detail)
            } else {
                writer.word(failure.code.sentence)
            }
            if !msgID.isEmpty {
                writer.key("msg_id")
                writer.string(msgID)
            }
            writer.key("timestamp")
            writer.number(time)
        }
    }

    /// System `kicked`: another connection took this one's place.
    package static func appendKicked(to buffer: inout ByteBuffer, time: Int64) {
        EventEncoder.appendEvent(
            to: &buffer, "kicked", content: "You have logged in from somewhere else.", time: time
        ) { _ in }
    }

    private static func append(
        to buffer: inout ByteBuffer, _ members: (inout JSONWriter) -> Void
    ) {
        var writer = JSONWriter(ByteBuffer(capacity: 256))
        writer.beginObject()
        members(&writer)
        writer.endObject()
        let json = writer.finish()
        EventEncoder.appendFrame(json.span, to: &buffer)
    }
}
