// The way back after a stop: every record of the log is applied to empty tables, in order.

import Base

package enum Recovery {
    /// Replays the log of `directory` into `tables`. The result says where the log goes on.
    package static func replay(
        _ directory: DataDirectory, files: any FileSystem, into tables: Tables
    ) throws(StoreFailure) -> LogEnd {
        var lastMessage: UInt64 = 0
        var end = try LogReader.read(directory: directory, files: files, from: 1) {
            lsn, kind, payload throws(StoreFailure) in
            guard let kind = RecordKind(rawValue: kind),
                let stripes = LockedTables.stripes(kind, payload)
            else { throw .unreadable(lsn: lsn) }
            if kind == .messageSent { lastMessage = max(lastMessage, MessageSent.id(payload)) }
            var reading = Reading()
            let isGood = tables.withLocked(stripes, &reading) {
                $0.apply(kind, payload, lsn: lsn)
            }
            if !isGood { throw .unreadable(lsn: lsn) }
        }
        end.lastMark = lastMessage
        return end
    }
}

extension MessageSent {
    /// The id of a record that is known to be good.
    static func id(_ payload: Span<UInt8>) -> UInt64 { payload.integer(UInt64.self, at: 0) }
}
