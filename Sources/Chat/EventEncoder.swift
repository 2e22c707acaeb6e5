// The frames that the server sends (SPEC 3), encoded once and shared by every recipient. The length
// of a frame is worked out from its parts, so that its header can be written first and nothing is
// moved afterwards.

import Base
import Store
import Wire

enum EventEncoder {
    /// A whole text frame around `json`.
    static func appendFrame(_ json: Span<UInt8>, to buffer: inout ByteBuffer) {
        buffer.append(webSocketFrame: .text, json)
    }

    /// Everything of a message's frame that is known before the message has its numbers:
    /// `,"msg_id":…,"from":…,"to":…,"content":…,"timestamp":…}`. `msgID` is left out where it
    /// follows from the id.
    static func appendTail(
        to buffer: inout ByteBuffer, msgID: Span<UInt8>, from: String,
        conversation: ConversationKey,
        recipient: String, content: Span<UInt8>, time: Int64, isRecalled: Bool = false
    ) {
        if !msgID.isEmpty {
            buffer.append(",\"msg_id\":")
            buffer.append(jsonString: msgID)
        }
        buffer.append(",\"from\":")
        buffer.append(jsonString: from)
        if conversation.isGroup {
            buffer.append(",\"to\":\"group_")
            buffer.append(decimal: conversation.group)
            buffer.append("\",\"group_id\":")
            buffer.append(decimal: conversation.group)
        } else {
            buffer.append(",\"to\":")
            buffer.append(jsonString: recipient)
        }
        buffer.append(",\"content\":")
        buffer.append(jsonString: content)
        buffer.append(",\"timestamp\":")
        buffer.append(decimal: time)
        if isRecalled { buffer.append(",\"status\":\"recalled\"") }
        buffer.append(UInt8(ascii: "}"))
    }

    /// The frame of a message: its numbers, then the tail that was made before.
    static func appendMessage(
        to buffer: inout ByteBuffer, isGroup: Bool, id: UInt64, sequence: UInt32,
        hasGeneratedID: Bool, tail: Span<UInt8>
    ) {
        // {"type":2,"id":N,"seq":N  and  ,"msg_id":"server-N"
        let numbers = ByteBuffer.digitCount(id) + ByteBuffer.digitCount(UInt64(sequence))
        let generated = hasGeneratedID ? 12 + 7 + ByteBuffer.digitCount(id) : 0
        let length = 15 + 7 + numbers + generated + tail.count
        buffer.append(WebSocketFrameHeader(.text, payloadLength: length))
        let start = buffer.count
        buffer.append(isGroup ? "{\"type\":4,\"id\":" : "{\"type\":2,\"id\":")
        buffer.append(decimal: id)
        buffer.append(",\"seq\":")
        buffer.append(decimal: sequence)
        if hasGeneratedID {
            buffer.append(",\"msg_id\":\"")
            GeneratedMsgID.append(id, to: &buffer)
            buffer.append(UInt8(ascii: "\""))
        }
        buffer.append(tail)
        precondition(buffer.count - start == length, "a frame of another length than announced")
    }

    /// The Ack of SPEC 3, for a message that is stored.
    static func appendAck(
        to buffer: inout ByteBuffer, form: Origin.Form, status: StaticString, id: UInt64,
        sequence: UInt32, time: Int64, msgID: Span<UInt8>, _ scratch: inout ByteBuffer
    ) {
        scratch.removeAll()
        scratch.append("{\"type\":3,\"msg_id\":")
        if msgID.isEmpty {
            scratch.append(UInt8(ascii: "\""))
            GeneratedMsgID.append(id, to: &scratch)
            scratch.append(UInt8(ascii: "\""))
        } else {
            scratch.append(jsonString: msgID)
        }
        scratch.append(",\"status\":\"")
        scratch.append(status)
        scratch.append("\",\"id\":")
        scratch.append(decimal: id)
        scratch.append(",\"seq\":")
        scratch.append(decimal: sequence)
        scratch.append(",\"timestamp\":")
        scratch.append(decimal: time)
        scratch.append(UInt8(ascii: "}"))
        appendAnswer(scratch.span, form: form, to: &buffer)
    }

    /// An answer in the form that its origin wants.
    static func appendAnswer(_ json: Span<UInt8>, form: Origin.Form, to buffer: inout ByteBuffer) {
        switch form {
        case .frame: appendFrame(json, to: &buffer)
        case .response: ResponseAnswer.append(status: 200, to: &buffer) { $0.append(json) }
        }
    }

    /// A system event (type 5): its name, a sentence for people, and what belongs to it.
    static func appendEvent(
        to buffer: inout ByteBuffer, _ name: StaticString, content: String, time: Int64,
        _ members: (inout JSONWriter) -> Void
    ) {
        var writer = JSONWriter(ByteBuffer(capacity: 256))
        writer.beginObject()
        writer.key("type")
        writer.number(5)
        writer.key("event")
        writer.word(name)
        writer.key("content")
        writer.string(content)
        members(&writer)
        writer.key("timestamp")
        writer.number(time)
        writer.endObject()
        let json = writer.finish()
        appendFrame(json.span, to: &buffer)
    }
}
