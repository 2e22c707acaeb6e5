// Reads the fields of a record. Bytes that are too few do not trap: the reader turns bad, gives
// zeros from there on, and whoever reads asks `isGood` at the end.

import Base

package struct RecordReader: ~Escapable {
    private let source: Span<UInt8>
    private var at = 0
    private(set) var isGood = true

    @_lifetime(copy bytes)
    package init(_ bytes: Span<UInt8>) { source = bytes }

    mutating func integer<T: FixedWidthInteger & BitwiseCopyable>() -> T {
        let size = MemoryLayout<T>.size
        guard isGood, source.count - at >= size else {
            isGood = false
            return 0
        }
        defer { at += size }
        return source.integer(T.self, at: at)
    }

    /// Where the next field begins.
    var place: Int { at }
    /// Bytes that were not read yet.
    var left: Int { source.count - at }

    mutating func fail() { isGood = false }

    /// A length and that many bytes.
    @_lifetime(copy self)
    mutating func bytes() -> Span<UInt8> {
        raw(Int(integer() as UInt32))
    }

    /// So many bytes.
    @_lifetime(copy self)
    mutating func raw(_ length: Int) -> Span<UInt8> {
        guard isGood, source.count - at >= length else {
            isGood = false
            return source.extracting(0..<0)
        }
        defer { at += length }
        return source.extracting(at..<at + length)
    }

    mutating func text() -> String {
        let span = bytes()
        guard let text = try? UTF8Span(validating: span) else {
            isGood = false
            return ""
        }
        return String(copying: text)
    }
}

extension ByteBuffer {
    /// A length and the text's UTF-8.
    mutating func append(recordText text: String) {
        append(littleEndian: UInt32(text.utf8.count))
        append(text)
    }
}
