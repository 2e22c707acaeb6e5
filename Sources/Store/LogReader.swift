// Reading the log back: every record from an LSN on, in order, and where the log ends. One segment
// is in memory at a time (16 MiB as a rule, 128 MiB at most).
//
// What is not valid is judged by the rule in Format.swift: it is damage when anything further on
// proves that it had been on disk, else the end of the log. Nothing is changed here; the log trims
// the tail when it opens behind the end.

import Base

/// Where a log ends, and what its next start has to know.
package struct LogEnd: Sendable {
    /// What was cut off behind the end: a write that had not come to its end.
    package struct Cut: Sendable, Equatable {
        package let file: String
        package let offset: Int
        /// Up to the last byte there that is not zero.
        package let bytes: Int
    }

    package var lastLSN: LSN = 0
    /// So many of the last records are there, and nothing proves that they are on disk: a process
    /// may have ended after a sync that failed, and the kernel shows what it never wrote.
    package var unproven: UInt64 = 0
    /// The log does not store marks: whoever replays the records sets the highest one here.
    package var lastMark: UInt64 = 0
    /// Segments with the records up to `lastLSN`, oldest first, as far as they were read.
    package var segments: [SegmentPlace] = []
    /// Where the last of them ends.
    package var tailOffset = 0
    package var nextNumber: UInt64 = 1
    /// Segments that hold nothing, or only what was cut off.
    package var obsolete: [UInt64] = []
    package var cut: Cut?
    /// Records that were handed on, and their bytes.
    package var records = 0
    package var bytes = 0

    /// The end of a log that has not begun.
    package init() {}
}

package enum LogReader {
    /// Hands every record from `lsn` on to `body`, in order. Every record up to `durable` is known
    /// to have been on disk (a snapshot holds it): a log that ends before it is damaged.
    package static func read(
        directory: DataDirectory, files: any FileSystem, from lsn: LSN, durable: LSN = 0,
        _ body: (LSN, UInt8, Span<UInt8>) throws(StoreFailure) -> Void
    ) throws(StoreFailure) -> LogEnd {
        let first = max(lsn, 1)
        let chain = try LogChain(directory, files, from: first)
        var reading = LogReading(
            directory: directory, files: files, chain: chain, from: first, durable: durable)
        try reading.run(body)
        return reading.end
    }
}

private struct LogReading: ~Copyable {
    let directory: DataDirectory
    let files: any FileSystem
    let chain: LogChain
    let from: LSN
    /// Known to have been on disk.
    let known: LSN
    var end = LogEnd()
    /// The greatest durable LSN that a header or a mark states.
    private var durable: LSN = 0
    private var bytes = ByteBuffer()

    init(
        directory: DataDirectory, files: any FileSystem, chain: LogChain, from: LSN, durable: LSN
    ) {
        self.directory = directory
        self.files = files
        self.chain = chain
        self.from = from
        known = durable
    }

    mutating func run(
        _ body: (LSN, UInt8, Span<UInt8>) throws(StoreFailure) -> Void
    ) throws(StoreFailure) {
        end.nextNumber = chain.nextNumber
        end.obsolete = chain.unused
        for index in chain.segments.indices {
            let isWhole = try readSegment(index, body)
            if isWhole { continue }
            for later in chain.segments[(index + 1)...] { end.obsolete.append(later.number) }
            break
        }
        if end.lastLSN < max(known, from &- 1) {
            let last = end.segments.last?.number ?? chain.nextNumber &- 1
            throw .damaged(
                file: directory.segment(max(last, 1)), offset: end.tailOffset,
                lsn: end.lastLSN &+ 1, what: "records that had been on disk are missing")
        }
        // What comes before `from` is in a snapshot.
        let proven = max(durable, known, from &- 1)
        if end.lastLSN > proven { end.unproven = end.lastLSN - proven }
    }

    /// True when the segment holds all up to where its successor begins.
    private mutating func readSegment(
        _ index: Int, _ body: (LSN, UInt8, Span<UInt8>) throws(StoreFailure) -> Void
    ) throws(StoreFailure) -> Bool {
        let header = chain.segments[index]
        let isLast = index == chain.segments.count - 1
        let fence = isLast ? LSN.max : chain.segments[index + 1].firstLSN &- 1
        try load(header.number)
        if fence < header.firstLSN {
            note(header, endsAt: Format.segmentHeaderBytes, header.firstLSN)
            return true
        }
        let run = try Self.scan(bytes.span, directory.salt, header.firstLSN...fence, from, body)
        end.records &+= run.records
        end.bytes &+= run.bytes
        durable = max(durable, header.durable, run.durable)
        note(header, endsAt: run.offset, run.next)
        guard let problem = run.problem else { return true }
        try judge(index, run.offset, run.next, problem)
        return false
    }

    private struct Run {
        var offset = Format.segmentHeaderBytes
        var next: LSN
        /// The greatest durable LSN of its marks.
        var durable: LSN = 0
        var records = 0
        var bytes = 0
        /// Why the record at `offset` is not number `next`; nil at the fence.
        var problem: StaticString?
    }

    /// Goes over the records of a segment until they end, or its successor begins.
    private static func scan(
        _ bytes: Span<UInt8>, _ salt: UInt32, _ lsns: ClosedRange<LSN>, _ from: LSN,
        _ body: (LSN, UInt8, Span<UInt8>) throws(StoreFailure) -> Void
    ) throws(StoreFailure) -> Run {
        var run = Run(next: lsns.lowerBound)
        while run.next <= lsns.upperBound {
            let record: Frame.Header
            switch Frame.judge(bytes, at: run.offset, salt: salt) {
            case .valid(let header): record = header
            case .invalid(let reason):
                run.problem = reason
                return run
            }
            if record.lsn != run.next {
                run.problem = "a record has the wrong LSN"
                return run
            }
            let end = run.offset &+ record.length
            if record.kind == Format.markKind {
                guard let durable = Frame.durable(bytes, at: run.offset, record) else {
                    run.problem = "a mark states what cannot be"
                    return run
                }
                run.durable = max(run.durable, durable)
            } else {
                if run.next >= from {
                    let start = run.offset &+ Format.recordHeaderBytes
                    try body(run.next, record.kind, bytes.extracting(start..<end))
                    run.records &+= 1
                    run.bytes &+= record.length
                }
                run.next &+= 1
            }
            run.offset = end
        }
        return run
    }

    /// Puts the segment where the log's end is now; one without records only when there is no
    /// other.
    private mutating func note(_ header: SegmentHeader, endsAt offset: Int, _ next: LSN) {
        end.lastLSN = next &- 1
        if next == header.firstLSN, !end.segments.isEmpty {
            end.obsolete.append(header.number)
            return
        }
        end.segments.append(SegmentPlace(number: header.number, firstLSN: header.firstLSN))
        end.tailOffset = offset
    }

    /// Record `lsn` is not valid: throws when it had been on disk, else says what is cut off.
    private mutating func judge(
        _ index: Int, _ offset: Int, _ lsn: LSN, _ problem: StaticString
    ) throws(StoreFailure) {
        let header = chain.segments[index]
        let path = directory.segment(header.number)
        var durable = max(
            known, Frame.greatestMark(bytes.span, from: offset, salt: directory.salt))
        var isClean = true
        let length = bytes.span.nonzeroEnd
        if length > offset { isClean = false }
        for later in chain.segments[(index + 1)...] {
            isClean = false
            try load(later.number)
            durable = max(durable, later.durable)
            durable = max(
                durable,
                Frame.greatestMark(
                    bytes.span, from: Format.segmentHeaderBytes, salt: directory.salt))
        }
        for number in chain.unused {
            try load(number)
            if bytes.span.isZero(from: 0) { continue }
            isClean = false
            if Frame.greatestMark(bytes.span, from: 0, salt: directory.salt) >= lsn {
                throw .damaged(
                    file: directory.segment(number), offset: 0, lsn: lsn,
                    what: "its header is wrong")
            }
        }
        if durable >= lsn {
            throw .damaged(file: path, offset: offset, lsn: lsn, what: "\(problem)")
        }
        if isClean { return }
        end.cut = LogEnd.Cut(file: path, offset: offset, bytes: max(0, length - offset))
    }

    private mutating func load(_ number: UInt64) throws(StoreFailure) {
        let path = directory.segment(number)
        let most = Format.segmentBytesLimit
        try LogFile.read(path, files, upTo: most + 1, into: &bytes)
        guard bytes.count <= most else {
            throw .foreign(file: path, offset: most, what: "it is longer than any segment")
        }
    }
}
