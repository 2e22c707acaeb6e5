// The way back after a stop: the newest good snapshot, then the log.
//
//     snapshots, newest first ─► good? ─► load ─► log from its lowest LSN + 1 ─► tables
//                                │ no: noted, the one before it
//                                └ none: the log from LSN 1, if it still begins there
//
// Damage is never passed over in silence: what was not good is in `passedOver`, for the operator's
// eyes, also where the rest gives everything; and where it does not, recovery throws.

import Base

package struct Recovered {
    package let tables: Tables
    package let end: LogEnd
    /// What it began with; nil where the log alone was enough.
    package let snapshot: SnapshotSummary?
    /// All good snapshots, rising, the one above included. Older ones were not read to their end.
    package let snapshots: [SnapshotSummary]
    /// Snapshots that were not good, and why.
    package let passedOver: [StoreFailure]
    /// Of any snapshot, good or not.
    package let lastNumber: UInt64
}

/// How far a recovery has come, for whoever waits for it.
package enum RecoveryProgress: Sendable {
    /// Bytes of the snapshot's content.
    case snapshot(done: Int, of: Int)
    /// Records of the log that were applied.
    case log(records: Int, lsn: LSN)
}

package struct Recovery {
    let directory: DataDirectory
    let files: any FileSystem
    /// That unpack the snapshot.
    let threads: Int
    let progress: @Sendable (RecoveryProgress) -> Void

    /// Records between two reports of progress.
    private static let reportRecords = 1 << 14

    package init(
        _ directory: DataDirectory, _ files: any FileSystem, threads: Int = 1,
        progress: @escaping @Sendable (RecoveryProgress) -> Void = { _ in }
    ) {
        self.directory = directory
        self.files = files
        self.threads = threads
        self.progress = progress
    }

    /// Reads only.
    package func run() throws(StoreFailure) -> Recovered {
        let numbers = try Snapshots(directory, files).numbers()
        var passedOver: [StoreFailure] = []
        for (place, number) in numbers.enumerated().reversed() {
            let tables = Tables()
            let reader: SnapshotReader
            do throws(StoreFailure) {
                reader = try SnapshotReader.open(number, directory, files)
                try load(reader, into: tables)
            } catch {
                if case .futureVersion = error { throw error }
                passedOver.append(error)
                continue
            }
            let end = try replay(into: tables, from: reader.summary, passedOver)
            return Recovered(
                tables: tables, end: end, snapshot: reader.summary,
                snapshots: older(numbers[..<place]) + [reader.summary], passedOver: passedOver,
                lastNumber: numbers.last ?? 0)
        }
        let tables = Tables()
        let end = try replay(into: tables, from: nil, passedOver)
        return Recovered(
            tables: tables, end: end, snapshot: nil, snapshots: [], passedOver: passedOver,
            lastNumber: numbers.last ?? 0)
    }

    private func load(
        _ reader: SnapshotReader, into tables: Tables
    ) throws(StoreFailure) {
        let all = reader.contentBytes
        let done = Counter()
        let progress = progress
        try reader.load(into: tables, threads: threads) { bytes in
            let so = done.add(UInt64(bytes))
            progress(.snapshot(done: Int(so), of: all))
        }
    }

    /// Those that look good from outside.
    private func older(_ numbers: ArraySlice<UInt64>) -> [SnapshotSummary] {
        var found: [SnapshotSummary] = []
        for number in numbers {
            do throws(StoreFailure) {
                found.append(try SnapshotReader.open(number, directory, files).summary)
            } catch { continue }
        }
        return found
    }

    private func replay(
        into tables: Tables, from snapshot: SnapshotSummary?, _ passedOver: [StoreFailure]
    ) throws(StoreFailure) -> LogEnd {
        let from = (snapshot?.lowest ?? 0) + 1
        var records = 0
        var end: LogEnd
        do throws(StoreFailure) {
            end = try LogReader.read(
                directory: directory, files: files, from: from, durable: snapshot?.highest ?? 0
            ) { lsn, kind, payload throws(StoreFailure) in
                try Self.apply(lsn, kind, payload, to: tables)
                records += 1
                if records % Self.reportRecords == 0 {
                    progress(.log(records: records, lsn: lsn))
                }
            }
        } catch {
            // Where the log does not reach back far enough, the snapshot is what is wrong.
            if case .missing = error, let first = passedOver.first { throw first }
            throw error
        }
        end.lastMark = tables.lastRestoredMessage
        return end
    }

    /// One record, as it is in the log.
    static func apply(
        _ lsn: LSN, _ kind: UInt8, _ payload: Span<UInt8>, to tables: Tables
    ) throws(StoreFailure) {
        guard let kind = RecordKind(rawValue: kind),
            let stripes = LockedTables.stripes(kind, payload)
        else { throw .unreadable(lsn: lsn) }
        if kind == .messageSent { tables.restoreMessage(MessageSent.id(payload)) }
        var reading = Reading()
        let isGood = tables.withLocked(stripes, &reading) { $0.apply(kind, payload, lsn: lsn) }
        if !isGood { throw .unreadable(lsn: lsn) }
    }
}

extension MessageSent {
    /// The id of a record that is known to be good.
    static func id(_ payload: Span<UInt8>) -> UInt64 { payload.integer(UInt64.self, at: 0) }
}
