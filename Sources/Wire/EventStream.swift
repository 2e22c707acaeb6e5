// Server-sent events, the writing side (WHATWG HTML, section 9.2.5 "Parsing an event stream", read
// from its other end). One event is a few fields and an empty line:
//
//     id: 7f3a:12
//     event: note
//     data: first line
//     data: second line
//                             <- the empty line sends it
//
// Nothing that is passed in can forge a field: data is cut into lines at CR, LF and CRLF, each of
// which gets its own `data:`, and CR, LF and NUL are left out of ids and names. Text is UTF-8
// already and is not checked again. Line breaks in data all reach the reader as LF.

package import Base

extension ByteBuffer {
    /// Appends one event. An empty `id` or `name` leaves that field out; empty data is sent as an
    /// event with empty data.
    package mutating func append(
        eventData data: Span<UInt8>, id: Span<UInt8>, name: StaticString = ""
    ) {
        append(eventField: "id: ", single: id)
        append(eventField: "event: ", single: name.utf8Span)
        append(eventField: "data: ", lines: data)
        append(UInt8(ascii: "\n"))
    }

    /// Appends one event; see above.
    package mutating func append(
        eventData data: Span<UInt8>, id: String = "", name: StaticString = ""
    ) {
        append(eventData: data, id: id.utf8.span, name: name)
    }

    /// Appends a comment, which readers ignore: an empty one keeps an idle stream alive.
    package mutating func append(eventComment text: String = "") {
        append(eventField: ": ", lines: text.utf8.span)
        append(UInt8(ascii: "\n"))
    }

    /// Appends how long a reader should wait before it connects again. Negative counts as 0.
    package mutating func append(eventRetryMilliseconds milliseconds: Int) {
        append("retry: " as StaticString)
        append(decimal: max(milliseconds, 0))
        append("\n\n" as StaticString)
    }

    private mutating func append(eventField field: StaticString, single value: Span<UInt8>) {
        if value.isEmpty { return }
        append(field)
        for index in value.indices where !EventStream.isBreak(value[index]) && value[index] != 0 {
            append(value[index])
        }
        append(UInt8(ascii: "\n"))
    }

    private mutating func append(eventField field: StaticString, lines text: Span<UInt8>) {
        var start = 0
        while true {
            var end = start
            while end < text.count, !EventStream.isBreak(text[end]) { end += 1 }
            append(field)
            append(text.extracting(start..<end))
            append(UInt8(ascii: "\n"))
            guard end < text.count else { return }
            let isPair = text[end] == 0x0D && end + 1 < text.count && text[end + 1] == 0x0A
            start = end + (isPair ? 2 : 1)
        }
    }
}

enum EventStream {
    @inline(__always)
    static func isBreak(_ byte: UInt8) -> Bool { byte == 0x0A || byte == 0x0D }
}
