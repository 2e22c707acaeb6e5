// What the JSON reader hands out: places in the text, never copies of it.
//
//     {"content":"a\nb","id":7}
//      │~~~~~~~│  │~~│      │
//      key        string    number        offset and length in bytes, of one text
//
// A token is good for the text that it was read from and for no other; with another text its
// meaning is lost, though never memory safety (every use is checked against the span's bounds).
// Texts are at most 2 GiB, so that offsets fit in 32 bits.

/// Where a string stands between its quotes, escapes still in it. Well-formed: every escape
/// decodes.
@usableFromInline
package struct JSONString: BitwiseCopyable, Sendable, Equatable {
    let offset: UInt32
    let length: UInt32
    /// When false, the bytes in `range` are the string.
    package let hasEscapes: Bool

    init(_ start: Int, _ end: Int, hasEscapes: Bool) {
        offset = UInt32(truncatingIfNeeded: start)
        length = UInt32(truncatingIfNeeded: end &- start)
        self.hasEscapes = hasEscapes
    }

    /// The bytes between the quotes.
    package var range: Range<Int> { Int(offset)..<(Int(offset) + Int(length)) }
    package var isEmpty: Bool { length == 0 }
}

/// Where a number stands, and its value when it is an integer.
@usableFromInline
package struct JSONNumber: BitwiseCopyable, Sendable, Equatable {
    let offset: UInt32
    let length: UInt32
    /// The value, when it is written without fraction and exponent and fits. `42.0` and `4e1` are
    /// not integers here: whoever means a whole number writes one, and an id or a count that has
    /// been through floating point somewhere may already be another one.
    package let integer: Int64?

    init(_ start: Int, _ end: Int, integer: Int64?) {
        offset = UInt32(truncatingIfNeeded: start)
        length = UInt32(truncatingIfNeeded: end &- start)
        self.integer = integer
    }

    package var range: Range<Int> { Int(offset)..<(Int(offset) + Int(length)) }
}

/// Where an object or an array stands, brackets included. The text in `range` is valid JSON.
@usableFromInline
package struct JSONRange: BitwiseCopyable, Sendable, Equatable {
    let offset: UInt32
    let length: UInt32

    init(_ start: Int, _ end: Int) {
        offset = UInt32(truncatingIfNeeded: start)
        length = UInt32(truncatingIfNeeded: end &- start)
    }

    package var range: Range<Int> { Int(offset)..<(Int(offset) + Int(length)) }
}

/// One step of `JSONReader.next()`.
package enum JSONEvent: Sendable, Equatable {
    case beginObject, endObject, beginArray, endArray
    case key(JSONString)
    case string(JSONString)
    case number(JSONNumber)
    case bool(Bool)
    case null
    /// The text's one value is complete and nothing but white space follows.
    case end
    /// Not JSON; every later step says the same.
    case invalid(JSONDefect)
}

/// A whole value, as `JSONReader.value()` gives it: what is inside of a container has been
/// validated and passed over.
package enum JSONValue: Sendable, Equatable {
    case null
    case bool(Bool)
    case number(JSONNumber)
    case string(JSONString)
    case object(JSONRange)
    case array(JSONRange)
    /// There is no value: the container, or the text, ends here.
    case end
    case invalid(JSONDefect)
}

/// Why a text is not JSON (RFC 8259), or not JSON that is read here.
package enum JSONDefect: UInt8, Error, Sendable {
    case unexpectedEnd
    case unexpectedByte
    case malformedNumber
    case malformedEscape
    case malformedUTF8
    case controlCharacter
    case loneSurrogate
    case trailingBytes
    /// Well-formed, but an object was asked for.
    case notObject
    /// Nested deeper than `JSONReader.depthMax`.
    case tooDeep
    /// Longer than 2 GiB.
    case tooLong
}
