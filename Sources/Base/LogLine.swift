// One line of the log, built byte by byte.
//
//     text   2026-11-23T06:20:26.123Z INFO  listening address=0.0.0.0 note="two words"
//     json   {"time":"2026-11-23T06:20:26.123Z","level":"info","message":"listening","port":8080}
//
// Whatever a client got into a value, a line stays one line: control characters (C0, DEL,
// C1) and Unicode's line separators are written as `\u000a`, so nobody can forge a second line or
// send escape sequences to a terminal. Lengths are bounded: a text past `textBytesMax` is cut
// at a character and ends in `…`; a field that would take the line past `bytesMax` is left out, and
// `omitted=2` says how many were.

/// What can stand as a field's value in a log line.
package protocol LogValue {
    func write(to line: inout LogLine)
}

package struct LogLine: ~Copyable {
    /// The longest line, newline included.
    package static var bytesMax: Int { 16_384 }
    /// The most of a message's or a value's own bytes; escaped, each may become six.
    package static var textBytesMax: Int { 2_048 }
    /// Kept free for the end: `omitted`, the brace, the newline.
    private static var tail: Int { 48 }

    private let format: LogFormat
    package private(set) var bytes: ByteBuffer
    private var omitted = 0

    package init(
        _ level: LogLevel, _ message: String, at unixMilliseconds: Int64, format: LogFormat
    ) {
        self.format = format
        bytes = ByteBuffer(capacity: 240)
        switch format {
        case .text:
            bytes.append(rfc3339: unixMilliseconds)
            bytes.append(UInt8(ascii: " "))
            bytes.append(level.column)
            bytes.append(UInt8(ascii: " "))
            escape(message, inQuotes: false)
        case .json:
            bytes.append("{\"time\":\"")
            bytes.append(rfc3339: unixMilliseconds)
            bytes.append("\",\"level\":\"")
            bytes.append(level.rawValue)
            bytes.append("\",\"message\":\"")
            escape(message, inQuotes: true)
            bytes.append(UInt8(ascii: "\""))
        }
    }

    /// Appends ` key=value` or `,"key":value`.
    package mutating func append(_ key: StaticString, _ value: some LogValue) {
        let before = bytes.count
        switch format {
        case .text:
            bytes.append(UInt8(ascii: " "))
            bytes.append(key)
            bytes.append(UInt8(ascii: "="))
        case .json:
            bytes.append(",\"")
            bytes.append(key)
            bytes.append("\":")
        }
        value.write(to: &self)
        if bytes.count > Self.bytesMax - Self.tail {
            bytes.truncate(to: before)
            omitted += 1
        }
    }

    /// Ends the line with its newline and gives its bytes.
    package consuming func finish() -> ByteBuffer {
        if omitted > 0 {
            bytes.append(format == .text ? " omitted=" : ",\"omitted\":")
            bytes.append(decimal: omitted)
        }
        bytes.append(format == .text ? "\n" : "}\n")
        return bytes
    }

    // MARK: What values write

    package mutating func write(number: some BinaryInteger) {
        bytes.append(decimal: number)
    }

    /// A word that needs no quotes in either format: `true`, `-1.5`.
    package mutating func write(word: String) {
        bytes.append(word)
    }

    package mutating func write(text: String) {
        let quoted = format == .json || !Self.isPlain(text)
        if quoted { bytes.append(UInt8(ascii: "\"")) }
        escape(text, inQuotes: quoted)
        if quoted { bytes.append(UInt8(ascii: "\"")) }
    }

    // MARK: Escaping

    /// Whether a value reads back as one word without quotes.
    private static func isPlain(_ text: String) -> Bool {
        guard !text.isEmpty else { return false }
        return text.utf8.allSatisfy { byte in
            byte > 0x20 && byte != 0x7F && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "=")
        }
    }

    private mutating func escape(_ text: String, inQuotes: Bool) {
        var left = Self.textBytesMax
        for scalar in text.unicodeScalars {
            left -= scalar.utf8.count
            if left < 0 {
                bytes.append("…")
                return
            }
            switch scalar.value {
            case 0x22 where inQuotes:
                bytes.append("\\\"")
            case 0x5C where inQuotes:
                bytes.append("\\\\")
            case 0...0x1F, 0x7F...0x9F, 0x2028, 0x2029:
                appendEscape(scalar.value)
            case 0x20...0x7E:
                bytes.append(UInt8(truncatingIfNeeded: scalar.value))
            default:
                for byte in scalar.utf8 { bytes.append(byte) }
            }
        }
    }

    /// `\u` and four hexadecimal digits.
    private mutating func appendEscape(_ value: UInt32) {
        bytes.append("\\u")
        for shift in [UInt32(12), 8, 4, 0] {
            let digit = UInt8(truncatingIfNeeded: value >> shift) & 15
            bytes.append(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10)
        }
    }
}

// MARK: Values

extension String: LogValue {
    package func write(to line: inout LogLine) { line.write(text: self) }
}

extension Substring: LogValue {
    package func write(to line: inout LogLine) { line.write(text: String(self)) }
}

extension Bool: LogValue {
    package func write(to line: inout LogLine) { line.write(word: self ? "true" : "false") }
}

extension Double: LogValue {
    /// Infinity and not-a-number, which JSON does not have, are written as text.
    package func write(to line: inout LogLine) {
        if isFinite { line.write(word: description) } else { line.write(text: description) }
    }
}

extension SystemError: LogValue {
    package func write(to line: inout LogLine) { line.write(text: description) }
}

extension LogValue where Self: BinaryInteger {
    package func write(to line: inout LogLine) { line.write(number: self) }
}

extension Int: LogValue {}
extension Int32: LogValue {}
extension Int64: LogValue {}
extension UInt8: LogValue {}
extension UInt16: LogValue {}
extension UInt32: LogValue {}
extension UInt64: LogValue {}
