// What the log counts, for operators: cheap enough to be always on, copied under the log's lock.

package struct LogStatistics: Sendable {
    package static let latencyBuckets = 24

    /// Records and bytes appended since the start.
    package internal(set) var records: UInt64 = 0
    package internal(set) var bytes: UInt64 = 0
    /// Batches written, and times the disk was asked to keep them.
    package internal(set) var commits: UInt64 = 0
    package internal(set) var synchronizations: UInt64 = 0
    /// Bucket i counts syncs that took less than 2^i microseconds, and no less than half of that;
    /// the last one counts all longer ones too.
    package internal(set) var synchronizationMicroseconds =
        InlineArray<24, UInt64>(repeating: 0)
    /// Writes or syncs that failed, each of which ended a segment.
    package internal(set) var failures: UInt64 = 0
    /// Segments that could not be prepared, or old ones that could not be removed.
    package internal(set) var preparationFailures: UInt64 = 0
    package internal(set) var removalFailures: UInt64 = 0
    /// Times in which nothing could be stored or no segment made ahead, and their milliseconds
    /// together, those that have ended.
    package internal(set) var outages: UInt64 = 0
    package internal(set) var outageMilliseconds: UInt64 = 0
    /// Records that were not admitted.
    package internal(set) var refusals: UInt64 = 0
    /// Segments in use, the one that is written included.
    package internal(set) var segments = 0
    /// Every record up to here is known to be on disk.
    package internal(set) var durable: LSN = 0
    /// The disk is full or failing: nothing can be stored once the space at hand is used up.
    package internal(set) var isUnavailable = false

    mutating func count(synchronization nanoseconds: UInt64) {
        let microseconds = nanoseconds / 1000
        let bucket = UInt64.bitWidth - microseconds.leadingZeroBitCount
        synchronizationMicroseconds[min(bucket, Self.latencyBuckets - 1)] += 1
        synchronizations += 1
    }
}

extension LogStatistics {
    /// The duration below which `share` (0 to 1) of all syncs stayed, as the upper edge of its
    /// bucket in microseconds; 0 without any.
    package func synchronizationMicroseconds(share: Double) -> UInt64 {
        let wanted = share * Double(synchronizations)
        var seen: UInt64 = 0
        for bucket in 0..<Self.latencyBuckets {
            seen += synchronizationMicroseconds[bucket]
            if seen > 0, Double(seen) >= wanted { return 1 << UInt64(bucket) }
        }
        return 0
    }
}
