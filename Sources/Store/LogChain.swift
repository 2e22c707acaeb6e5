// Which files of the directory are the log: from the highest segment whose header is good back
// over its predecessors, as far as reading needs it.
//
//     000000000001.log ◄─ 000000000002.log ◄─ 000000000005.log     000000000006.log (prepared)
//
// Numbers may be skipped: what no successor names was superseded after a failure. Headers become
// durable one after the other (a segment is used only when its predecessor's header is on disk),
// so a named predecessor that is not there, or whose header is bad, is damage and never a torn
// tail.

import Base

struct LogChain {
    /// Oldest first; the first one holds the LSN asked for, unless that is past the end.
    var segments: [SegmentHeader] = []
    /// Numbers above the last good header: prepared, or torn before they counted.
    var unused: [UInt64] = []
    /// One more than any number in the directory.
    var nextNumber: UInt64 = 1

    /// The last segment whose header was neither good nor zeros.
    private var broken: UInt64?
    private let directory: DataDirectory
    private let files: any FileSystem

    init(_ directory: DataDirectory, _ files: any FileSystem, from lsn: LSN) throws(StoreFailure) {
        self.directory = directory
        self.files = files
        let numbers = try Self.numbers(directory, files)
        nextNumber = (numbers.last ?? 0) &+ 1
        guard directory.isEstablished else {
            try requireEmpty(numbers)
            unused = numbers
            return
        }
        guard let last = try findLast(numbers) else {
            // With an identity there was a header on disk.
            guard let number = broken ?? numbers.last else {
                throw .missing(file: directory.segment(1), lsn: lsn)
            }
            throw .damaged(
                file: directory.segment(number), offset: 0, lsn: lsn, what: "its header is wrong")
        }
        segments = [last]
        try follow(back: lsn, Set(numbers))
    }

    private static func numbers(
        _ directory: DataDirectory, _ files: any FileSystem
    ) throws(StoreFailure) -> [UInt64] {
        do throws(SystemError) {
            return try files.names(in: directory.path)
                .compactMap { Format.segmentNumber($0) }.sorted()
        } catch { throw .system(error) }
    }

    /// Before the directory has its identity there can be one segment without records: the first
    /// start ended between the two. Anything more belonged to an identity that is gone.
    private func requireEmpty(_ numbers: [UInt64]) throws(StoreFailure) {
        for number in numbers {
            let path = directory.segment(number)
            let bytes = try LogFile.read(path, files, upTo: Format.segmentBytesLimit)
            guard bytes.span.isZero(from: min(Format.segmentHeaderBytes, bytes.count)) else {
                throw .missing(file: directory.file(DataDirectory.identityName), lsn: 0)
            }
        }
    }

    private mutating func findLast(_ numbers: [UInt64]) throws(StoreFailure) -> SegmentHeader? {
        for number in numbers.reversed() {
            if let header = try header(number) { return header }
            unused.append(number)
        }
        return nil
    }

    /// The header of segment `number`; nil when it is unused or broken.
    private mutating func header(_ number: UInt64) throws(StoreFailure) -> SegmentHeader? {
        let path = directory.segment(number)
        let bytes = try LogFile.read(path, files, upTo: Format.segmentHeaderBytes)
        if bytes.count < Format.segmentHeaderBytes {
            throw .damaged(
                file: path, offset: bytes.count, lsn: 0, what: "it is shorter than its header")
        }
        switch SegmentHeader.read(bytes.span, of: directory) {
        case .good(let header):
            guard header.number == number else {
                throw .damaged(
                    file: path, offset: 28, lsn: header.firstLSN,
                    what: "it holds segment \(header.number)")
            }
            return header
        case .unused: return nil
        case .broken:
            broken = number
            return nil
        case .foreign(let offset, let what):
            throw .foreign(file: path, offset: offset, what: what)
        case .future(let version):
            throw .futureVersion(file: path, offset: 8, version: version)
        }
    }

    /// Prepends predecessors until the segment with `lsn` is there, and the one before where that
    /// begins exactly with `lsn` (its tail may be the log's end).
    private mutating func follow(back lsn: LSN, _ numbers: Set<UInt64>) throws(StoreFailure) {
        while let first = segments.first, first.firstLSN >= lsn {
            let isNeeded = first.firstLSN > lsn
            guard first.predecessor > 0 else {
                if !isNeeded { return }
                throw .missing(file: directory.segment(max(first.number, 2) - 1), lsn: lsn)
            }
            guard numbers.contains(first.predecessor) else {
                if !isNeeded { return }
                throw .missing(file: directory.segment(first.predecessor), lsn: lsn)
            }
            let path = directory.segment(first.predecessor)
            guard first.predecessor < first.number, let header = try header(first.predecessor)
            else {
                throw .damaged(file: path, offset: 0, lsn: lsn, what: "its header is wrong")
            }
            guard header.firstLSN > 0, header.firstLSN <= first.firstLSN else {
                throw .damaged(
                    file: path, offset: 44, lsn: header.firstLSN,
                    what: "it begins behind its successor")
            }
            segments.insert(header, at: 0)
        }
    }
}

/// Whole files for reading.
enum LogFile {
    static func read(
        _ path: String, _ files: any FileSystem, upTo most: Int
    ) throws(StoreFailure) -> ByteBuffer {
        var bytes = ByteBuffer()
        try read(path, files, upTo: most, into: &bytes)
        return bytes
    }

    /// Replaces what is in `bytes`.
    static func read(
        _ path: String, _ files: any FileSystem, upTo most: Int, into bytes: inout ByteBuffer
    ) throws(StoreFailure) {
        bytes.removeAll()
        do throws(SystemError) {
            let file = try files.open(path, .read)
            let size = min(try file.size(), most)
            bytes.reserve(size)
            try file.read(size, at: 0, into: &bytes)
        } catch { throw .system(error) }
    }
}
