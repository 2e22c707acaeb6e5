// From a string's token to its characters, when somebody wants them: into a buffer, as a String,
// or only compared. A string without escapes is copied in one piece.
//
//     a \n b c \u00e9      pieces:  run "a" · scalar U+000A · run "bc" · scalar U+00E9
//
// `text` is always the text that the token was read from.

package import Base

/// Walks a token's bytes as runs that stand for themselves and decoded escapes between them.
struct JSONPieces: ~Copyable, ~Escapable {
    enum Piece {
        case run(Range<Int>)
        case scalar(Unicode.Scalar)
        case end
    }

    let raw: Span<UInt8>
    private var offset = 0

    @_lifetime(copy text)
    init(_ token: JSONString, of text: Span<UInt8>) {
        raw = text.extracting(token.range)
    }

    mutating func next() -> Piece {
        guard offset < raw.count else { return .end }
        if raw[offset] == UInt8(ascii: "\\") {
            guard case .scalar(let scalar, let length) = JSONEscape(at: offset, of: raw) else {
                // The reader lets no such token out; a token used with another text ends here.
                offset = raw.count
                return .end
            }
            offset += length
            return .scalar(scalar)
        }
        let start = offset
        while offset < raw.count, raw[offset] != UInt8(ascii: "\\") { offset &+= 1 }
        return .run(start..<offset)
    }
}

extension JSONString {
    /// How many bytes of UTF-8 the string is, unescaped.
    package func unescapedLength(in text: Span<UInt8>) -> Int {
        if !hasEscapes { return range.count }
        var pieces = JSONPieces(self, of: text)
        var length = 0
        while true {
            switch pieces.next() {
            case .run(let range): length += range.count
            case .scalar(let scalar): length += scalar.utf8.count
            case .end: return length
            }
        }
    }

    /// Whether the string, unescaped, is these bytes.
    package func equals(_ bytes: Span<UInt8>, in text: Span<UInt8>) -> Bool {
        var pieces = JSONPieces(self, of: text)
        var matched = 0
        while true {
            switch pieces.next() {
            case .run(let range):
                guard bytes.count - matched >= range.count else { return false }
                for index in range {
                    guard pieces.raw[index] == bytes[matched] else { return false }
                    matched &+= 1
                }
            case .scalar(let scalar):
                for byte in scalar.utf8 {
                    guard matched < bytes.count, bytes[matched] == byte else { return false }
                    matched &+= 1
                }
            case .end:
                return matched == bytes.count
            }
        }
    }

    package func equals(_ name: StaticString, in text: Span<UInt8>) -> Bool {
        equals(name.utf8Span, in: text)
    }
}

extension ByteBuffer {
    /// Appends the string that `token` names in `text`, unescaped, as UTF-8.
    package mutating func append(unescaped token: JSONString, of text: Span<UInt8>) {
        if !token.hasEscapes {
            append(text.extracting(token.range))
            return
        }
        reserve(token.range.count)
        var pieces = JSONPieces(token, of: text)
        while true {
            switch pieces.next() {
            case .run(let range): append(pieces.raw.extracting(range))
            case .scalar(let scalar): for byte in scalar.utf8 { append(byte) }
            case .end: return
            }
        }
    }
}

extension String {
    /// The string that `token` names in `text`, unescaped.
    package init(_ token: JSONString, of text: Span<UInt8>) {
        if !token.hasEscapes {
            self.init(json: text.extracting(token.range))
            return
        }
        var buffer = ByteBuffer(capacity: token.range.count)
        buffer.append(unescaped: token, of: text)
        self.init(json: buffer.span)
    }

    private init(json bytes: Span<UInt8>) {
        self = unsafe bytes.withUnsafeBufferPointer { unsafe String(decoding: $0, as: UTF8.self) }
    }

    /// The number as it is written.
    fileprivate init(_ token: JSONNumber, of text: Span<UInt8>) {
        self.init(json: text.extracting(token.range))
    }
}

extension Double {
    /// The nearest Double; infinite where the number is larger than any.
    package init(_ token: JSONNumber, of text: Span<UInt8>) {
        self = Double(String(token, of: text)) ?? .nan
    }
}
