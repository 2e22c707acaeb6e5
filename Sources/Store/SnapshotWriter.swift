// Writes a snapshot while the server serves: stripe after stripe is copied under its lock, which
// takes as long as counting references, and written from the copy.
//
//     copy stripe 0 ─► items ─► LZ4 frames ─► NAME.new │ copy stripe 1 … │ log durable ─► end ─►
//     sync ─► rename ─► sync the directory
//
// Nothing in it counts before the rename, and that comes only when every record that the copies
// hold is on disk by the log: a snapshot never knows more than the log.

package import Base

/// Between two pieces of work: says whether to go on, and may pause. The last piece took
/// `nanoseconds`.
package typealias SnapshotPacing = (_ nanoseconds: UInt64) -> Bool

package enum SnapshotFailure: Error, Equatable, Sendable {
    case system(SystemError)
    /// The log cannot be brought to disk now.
    case logUnavailable
    /// The pacing said no.
    case stopped
}

package struct SnapshotWriter {
    /// Synced together, so that the disk is never asked for much at once.
    private static let syncBytes = 4 << 20

    let directory: DataDirectory
    let files: any FileSystem
    let tables: Tables
    let log: Log

    package init(
        directory: DataDirectory, files: any FileSystem, tables: Tables, log: Log
    ) {
        self.directory = directory
        self.files = files
        self.tables = tables
        self.log = log
    }

    /// Writes snapshot `number`, which must be higher than any before. What has failed leaves
    /// nothing behind. `deadline` (of the monotonic clock) ends the wait for the log.
    package func write(
        _ number: UInt64, at time: Int64, by deadline: UInt64 = .max,
        _ pacing: @escaping SnapshotPacing
    ) throws(SnapshotFailure) -> SnapshotSummary {
        let name = directory.snapshot(number)
        do throws(SnapshotFailure) {
            return try write(
                SnapshotHead(number: number, createdAt: time), name + Format.newSuffix, name,
                deadline, pacing)
        } catch {
            // Where this fails too, the next start removes it.
            do throws(SystemError) { try files.remove(name + Format.newSuffix) } catch {}
            throw error
        }
    }

    private func write(
        _ head: SnapshotHead, _ temporary: String, _ name: String, _ deadline: UInt64,
        _ pacing: @escaping SnapshotPacing
    ) throws(SnapshotFailure) -> SnapshotSummary {
        let file: any File
        do throws(SystemError) { file = try files.open(temporary, .create) } catch {
            throw .system(error)
        }
        var output = SnapshotOutput(file, salt: directory.salt, pacing)
        output.begin(head, directory)
        for index in 0..<StripeSet.count {
            let image = tables.image(of: index) { log.appended }
            try output.append(image, tables.names)
        }
        let (lowest, highest) = (output.lowest, output.highest)
        guard log.makeDurable(highest, by: deadline) else { throw .logUnavailable }
        let bytes = try output.finish()
        do throws(SystemError) {
            try file.synchronize()
            try files.rename(temporary, to: name)
            try files.synchronizeDirectory(directory.path)
        } catch { throw .system(error) }
        return SnapshotSummary(
            number: head.number, createdAt: head.createdAt, bytes: bytes, lowest: lowest,
            highest: highest)
    }

    private struct SnapshotOutput: ~Copyable {
        private let file: any File
        private let salt: UInt32
        private let pacing: SnapshotPacing
        private var content = ByteBuffer(capacity: Format.partBytes * 5 / 4)
        private var pending = ByteBuffer(capacity: SnapshotWriter.syncBytes / 2)
        private var frame = ByteBuffer(capacity: Format.partBytes)
        private var position = 0
        private var unsynced = 0
        private var parts: UInt32 = 0
        private var sum: UInt32 = 0
        /// When the piece of work began.
        private var since = Clock.monotonicNanoseconds()
        private(set) var lowest = LSN.max
        private(set) var highest: LSN = 0

        init(_ file: any File, salt: UInt32, _ pacing: @escaping SnapshotPacing) {
            self.file = file
            self.salt = salt
            self.pacing = pacing
        }

        mutating func begin(_ head: SnapshotHead, _ directory: DataDirectory) {
            head.append(to: &pending, directory)
        }

        mutating func append(
            _ image: StripeImage, _ names: NameTable
        ) throws(SnapshotFailure) {
            lowest = min(lowest, image.lsn)
            highest = max(highest, image.lsn)
            var items = ByteBuffer()
            swap(&items, &content)
            items.removeAll()
            var failure: SnapshotFailure?
            do throws(SnapshotFailure) {
                try image.encode(names: names, into: &items) { items throws(SnapshotFailure) in
                    if items.count >= Format.partBytes {
                        try put(items, image, isLast: false)
                        items.removeAll(keepingAtMost: Format.partBytes * 5 / 4)
                    }
                }
                try put(items, image, isLast: true)
            } catch { failure = error }
            swap(&items, &content)
            if let failure { throw failure }
        }

        private mutating func put(
            _ items: borrowing ByteBuffer, _ image: StripeImage, isLast: Bool
        ) throws(SnapshotFailure) {
            frame.removeAll()
            LZ4.packFrame(items.span, to: &frame)
            let part = SnapshotPart(
                number: parts, stripe: UInt32(image.index), lsn: image.lsn, isLastOfStripe: isLast,
                contentBytes: UInt32(truncatingIfNeeded: items.count),
                frameBytes: UInt32(truncatingIfNeeded: frame.count),
                frameSum: Checksum.crc32c(frame.span))
            let start = pending.count
            part.append(to: &pending, salt: salt)
            let end = pending.count
            sum = Checksum.crc32c(pending.span(start..<end), from: sum)
            Frame.copy(frame, from: 0, to: &pending)
            parts += 1
            if pending.count >= SnapshotWriter.syncBytes / 4 { try flush() }
            let worked = Clock.monotonicNanoseconds() &- since
            guard pacing(worked) else { throw .stopped }
            since = Clock.monotonicNanoseconds()
        }

        private mutating func flush() throws(SnapshotFailure) {
            let bytes = pending.count
            do throws(SystemError) {
                try file.write(pending.span, at: position)
                position += bytes
                unsynced += bytes
                if unsynced >= SnapshotWriter.syncBytes {
                    unsynced = 0
                    try file.synchronize()
                }
            } catch { throw .system(error) }
            pending.removeAll()
        }

        /// The length of the file.
        mutating func finish() throws(SnapshotFailure) -> Int {
            SnapshotEnd(parts: parts, lowest: lowest, highest: highest, sum: sum)
                .append(to: &pending, salt: salt)
            try flush()
            return position
        }
    }
}
