// Reads a snapshot: everything about it is checked before a row of it counts, and each part before
// it is unpacked. Several threads share the stripes, because most of the time goes into unpacking.
//
// Limits: 1 GiB of content a part. What is wrong is said with file and offset.

import Base
import Synchronization

package struct SnapshotReader {
    let directory: DataDirectory
    let files: any FileSystem
    let number: UInt64
    private let path: String
    private let file: any File
    private let size: Int
    private let head: SnapshotHead
    private let end: SnapshotEnd
    private let parts: [(part: SnapshotPart, offset: Int)]

    package var summary: SnapshotSummary {
        SnapshotSummary(
            number: number, createdAt: head.createdAt, bytes: size, lowest: end.lowest,
            highest: end.highest)
    }

    /// Bytes that unpacking comes to.
    package var contentBytes: Int { parts.reduce(0) { $0 + Int($1.part.contentBytes) } }

    private init(
        _ number: UInt64, _ directory: DataDirectory, _ files: any FileSystem, _ file: any File,
        size: Int, _ head: SnapshotHead, _ end: SnapshotEnd,
        _ parts: [(part: SnapshotPart, offset: Int)]
    ) {
        self.directory = directory
        self.files = files
        self.number = number
        path = directory.snapshot(number)
        self.file = file
        self.size = size
        self.head = head
        self.end = end
        self.parts = parts
    }

    /// Opens snapshot `number` and checks all but the frames.
    package static func open(
        _ number: UInt64, _ directory: DataDirectory, _ files: any FileSystem
    ) throws(StoreFailure) -> SnapshotReader {
        let path = directory.snapshot(number)
        let file: any File
        let size: Int
        do throws(SystemError) {
            file = try files.open(path, .read)
            size = try file.size()
        } catch { throw .system(error) }
        let head = try readHead(file, path, directory)
        guard head.number == number else {
            throw .damaged(
                file: path, offset: 36, lsn: 0, what: "it is snapshot \(head.number)")
        }
        let end = try readEnd(file, path, size, directory)
        let parts = try readParts(file, path, directory.salt, end, size - SnapshotEnd.bytes)
        return SnapshotReader(number, directory, files, file, size: size, head, end, parts)
    }

    private static func readHead(
        _ file: any File, _ path: String, _ directory: DataDirectory
    ) throws(StoreFailure) -> SnapshotHead {
        let bytes = try read(file, SnapshotHead.bytes, at: 0)
        switch SnapshotHead.read(bytes.span, of: directory) {
        case .good(let head): return head
        case .broken(let what):
            throw .damaged(file: path, offset: 0, lsn: 0, what: "\(what)")
        case .foreign(let offset, let what):
            throw .foreign(file: path, offset: offset, what: what)
        case .future(let version):
            throw .futureVersion(file: path, offset: 16, version: version)
        }
    }

    private static func readEnd(
        _ file: any File, _ path: String, _ size: Int, _ directory: DataDirectory
    ) throws(StoreFailure) -> SnapshotEnd {
        let at = size - SnapshotEnd.bytes
        if at >= SnapshotHead.bytes {
            let bytes = try read(file, SnapshotEnd.bytes, at: at)
            if let end = SnapshotEnd.read(bytes.span, salt: directory.salt) { return end }
        }
        throw .damaged(file: path, offset: max(0, at), lsn: 0, what: "its end is not there")
    }

    private static func read(
        _ file: any File, _ count: Int, at offset: Int
    ) throws(StoreFailure) -> ByteBuffer {
        var bytes = ByteBuffer(capacity: count)
        do throws(SystemError) { try file.read(count, at: offset, into: &bytes) } catch {
            throw .system(error)
        }
        return bytes
    }

    private static func readParts(
        _ file: any File, _ path: String, _ salt: UInt32, _ end: SnapshotEnd, _ endAt: Int
    ) throws(StoreFailure) -> [(part: SnapshotPart, offset: Int)] {
        var parts: [(part: SnapshotPart, offset: Int)] = []
        var at = SnapshotHead.bytes
        var sum: UInt32 = 0
        var stripe: UInt32 = 0
        while at < endAt {
            let bytes = try read(file, SnapshotPart.bytes, at: at)
            guard let part = SnapshotPart.read(bytes.span, salt: salt) else {
                throw .damaged(file: path, offset: at, lsn: 0, what: "a part's header is wrong")
            }
            let next = at + SnapshotPart.bytes + Int(part.frameBytes)
            guard part.number == UInt32(parts.count), part.stripe == stripe, next <= endAt,
                part.contentBytes <= Format.partBytesLimit, part.lsn >= end.lowest,
                part.lsn <= end.highest
            else {
                throw .damaged(
                    file: path, offset: at, lsn: part.lsn, what: "a part is not where it belongs")
            }
            sum = Checksum.crc32c(bytes.span, from: sum)
            parts.append((part, at + SnapshotPart.bytes))
            if part.isLastOfStripe { stripe += 1 }
            at = next
        }
        guard parts.count == Int(end.parts), stripe == UInt32(StripeSet.count), sum == end.sum
        else {
            throw .damaged(file: path, offset: endAt, lsn: 0, what: "a part of it is missing")
        }
        return parts
    }

    /// Reads all rows into `tables`, which must be empty; they are of no use when this throws.
    /// `progress` is told of bytes of content, from several threads.
    package func load(
        into tables: Tables, threads: Int, progress: @escaping @Sendable (Int) -> Void
    ) throws(StoreFailure) {
        let first = Mutex<StoreFailure?>(nil)
        let work = LoadWork(reader: self, tables: tables, progress: progress)
        if threads <= 1 {
            first.withLock { $0 = work.run(share: 0, of: 1) }
        } else {
            let results = SharedFailures()
            let running = (0..<threads).map { share in
                Thread(name: "load-\(share)") {
                    results.add(work.run(share: share, of: threads))
                }
            }
            for thread in running { thread.join() }
            first.withLock { $0 = results.first }
        }
        if let failure = first.withLock({ $0 }) { throw failure }
    }

    /// Several threads' failures.
    private final class SharedFailures: Sendable {
        private let found = Mutex<[StoreFailure]>([])
        func add(_ failure: StoreFailure?) {
            if let failure { found.withLock { $0.append(failure) } }
        }
        var first: StoreFailure? { found.withLock { $0.first } }
    }

    /// The parts as a thread goes through them.
    private struct LoadWork: Sendable {
        let reader: SnapshotReader
        let tables: Tables
        let progress: @Sendable (Int) -> Void

        func run(share: Int, of shares: Int) -> StoreFailure? {
            do throws(StoreFailure) {
                try load(share, shares)
                return nil
            } catch { return error }
        }

        private func load(_ share: Int, _ shares: Int) throws(StoreFailure) {
            let frames = LZ4FrameReader()
            var frame = ByteBuffer()
            var content = ByteBuffer()
            var loading = SnapshotLoading(tables, stripe: share)
            for (part, offset) in reader.parts where Int(part.stripe) % shares == share {
                if loading.index != Int(part.stripe) {
                    loading = SnapshotLoading(tables, stripe: Int(part.stripe))
                }
                try reader.unpack(part, at: offset, frames, &frame, &content)
                guard loading.read(content.span),
                    !part.isLastOfStripe || loading.finish(lsn: part.lsn)
                else {
                    throw .damaged(
                        file: reader.path, offset: offset, lsn: part.lsn,
                        what: "a part holds what this server does not write")
                }
                progress(content.count)
            }
        }
    }

    fileprivate func unpack(
        _ part: SnapshotPart, at offset: Int, _ frames: LZ4FrameReader,
        _ frame: inout ByteBuffer, _ content: inout ByteBuffer
    ) throws(StoreFailure) {
        frame.removeAll()
        do throws(SystemError) {
            try file.read(Int(part.frameBytes), at: offset, into: &frame)
        } catch { throw .system(error) }
        guard frame.count == Int(part.frameBytes), Checksum.crc32c(frame.span) == part.frameSum
        else {
            throw .damaged(
                file: path, offset: offset, lsn: part.lsn, what: "the checksum of a frame is wrong")
        }
        guard frames.unpack(frame.span, count: Int(part.contentBytes), into: &content) else {
            throw .damaged(
                file: path, offset: offset, lsn: part.lsn, what: "a frame cannot be unpacked")
        }
    }
}
