// The file of a snapshot: LZ4 frames one behind the other (LZ4 Frame Format 1.6.1), so that
// `lz4 -d` reads it; what is ours stands in skippable frames, which it passes over. Format.swift
// has all offsets in prose.
//
//     │ head │ part 0 │ frame 0 │ part 1 │ frame 1 │ … │ end │

import Base

/// The first bytes of a snapshot.
struct SnapshotHead: Equatable {
    static let magic: UInt32 = 0x184D_2A50
    static let bytes = 60

    var number: UInt64
    var createdAt: Int64

    func append(to buffer: inout ByteBuffer, _ directory: DataDirectory) {
        let start = buffer.count
        buffer.append(littleEndian: Self.magic)
        buffer.append(littleEndian: UInt32(Self.bytes - 8))
        buffer.append(Format.snapshotMagic)
        buffer.append(littleEndian: Format.version)
        let identifier = directory.identifier
        buffer.append(identifier.span)
        buffer.append(littleEndian: number)
        buffer.append(littleEndian: createdAt)
        buffer.append(littleEndian: UInt32(0))
        buffer.append(
            littleEndian: Checksum.crc32c(buffer.span(start + 8..<start + Self.bytes - 4)))
    }

    enum Reading {
        case good(SnapshotHead)
        case broken(StaticString)
        case foreign(offset: Int, what: String)
        case future(version: UInt32)
    }

    static func read(_ bytes: Span<UInt8>, of directory: DataDirectory) -> Reading {
        guard bytes.count >= Self.bytes else { return .broken("it is shorter than its head") }
        guard bytes.littleEndian(UInt32.self, at: 0) == magic,
            bytes.extracting(8...).begins(with: Format.snapshotMagic)
        else {
            if bytes.isZero(from: 0) { return .broken("it is empty") }
            return .foreign(offset: 0, what: "it is no snapshot")
        }
        let version = bytes.littleEndian(UInt32.self, at: 16)
        if version > Format.version { return .future(version: version) }
        guard
            bytes.littleEndian(UInt32.self, at: 56) == Checksum.crc32c(bytes.extracting(8..<56))
        else { return .broken("the checksum of its head is wrong") }
        for index in 0..<Format.identifierBytes
        where bytes[20 + index] != directory.identifier[index] {
            return .foreign(offset: 20, what: "it has the id of another directory")
        }
        return .good(
            SnapshotHead(
                number: bytes.littleEndian(UInt64.self, at: 36),
                createdAt: bytes.littleEndian(Int64.self, at: 44)))
    }
}

/// What stands before each frame.
struct SnapshotPart: Equatable {
    static let magic: UInt32 = 0x184D_2A51
    static let bytes = 44
    private static let lastFlag: UInt32 = 1

    var number: UInt32
    var stripe: UInt32
    /// As of when the stripe was copied.
    var lsn: LSN
    var isLastOfStripe: Bool
    /// Of the content.
    var contentBytes: UInt32
    var frameBytes: UInt32
    /// CRC-32C of the frame.
    var frameSum: UInt32

    func append(to buffer: inout ByteBuffer, salt: UInt32) {
        let start = buffer.count
        buffer.append(littleEndian: Self.magic)
        buffer.append(littleEndian: UInt32(Self.bytes - 8))
        buffer.append(littleEndian: number)
        buffer.append(littleEndian: stripe)
        buffer.append(littleEndian: lsn)
        buffer.append(littleEndian: isLastOfStripe ? Self.lastFlag : 0)
        buffer.append(littleEndian: contentBytes)
        buffer.append(littleEndian: frameBytes)
        buffer.append(littleEndian: frameSum)
        buffer.append(
            littleEndian: Checksum.crc32c(
                buffer.span(start + 8..<start + Self.bytes - 4), from: salt))
    }

    /// Nil when the bytes are none.
    static func read(_ bytes: Span<UInt8>, salt: UInt32) -> SnapshotPart? {
        guard bytes.count >= Self.bytes, bytes.littleEndian(UInt32.self, at: 0) == magic,
            bytes.littleEndian(UInt32.self, at: 40)
                == Checksum.crc32c(bytes.extracting(8..<40), from: salt)
        else { return nil }
        return SnapshotPart(
            number: bytes.littleEndian(UInt32.self, at: 8),
            stripe: bytes.littleEndian(UInt32.self, at: 12),
            lsn: bytes.littleEndian(UInt64.self, at: 16),
            isLastOfStripe: bytes.littleEndian(UInt32.self, at: 24) & lastFlag != 0,
            contentBytes: bytes.littleEndian(UInt32.self, at: 28),
            frameBytes: bytes.littleEndian(UInt32.self, at: 32),
            frameSum: bytes.littleEndian(UInt32.self, at: 36))
    }
}

/// What stands behind the last frame; without it a snapshot is none.
struct SnapshotEnd: Equatable {
    static let magic: UInt32 = 0x184D_2A52
    static let bytes = 40

    var parts: UInt32
    /// The oldest and the newest moment at which a stripe was copied.
    var lowest: LSN
    var highest: LSN
    /// Of all parts' headers.
    var sum: UInt32

    func append(to buffer: inout ByteBuffer, salt: UInt32) {
        let start = buffer.count
        buffer.append(littleEndian: Self.magic)
        buffer.append(littleEndian: UInt32(Self.bytes - 8))
        buffer.append(littleEndian: parts)
        buffer.append(littleEndian: sum)
        buffer.append(littleEndian: lowest)
        buffer.append(littleEndian: highest)
        buffer.append(littleEndian: UInt32(0))
        buffer.append(
            littleEndian: Checksum.crc32c(
                buffer.span(start + 8..<start + Self.bytes - 4), from: salt))
    }

    static func read(_ bytes: Span<UInt8>, salt: UInt32) -> SnapshotEnd? {
        guard bytes.count >= Self.bytes, bytes.littleEndian(UInt32.self, at: 0) == magic,
            bytes.littleEndian(UInt32.self, at: 36)
                == Checksum.crc32c(bytes.extracting(8..<36), from: salt)
        else { return nil }
        return SnapshotEnd(
            parts: bytes.littleEndian(UInt32.self, at: 8),
            lowest: bytes.littleEndian(UInt64.self, at: 16),
            highest: bytes.littleEndian(UInt64.self, at: 24),
            sum: bytes.littleEndian(UInt32.self, at: 12))
    }
}

/// A snapshot that is whole.
package struct SnapshotSummary: Sendable, Equatable {
    package let number: UInt64
    /// Milliseconds since 1970.
    package let createdAt: Int64
    package let bytes: Int
    /// The log from `lowest + 1` on brings it up to date.
    package let lowest: LSN
    package let highest: LSN
}
