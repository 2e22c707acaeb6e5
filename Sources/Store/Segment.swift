// One file of the log: its header as bytes, and the file while the log writes into it.
//
//     prepared (zeros, full length) ──► active (header written, then records) ──► retired
//
// A Segment is made on the log's thread and handed over under the log's lock. From then on
// `position` and `isActive` belong to whoever has the writer's role (LogWriter.swift).

import Base

struct SegmentHeader: Equatable {
    var number: UInt64
    /// 0: nothing comes before the first LSN.
    var predecessor: UInt64
    var firstLSN: LSN
    /// Everything up to here was on disk when the header was written.
    var durable: LSN

    /// The header's 64 bytes.
    func bytes(of directory: DataDirectory) -> ByteBuffer {
        var bytes = ByteBuffer(capacity: Format.segmentHeaderBytes)
        bytes.append(Format.segmentMagic)
        bytes.append(littleEndian: Format.version)
        let identifier = directory.identifier
        bytes.append(identifier.span)
        bytes.append(littleEndian: number)
        bytes.append(littleEndian: predecessor)
        bytes.append(littleEndian: firstLSN)
        bytes.append(littleEndian: durable)
        let sum = Checksum.crc32c(bytes.span)
        bytes.append(littleEndian: sum)
        return bytes
    }

    enum Reading {
        case good(SegmentHeader)
        /// Zeros: the segment was prepared and never used.
        case unused
        /// Begun like a header, but not one: torn or damaged, which its surroundings decide.
        case broken
        case foreign(offset: Int, what: String)
        case future(version: UInt32)
    }

    static func read(_ bytes: Span<UInt8>, of directory: DataDirectory) -> Reading {
        if bytes.isZero(from: 0) { return bytes.isEmpty ? .broken : .unused }
        let magic = Format.segmentMagic
        for index in 0..<min(8, bytes.count) where bytes[index] != magic.byte(index) {
            // A torn header is a beginning of the right one with zeros behind it.
            if bytes.isZero(from: index) { return .broken }
            return .foreign(offset: 0, what: "it is no segment of a log")
        }
        guard bytes.count >= Format.segmentHeaderBytes else { return .broken }
        let version = bytes.littleEndian(UInt32.self, at: 8)
        if version > Format.version { return .future(version: version) }
        guard bytes.littleEndian(UInt32.self, at: 60) == Checksum.crc32c(bytes.extracting(..<60))
        else { return .broken }
        for index in 0..<Format.identifierBytes
        where bytes[12 + index] != directory.identifier[index] {
            return .foreign(offset: 12, what: "it has the id of another directory")
        }
        return .good(
            SegmentHeader(
                number: bytes.littleEndian(UInt64.self, at: 28),
                predecessor: bytes.littleEndian(UInt64.self, at: 36),
                firstLSN: bytes.littleEndian(UInt64.self, at: 44),
                durable: bytes.littleEndian(UInt64.self, at: 52)))
    }
}

/// Where a segment stands in the log.
package struct SegmentPlace: Equatable, Sendable {
    package let number: UInt64
    package let firstLSN: LSN
}

final class Segment: @unchecked Sendable {
    let number: UInt64
    let file: any File
    /// Length of the file.
    let size: Int
    /// Where the next write goes.
    var position = 0
    /// The header is written.
    var isActive: Bool { position > 0 }

    private init(number: UInt64, file: any File, size: Int) {
        self.number = number
        self.file = file
        self.size = size
    }

    /// Bytes for records: without the header and the mark that closing writes.
    var capacity: Int { size - Format.segmentHeaderBytes - Format.markBytes }

    /// Writes what the segment is to begin with; it counts with the header only.
    func writeBehindHeader(_ records: borrowing ByteBuffer) throws(SystemError) {
        precondition(!isActive && records.count <= capacity, "records that come first, and fit")
        if records.isEmpty { return }
        try file.write(records.span, at: Format.segmentHeaderBytes)
    }

    /// - Parameter records: bytes that `writeBehindHeader` wrote.
    func writeHeader(
        _ header: SegmentHeader, _ directory: DataDirectory, records: Int = 0
    ) throws(SystemError) {
        precondition(!isActive && header.number == number, "a segment has one header")
        let bytes = header.bytes(of: directory)
        try file.write(bytes.span, at: 0)
        position = Format.segmentHeaderBytes + records
    }

    /// Writes what is in `buffer` from `start` on.
    func write(_ buffer: borrowing ByteBuffer, from start: Int) throws(SystemError) {
        let bytes = buffer.span(start..<buffer.count)
        precondition(bytes.count <= size - position, "a write past the end of a segment")
        try file.write(bytes, at: position)
        position += bytes.count
    }

    /// Makes the file: its space is allocated and its name durable when this returns.
    static func prepare(
        number: UInt64, size: Int, _ directory: DataDirectory, _ files: any FileSystem
    ) throws(SystemError) -> Segment {
        let path = directory.segment(number)
        let new = path + Format.newSuffix
        let file = try files.open(new, .create)
        do throws(SystemError) {
            try file.allocate(size)
            try file.synchronize()
            try files.rename(new, to: path)
            try files.synchronizeDirectory(directory.path)
        } catch {
            // Gives the space back; where this fails too, the next start removes the file.
            for name in [new, path] {
                do throws(SystemError) { try files.remove(name) } catch { continue }
            }
            throw error
        }
        return Segment(number: number, file: file, size: size)
    }
}
