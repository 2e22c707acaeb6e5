// How long things took: an HDR histogram of nanoseconds with three significant digits, told in
// microseconds. What took longer than a minute counts as a minute.

private import Histogram

package struct LatencyRecord {
    private static let most: UInt64 = 60_000_000_000
    private var histogram = Histogram<UInt64>(
        lowestDiscernibleValue: 64, highestTrackableValue: LatencyRecord.most * 2,
        numberOfSignificantValueDigits: .three)

    package init() {}

    @inline(__always)
    package mutating func record(nanoseconds: UInt64) {
        _ = histogram.record(min(nanoseconds, Self.most))
    }

    /// From `start` until `end`, or nothing when the clock's readings crossed.
    @inline(__always)
    package mutating func record(from start: UInt64, until end: UInt64) {
        record(nanoseconds: end > start ? end &- start : 0)
    }

    package mutating func reset() { histogram.reset() }

    package var count: UInt64 { histogram.totalCount }

    package var summary: LatencySummary {
        LatencySummary(
            count: count, p50: at(50), p90: at(90), p99: at(99), p999: at(99.9),
            most: count == 0 ? 0 : Double(min(histogram.max, Self.most)) / 1_000)
    }

    private func at(_ percentile: Double) -> Double {
        count == 0 ? 0 : Double(histogram.valueAtPercentile(percentile)) / 1_000
    }
}

/// Percentiles in microseconds.
package struct LatencySummary: Equatable, Sendable {
    package let count: UInt64
    package let p50: Double
    package let p90: Double
    package let p99: Double
    package let p999: Double
    package let most: Double

    package init(
        count: UInt64, p50: Double, p90: Double, p99: Double, p999: Double, most: Double
    ) {
        self.count = count
        self.p50 = p50
        self.p90 = p90
        self.p99 = p99
        self.p999 = p999
        self.most = most
    }
}
