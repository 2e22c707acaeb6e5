// Writes JSON (RFC 8259) straight into a byte buffer: no tree, no String in between, no allocation
// but the buffer's growth. The writer minds the commas; the caller minds that what is begun is
// ended and that a key comes before each value of an object.
//
//     writer.beginObject()                {
//     writer.key("id"); .number(7)        {"id":7
//     writer.key("to"); .string(name)     {"id":7,"to":"li"
//     writer.endObject()                  {"id":7,"to":"li"}
//
// Invariant: `needsComma` is true exactly when the last thing written was a whole value.
// Escaped are `"`, `\` and the control characters below U+0020; all other UTF-8 passes as it is,
// U+2028 and U+2029 too. Bytes given as text must be UTF-8 already: they are not checked again.

public import Base

@usableFromInline
package struct JSONWriter: ~Copyable {
    @usableFromInline var buffer: ByteBuffer
    @usableFromInline var needsComma = false

    /// Goes on behind what the buffer holds; no comma is written before the first value.
    @inlinable
    package init(_ buffer: consuming ByteBuffer) { self.buffer = buffer }

    /// The buffer, with what has been written.
    @inlinable
    package consuming func finish() -> ByteBuffer { buffer }

    /// Bytes in the buffer, those before the first value included.
    @inlinable package var count: Int { buffer.count }

    @inlinable
    mutating func separate() {
        if needsComma { buffer.append(UInt8(ascii: ",")) }
        needsComma = true
    }

    @inlinable
    package mutating func beginObject() {
        separate()
        buffer.append(UInt8(ascii: "{"))
        needsComma = false
    }

    @inlinable
    package mutating func endObject() {
        buffer.append(UInt8(ascii: "}"))
        needsComma = true
    }

    @inlinable
    package mutating func beginArray() {
        separate()
        buffer.append(UInt8(ascii: "["))
        needsComma = false
    }

    @inlinable
    package mutating func endArray() {
        buffer.append(UInt8(ascii: "]"))
        needsComma = true
    }

    /// A member's name, written as it is: it must hold nothing that needs an escape.
    @inlinable
    package mutating func key(_ name: StaticString) {
        separate()
        buffer.append(UInt8(ascii: "\""))
        buffer.append(name)
        buffer.append(UInt8(ascii: "\""))
        buffer.append(UInt8(ascii: ":"))
        needsComma = false
    }

    /// A member's name that is known only at run time, escaped.
    @inlinable
    package mutating func key(text name: String) {
        separate()
        buffer.append(jsonString: name)
        buffer.append(UInt8(ascii: ":"))
        needsComma = false
    }

    @inlinable
    package mutating func string(_ text: String) {
        separate()
        buffer.append(jsonString: text)
    }

    /// A text of our own that needs no escape, such as a status or a code.
    @inlinable
    package mutating func word(_ text: StaticString) {
        separate()
        buffer.append(UInt8(ascii: "\""))
        buffer.append(text)
        buffer.append(UInt8(ascii: "\""))
    }

    /// `text` is UTF-8.
    @inlinable
    package mutating func string(_ text: Span<UInt8>) {
        separate()
        buffer.append(jsonString: text)
    }

    @inlinable
    package mutating func number(_ value: some BinaryInteger) {
        separate()
        buffer.append(decimal: value)
    }

    @inlinable
    package mutating func bool(_ value: Bool) {
        separate()
        buffer.append(value ? "true" as StaticString : "false" as StaticString)
    }

    @inlinable
    package mutating func null() {
        separate()
        buffer.append("null" as StaticString)
    }

    /// One whole value that is JSON already.
    @inlinable
    package mutating func raw(_ json: Span<UInt8>) {
        separate()
        buffer.append(json)
    }
}

extension ByteBuffer {
    /// Appends what `body` writes: for a buffer that stays where it is, such as a field.
    @inlinable
    package mutating func append(json body: (inout JSONWriter) -> Void) {
        var writer = JSONWriter(consume self)
        body(&writer)
        self = writer.finish()
    }

    /// Appends `text`, which is UTF-8, as a JSON string with its quotes.
    @usableFromInline
    package mutating func append(jsonString text: Span<UInt8>) {
        reserve(text.count &+ 2)
        append(UInt8(ascii: "\""))
        var start = 0
        while true {
            let end = JSONText.firstEscaped(in: text, from: start)
            append(text.extracting(start..<end))
            guard end < text.count else { break }
            append(jsonEscapeOf: text[end])
            start = end &+ 1
        }
        append(UInt8(ascii: "\""))
    }

    @inlinable
    package mutating func append(jsonString text: String) {
        append(jsonString: text.utf8.span)
    }

    private mutating func append(jsonEscapeOf byte: UInt8) {
        append(UInt8(ascii: "\\"))
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"): append(byte)
        case UInt8(ascii: "\n"): append(UInt8(ascii: "n"))
        case UInt8(ascii: "\r"): append(UInt8(ascii: "r"))
        case UInt8(ascii: "\t"): append(UInt8(ascii: "t"))
        case 0x08: append(UInt8(ascii: "b"))
        case 0x0C: append(UInt8(ascii: "f"))
        default:
            append("u00" as StaticString)
            append(UInt8(ascii: "0") &+ byte >> 4)
            let low = byte & 15
            append(low < 10 ? UInt8(ascii: "0") &+ low : UInt8(ascii: "A") &+ (low &- 10))
        }
    }
}
