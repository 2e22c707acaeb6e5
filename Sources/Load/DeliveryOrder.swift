// Whether one receiver gets one run of numbers without a gap, a repeat or a swap.
//
//     next = 5:   5 ► fine     7 ► 5 and 6 are missing     5 later ► late     5 again ► doubled
//
// Invariant: every number below `next` has arrived, or is in `missing`. In a good run `missing`
// stays empty, so that a number costs one comparison.

package struct DeliveryOrder: Equatable, Sendable {
    package enum Outcome: Equatable, Sendable {
        case inOrder
        /// So many before it have not come.
        case skipped(Int)
        /// One of those that had not come.
        case late
        case doubled
    }

    package private(set) var next: UInt64 = 0
    private var missing: Set<UInt64> = []

    package init() {}

    /// Takes the number if it is the next one, which is the rule.
    @inline(__always)
    package mutating func takeNext(_ number: UInt64) -> Bool {
        guard number == next else { return false }
        next &+= 1
        return true
    }

    package mutating func note(_ number: UInt64) -> Outcome {
        takeNext(number) ? .inOrder : noteOther(number)
    }

    private mutating func noteOther(_ number: UInt64) -> Outcome {
        if number < next { return missing.remove(number) == nil ? .doubled : .late }
        let skipped = Int(clamping: number - next)
        // A number out of all bounds must not fill the memory.
        for one in next..<min(number, next + 100_000) { missing.insert(one) }
        next = number + 1
        return .skipped(skipped)
    }

    /// Puts an outcome into the tally.
    package static func count(
        _ outcome: Outcome, in tally: inout FindingTally, about text: @autoclosure () -> String
    ) {
        switch outcome {
        case .inOrder: break
        case .skipped(let count): tally.add(.lost, count, about: text())
        case .late:
            tally.add(.lost, -1)
            tally.add(.outOfOrder, about: text())
        case .doubled: tally.add(.doubled, about: text())
        }
    }
}
