// A log under test: opens it on a disk, appends records whose content follows from a number, keeps
// account of what was released, and reads everything back.

import Base
import Dispatch
import SimulatedDisk
import Store
import Synchronization

/// What `release` has handed out.
final class Ledger: Sendable {
    struct Entry: Equatable {
        let first: LSN
        let last: LSN
    }
    private let entries = Mutex<[Entry]>([])
    private let inside = Atomic<Int>(0)
    let overlaps = Atomic<Int>(0)
    private let arrival = DispatchSemaphore(value: 0)
    let onRelease: @Sendable (Batch) -> Void

    init(_ onRelease: @escaping @Sendable (Batch) -> Void = { _ in }) {
        self.onRelease = onRelease
    }

    func release(_ batch: Batch) {
        if inside.add(1, ordering: .acquiringAndReleasing).newValue != 1 {
            overlaps.add(1, ordering: .relaxed)
        }
        onRelease(batch)
        entries.withLock { $0.append(Entry(first: batch.firstLSN, last: batch.lastLSN)) }
        inside.subtract(1, ordering: .acquiringAndReleasing)
        arrival.signal()
    }

    var all: [Entry] { entries.withLock { $0 } }
    var last: LSN { entries.withLock { $0.last?.last ?? 0 } }

    /// Returns when everything up to `lsn` was released.
    func wait(for lsn: LSN) {
        while last < lsn { arrival.wait() }
    }
}

struct ReadBack {
    var end = LogEnd()
    var records: [LSN: [UInt8]] = [:]
}

enum LogBench {
    static let path = "/data"

    static func payload(_ seed: UInt64, _ size: Int) -> [UInt8] {
        var random = SeededRandom(seed: seed)
        return (0..<size).map { _ in UInt8(truncatingIfNeeded: random.next()) }
    }

    static func bytes(_ buffer: borrowing ByteBuffer) -> [UInt8] {
        var bytes: [UInt8] = []
        let span = buffer.span
        for index in span.indices { bytes.append(span[index]) }
        return bytes
    }

    static func read(
        _ files: any FileSystem, path: String = path, from lsn: LSN = 1
    ) throws(StoreFailure) -> ReadBack {
        // A log of the same test may not have been let go yet.
        if let disk = files as? MemoryDisk { disk.with { $0.locks = [] } }
        let directory = try DataDirectory(path: path, files: files)
        return try read(directory, files, from: lsn)
    }

    static func read(
        _ directory: DataDirectory, _ files: any FileSystem, from lsn: LSN = 1
    ) throws(StoreFailure) -> ReadBack {
        var result = ReadBack()
        var records: [LSN: [UInt8]] = [:]
        result.end = try LogReader.read(directory: directory, files: files, from: lsn) {
            lsn, kind, payload throws(StoreFailure) in
            var bytes: [UInt8] = [kind]
            for index in payload.indices { bytes.append(payload[index]) }
            records[lsn] = bytes
        }
        result.records = records
        return result
    }

    static func open(
        _ files: any FileSystem, path: String = path, policy: FsyncPolicy, _ ledger: Ledger
    ) throws(StoreFailure) -> (Log, ReadBack) {
        if let disk = files as? MemoryDisk { disk.with { $0.locks = [] } }
        let directory = try DataDirectory(path: path, files: files)
        let read = try read(directory, files)
        let log = try Log(
            directory: directory, files: files, policy: policy, end: read.end,
            release: { ledger.release($0) })
        return (log, read)
    }

    @discardableResult
    static func append(_ log: Log, _ payload: [UInt8], kind: UInt8 = 7) throws(StoreFailure) -> LSN
    {
        try log.admit(bytes: payload.count)
        return log.append(kind: kind, admitted: payload.count) { lsn, bytes, effects, mark in
            bytes.append(payload.span)
            effects.append(littleEndian: lsn)
            mark = lsn * 10
        }
    }
}

extension MemoryDisk {
    /// The segments, by name.
    var segments: [String] { with { $0.names.keys.filter { $0.hasSuffix(".log") }.sorted() } }
    func bytes(_ name: String) -> [UInt8] { with { $0.names[name]?.bytes ?? [] } }
    func set(_ name: String, _ bytes: [UInt8]?) { with { $0.names[name] = bytes.map { Node($0) } } }
}
