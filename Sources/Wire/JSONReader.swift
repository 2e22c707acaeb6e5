// A strict pull reader for one JSON text (RFC 8259): each step yields the next bracket, key or
// scalar, validated, as offsets into the text. It allocates nothing and copies nothing.
//
//      ┌─ firstKey ──► key : value ─┐            ┌─ } ─┐
//   {──┤                            ├─ separator ┤     ├─► separator of the container around
//      └────────────── } ───────────┘    │       └─ ] ─┘
//                     ▲   ,              │
//                     └──────────────────┘      (arrays the same, without keys)
//
// Invariant: `depth` counts the open containers, at most 64, and bit 0 of `objects` says whether
// the innermost is an object, bit 1 what is around it, and so on. Nothing is valid before `.end`
// has come: a reader that stops earlier has validated what it saw only.
// Decisions: a byte order mark is refused; keys may repeat (whoever collects takes the last one);
// `\u0000` is a character like any other; lone surrogates are an error.

package struct JSONReader: ~Copyable, ~Escapable {
    /// Containers within containers. Bounded by the bits of `objects`.
    package static let depthMax = 64
    private static let lengthMax = Int(Int32.max)

    private enum State { case value, firstElement, firstKey, separator }

    let text: Span<UInt8>
    /// The next byte to be read, or the offending one after `.invalid`.
    package internal(set) var position = 0
    private var state = State.value
    package private(set) var depth = 0
    private var objects: UInt64 = 0
    private var defect: JSONDefect?

    @_lifetime(copy text)
    package init(_ text: Span<UInt8>) {
        self.text = text
        defect = text.count > JSONReader.lengthMax ? .tooLong : nil
    }

    /// The next step of the text. After `.end` and `.invalid` it stays there.
    package mutating func next() -> JSONEvent {
        if let defect { return .invalid(defect) }
        skipWhiteSpace()
        switch state {
        case .value:
            return nextValue()
        case .firstElement:
            return peek() == UInt8(ascii: "]") ? close(.endArray) : nextValue()
        case .firstKey:
            return peek() == UInt8(ascii: "}") ? close(.endObject) : nextKey()
        case .separator:
            return nextAfterValue()
        }
    }

    /// The next value as a whole: after a key, or as the next element of an array (`.end` after
    /// the last one, which leaves the array), or as the whole text.
    package mutating func value() -> JSONValue {
        switch next() {
        case .string(let token): return .string(token)
        case .number(let token): return .number(token)
        case .bool(let value): return .bool(value)
        case .null: return .null
        case .beginObject: return skipContainer { .object($0) }
        case .beginArray: return skipContainer { .array($0) }
        case .endArray, .endObject, .end: return .end
        case .key: return .invalid(fail(.unexpectedByte))
        case .invalid(let defect): return .invalid(defect)
        }
    }

    private mutating func skipContainer(_ make: (JSONRange) -> JSONValue) -> JSONValue {
        let start = position - 1
        let outside = depth - 1
        while depth > outside {
            if case .invalid(let defect) = next() { return .invalid(defect) }
        }
        return make(JSONRange(start, position))
    }

    // MARK: The grammar, one function for each place in it.

    private mutating func nextValue() -> JSONEvent {
        let byte = peek()
        switch byte {
        case UInt8(ascii: "\""):
            state = .separator
            guard let token = scanString() else { return failed() }
            return .string(token)
        case UInt8(ascii: "{"):
            return open(isObject: true)
        case UInt8(ascii: "["):
            return open(isObject: false)
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
            state = .separator
            guard let token = scanNumber() else { return failed() }
            return .number(token)
        case UInt8(ascii: "t"):
            return literal("true", .bool(true))
        case UInt8(ascii: "f"):
            return literal("false", .bool(false))
        case UInt8(ascii: "n"):
            return literal("null", .null)
        default:
            return .invalid(fail(.unexpectedByte))
        }
    }

    private mutating func nextKey() -> JSONEvent {
        guard peek() == UInt8(ascii: "\"") else { return .invalid(fail(.unexpectedByte)) }
        guard let token = scanString() else { return failed() }
        skipWhiteSpace()
        guard peek() == UInt8(ascii: ":") else { return .invalid(fail(.unexpectedByte)) }
        position &+= 1
        state = .value
        return .key(token)
    }

    private mutating func nextAfterValue() -> JSONEvent {
        if depth == 0 {
            return position == text.count ? .end : .invalid(fail(.trailingBytes))
        }
        let isObject = objects & 1 == 1
        let byte = peek()
        if byte == UInt8(ascii: ",") {
            position &+= 1
            skipWhiteSpace()
            return isObject ? nextKey() : nextValue()
        }
        if isObject, byte == UInt8(ascii: "}") { return close(.endObject) }
        if !isObject, byte == UInt8(ascii: "]") { return close(.endArray) }
        return .invalid(fail(.unexpectedByte))
    }

    private mutating func open(isObject: Bool) -> JSONEvent {
        guard depth < JSONReader.depthMax else { return .invalid(fail(.tooDeep)) }
        position &+= 1
        depth &+= 1
        objects = objects << 1 | (isObject ? 1 : 0)
        state = isObject ? .firstKey : .firstElement
        return isObject ? .beginObject : .beginArray
    }

    private mutating func close(_ event: JSONEvent) -> JSONEvent {
        position &+= 1
        depth &-= 1
        objects >>= 1
        state = .separator
        return event
    }

    private mutating func literal(_ word: StaticString, _ event: JSONEvent) -> JSONEvent {
        let letters = word.utf8Span
        for index in letters.indices {
            guard peek() == letters[index] else { return .invalid(fail(.unexpectedByte)) }
            position &+= 1
        }
        state = .separator
        return event
    }

    // MARK: Bytes and defects.

    /// The byte at `position`; NUL, which stands nowhere in the grammar, at the end of the text.
    @inline(__always)
    func peek() -> UInt8 {
        position < text.count ? text[position] : 0
    }

    @inline(__always)
    private mutating func skipWhiteSpace() {
        while position < text.count {
            let byte = text[position]
            if byte > 0x20 { return }
            guard byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 else { return }
            position &+= 1
        }
    }

    /// Remembers the first defect. At the end of the text, what is missing is more of it.
    @discardableResult
    mutating func fail(_ found: JSONDefect) -> JSONDefect {
        if let defect { return defect }
        let kind = position >= text.count ? .unexpectedEnd : found
        defect = kind
        return kind
    }

    private func failed() -> JSONEvent { .invalid(defect ?? .unexpectedByte) }
}
