// A count that any thread may raise and any thread may read: statistics, not synchronisation.

import Synchronization

package final class Counter: Sendable {
    private let count = Atomic<UInt64>(0)

    package init() {}

    /// Returns the count after it.
    @discardableResult
    package func add(_ amount: UInt64 = 1) -> UInt64 {
        count.wrappingAdd(amount, ordering: .relaxed).newValue
    }

    /// Raises the count by one and returns it.
    package func next() -> UInt64 { add(1) }

    /// Raises the count to `least` if it is lower.
    package func raise(to least: UInt64) { _ = count.max(least, ordering: .relaxed) }

    package var value: UInt64 { count.load(ordering: .relaxed) }
}
