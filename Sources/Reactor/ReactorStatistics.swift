// What a reactor has done, for whoever asks from another thread.

package import Base
import Synchronization

package final class ReactorStatistics: Sendable {
    package let accepted = Counter()
    package let sends = Counter()
    package let bytesSent = Counter()
    package let bytesReceived = Counter()
    package let deliveries = Counter()
    package let open = Gauge()
    private let closes: [Counter] = CloseReason.allCases.map { _ in Counter() }

    func count(_ reason: CloseReason) { closes[Int(reason.rawValue)].add() }

    /// How many connections ended for this reason.
    package func closes(_ reason: CloseReason) -> UInt64 { closes[Int(reason.rawValue)].value }
}

/// A level, as opposed to a count.
package final class Gauge: Sendable {
    private let level = Atomic<Int>(0)
    package func store(_ value: Int) { level.store(value, ordering: .relaxed) }
    package var value: Int { level.load(ordering: .relaxed) }
}
