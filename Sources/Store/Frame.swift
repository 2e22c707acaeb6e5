// One record as bytes, both ways: written around a payload in place, and judged when it is read.
//
//     │ length 4 │ CRC 4 │ LSN 8 │ kind 1 │ payload … │       (Format.swift says what each means)
//
// Reading never traps: every length comes from the disk and is checked before it is used.

import Base

enum Frame {
    /// A record that is whole and undamaged.
    struct Header: Equatable {
        /// Of the whole record.
        let length: Int
        let lsn: LSN
        let kind: UInt8
    }

    enum Judgement {
        case valid(Header)
        case invalid(StaticString)
    }

    /// Leaves space for the length and the checksum; the payload is to be appended next.
    @inline(__always)
    static func begin(_ buffer: inout ByteBuffer, lsn: LSN, kind: UInt8) {
        buffer.append(littleEndian: UInt64(0))
        buffer.append(littleEndian: lsn)
        buffer.append(kind)
    }

    /// Closes the record that was begun at `start` and whose payload reaches to the buffer's end.
    @inline(__always)
    static func finish(_ buffer: inout ByteBuffer, start: Int, salt: UInt32) {
        let end = buffer.count
        finish(&buffer, start..<end, salt: salt)
    }

    static func finish(_ buffer: inout ByteBuffer, _ range: Range<Int>, salt: UInt32) {
        let length = UInt32(truncatingIfNeeded: range.count)
        let sum = Checksum.crc32c(
            buffer.span(range.lowerBound + 8..<range.upperBound), from: length ^ salt)
        buffer.set(littleEndian: UInt64(length) | UInt64(sum) << 32, at: range.lowerBound)
    }

    /// Appends what `source` holds from `start` on.
    static func copy(
        _ source: borrowing ByteBuffer, from start: Int, to target: inout ByteBuffer
    ) {
        target.append(source.span(start..<source.count))
    }

    /// Writes a mark over the first `Format.markBytes` bytes of `buffer`.
    static func setMark(_ buffer: inout ByteBuffer, lsn: LSN, durable: LSN, salt: UInt32) {
        buffer.set(littleEndian: lsn, at: 8)
        buffer.set(littleEndian: Format.markKind, at: 16)
        buffer.set(littleEndian: durable, at: Format.recordHeaderBytes)
        finish(&buffer, 0..<Format.markBytes, salt: salt)
    }

    /// What stands at `offset`.
    @inline(__always)
    static func judge(_ bytes: Span<UInt8>, at offset: Int, salt: UInt32) -> Judgement {
        let left = bytes.count &- offset
        guard left >= Format.recordHeaderBytes else { return .invalid("the file ends in a record") }
        let stored = bytes.littleEndian(UInt32.self, at: offset)
        let length = Int(stored)
        guard length >= Format.recordHeaderBytes, length <= Format.recordBytesMax else {
            return .invalid("the length of a record is out of bounds")
        }
        guard length <= left else { return .invalid("a record reaches past the end of the file") }
        let body = bytes.extracting(offset &+ 8..<offset &+ length)
        guard
            Checksum.crc32c(body, from: stored ^ salt)
                == bytes.littleEndian(UInt32.self, at: offset &+ 4)
        else { return .invalid("the checksum of a record is wrong") }
        return .valid(
            Header(
                length: length, lsn: bytes.littleEndian(UInt64.self, at: offset &+ 8),
                kind: bytes[offset &+ 16]))
    }

    /// The greatest durable LSN that any mark at or behind `offset` states; 0 without one. Marks
    /// are looked for at every byte, because where records begin is not known behind a damaged
    /// one.
    static func greatestMark(_ bytes: Span<UInt8>, from offset: Int, salt: UInt32) -> LSN {
        var greatest: LSN = 0
        var place = offset
        while place &+ Format.markBytes <= bytes.count {
            if bytes[place] == UInt8(Format.markBytes), let durable = mark(bytes, at: place, salt) {
                greatest = max(greatest, durable)
                place &+= Format.markBytes
            } else {
                place &+= 1
            }
        }
        return greatest
    }

    private static func mark(_ bytes: Span<UInt8>, at place: Int, _ salt: UInt32) -> LSN? {
        guard bytes.littleEndian(UInt32.self, at: place) == UInt32(Format.markBytes),
            case .valid(let header) = judge(bytes, at: place, salt: salt)
        else { return nil }
        return durable(bytes, at: place, header)
    }

    /// What the mark at `offset` states; nil when the record is none, or states what cannot be.
    static func durable(_ bytes: Span<UInt8>, at offset: Int, _ header: Header) -> LSN? {
        guard header.kind == Format.markKind, header.length == Format.markBytes else { return nil }
        let durable = bytes.littleEndian(UInt64.self, at: offset &+ Format.recordHeaderBytes)
        return durable < header.lsn ? durable : nil
    }
}

extension Span<UInt8> {
    /// The number at `offset`; outside of the span it traps, so offsets are checked before.
    @inline(__always)
    func littleEndian<T: FixedWidthInteger & BitwiseCopyable>(_: T.Type, at offset: Int) -> T {
        T(littleEndian: unsafe bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: T.self))
    }

    /// Whether every byte from `offset` on is zero.
    func isZero(from offset: Int) -> Bool {
        var place = offset
        while place &+ 8 <= count {
            if littleEndian(UInt64.self, at: place) != 0 { return false }
            place &+= 8
        }
        while place < count {
            if self[place] != 0 { return false }
            place &+= 1
        }
        return true
    }

    /// How many bytes there are up to the last one that is not zero.
    var nonzeroEnd: Int {
        var end = count
        while end >= 8, littleEndian(UInt64.self, at: end &- 8) == 0 { end &-= 8 }
        while end > 0, self[end &- 1] == 0 { end &-= 1 }
        return end
    }
}
