// From what was read to a log that can be written: the tail is trimmed and synced, a new segment
// stands behind it, and only then goes what has become superfluous.
//
// The order makes every step repeatable: until the new segment's header is on disk, the next start
// finds what this one found.

import Base

struct LogOpening {
    let directory: DataDirectory
    let files: any FileSystem
    let end: LogEnd

    func open() throws(SystemError) -> Segment {
        try removeUnfinished()
        if let last = end.segments.last {
            let tail = try files.open(directory.segment(last.number), .change)
            try tail.truncate(to: end.tailOffset)
            try tail.synchronize()
        }
        let size = Format.segmentBytes(free: try files.freeBytes(in: directory.path))
        let segment = try Segment.prepare(
            number: end.nextNumber, size: size, directory, files)
        let header = SegmentHeader(
            number: end.nextNumber, predecessor: end.segments.last?.number ?? 0,
            firstLSN: end.lastLSN + 1, durable: end.lastLSN)
        try segment.writeHeader(header, directory)
        try segment.file.synchronize()
        try directory.establish(files)
        for number in end.obsolete { try files.remove(directory.segment(number)) }
        return segment
    }

    /// Removes files that a crash left before they had their name.
    private func removeUnfinished() throws(SystemError) {
        for name in try files.names(in: directory.path)
        where name.hasSuffix(Format.segmentSuffix + Format.newSuffix) {
            try files.remove(directory.file(name))
        }
    }
}
