// Fuzzes the JSON codecs: any bytes may be refused, none may trap, and the codecs must agree.
//
// - What the reader accepts, the writer can say again, and the reader takes that for the same.
// - A frame is refused as JSON exactly when the reader refuses it; `JSONFields` likewise.
// - Any bytes survive Base64, and a Base64 text that is accepted is the only one of its bytes.

import Base
import Wire

@c
func LLVMFuzzerTestOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let input = unsafe UnsafeBufferPointer(start: start, count: count)
    let text = unsafe Span(_unsafeElements: input)
    var written = ByteBuffer()
    let defect = rewrite(text, to: &written)
    if defect == nil {
        var again = ByteBuffer()
        precondition(rewrite(written.span, to: &again) == nil, "what was written is refused")
        precondition(areEqual(written.span, again.span), "what was written reads otherwise")
    }
    checkFrame(text, isJSON: defect == nil)
    checkFields(text, defect)
    checkBase64(text)
    return 0
}

/// Reads `text` step by step and writes each step again.
private func rewrite(_ text: Span<UInt8>, to buffer: inout ByteBuffer) -> JSONDefect? {
    var reader = JSONReader(text)
    var found: JSONDefect?
    buffer.append(json: { writer in
        loop: while true {
            switch reader.next() {
            case .beginObject: writer.beginObject()
            case .endObject: writer.endObject()
            case .beginArray: writer.beginArray()
            case .endArray: writer.endArray()
            case .key(let name): writer.key(text: String(name, of: text))
            case .string(let token):
                var plain = ByteBuffer()
                plain.append(unescaped: token, of: text)
                precondition(plain.count == token.unescapedLength(in: text), "length differs")
                precondition(token.equals(plain.span, in: text), "token is not its content")
                writer.string(plain.span)
            case .number(let number):
                if let integer = number.integer {
                    writer.number(integer)
                } else {
                    writer.raw(text.extracting(number.range))
                }
            case .bool(let value): writer.bool(value)
            case .null: writer.null()
            case .end: break loop
            case .invalid(let defect):
                found = defect
                break loop
            }
        }
    })
    return found
}

private func checkFrame(_ text: Span<UInt8>, isJSON: Bool) {
    switch FrontendMessage.read(text) {
    case .message(let message):
        precondition(isJSON, "a frame is taken that is no JSON")
        for token in [message.messageID, message.to, message.content, message.status] {
            if let token { precondition(token.range.upperBound <= text.count, "outside") }
        }
    case .invalid(let defect):
        precondition((defect.code == .invalidRequest) == isJSON, "frame and reader differ")
    }
}

private func checkFields(_ text: Span<UInt8>, _ defect: JSONDefect?) {
    do throws(JSONDefect) {
        let fields = try JSONFields(text, names: ["type", "to", "content"])
        precondition(defect == nil, "fields are taken that are no JSON")
        _ = try? fields.string("content")
        _ = try? fields.integer("type")
    } catch {
        precondition(error == defect ?? .notObject, "fields and reader differ")
    }
}

private func checkBase64(_ text: Span<UInt8>) {
    for isURL in [false, true] {
        var encoded = ByteBuffer()
        var decoded = ByteBuffer()
        if isURL { encoded.append(base64URL: text) } else { encoded.append(base64: text) }
        let isRead =
            isURL
            ? decoded.append(decodingBase64URL: encoded.span)
            : decoded.append(decodingBase64: encoded.span)
        precondition(isRead && areEqual(decoded.span, text), "Base64 does not come back")

        encoded.removeAll()
        decoded.removeAll()
        let isText =
            isURL
            ? decoded.append(decodingBase64URL: text) : decoded.append(decodingBase64: text)
        guard isText else { continue }
        if isURL {
            encoded.append(base64URL: decoded.span)
        } else {
            encoded.append(base64: decoded.span)
        }
        precondition(areEqual(encoded.span, text), "a second Base64 text of the same bytes")
    }
}

private func areEqual(_ first: Span<UInt8>, _ second: Span<UInt8>) -> Bool {
    guard first.count == second.count else { return false }
    for index in first.indices where first[index] != second[index] { return false }
    return true
}
