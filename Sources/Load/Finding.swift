// What the verification can find, counted by kind. A run is good when every count is zero.
//
// A message that is skipped counts as lost at once. When it does come later, it was not lost but
// out of order, and the counts are put right. So at the end each bad delivery is counted once.

package enum Finding: Int, CaseIterable, Sendable {
    /// Never arrived, though later ones did, or the run ended without it.
    case lost
    /// Arrived again.
    case doubled
    /// Arrived after one that it should have come before.
    case outOfOrder
    /// The server's `seq` did not rise by one.
    case sequenceBroken
    /// Echo, receipt and ack of one message do not tell the same `id` and `seq`.
    case numbersDiffer
    /// The sender had the ack before the echo.
    case ackBeforeEcho
    case ackDoubled
    /// The server said `failed`.
    case ackFailed
    /// The content is not, byte by byte, what was sent.
    case contentChanged
    /// About a message that was never sent.
    case unknownMessage
    /// Neither JSON nor anything that a server sends.
    case unreadable
    /// A system event that no run expects: `kicked` or `error`.
    case systemError

    package var name: StaticString {
        switch self {
        case .lost: "lost"
        case .doubled: "doubled"
        case .outOfOrder: "out_of_order"
        case .sequenceBroken: "sequence_broken"
        case .numbersDiffer: "numbers_differ"
        case .ackBeforeEcho: "ack_before_echo"
        case .ackDoubled: "ack_doubled"
        case .ackFailed: "ack_failed"
        case .contentChanged: "content_changed"
        case .unknownMessage: "unknown_message"
        case .unreadable: "unreadable"
        case .systemError: "system_error"
        }
    }
}

package struct FindingTally: Equatable, Sendable {
    private var counts: [Int]
    /// What the first finding was about, for people.
    package private(set) var first: String?

    package init() { counts = Array(repeating: 0, count: Finding.allCases.count) }

    package subscript(_ finding: Finding) -> Int { counts[finding.rawValue] }

    package var total: Int { counts.reduce(0, +) }

    /// `count` may be negative, to take back what was counted too early.
    package mutating func add(
        _ finding: Finding, _ count: Int = 1, about text: @autoclosure () -> String = ""
    ) {
        counts[finding.rawValue] += count
        if first == nil, count > 0 {
            let about = text()
            first = about.isEmpty ? "\(finding.name)" : "\(finding.name): \(about)"
        }
    }
}
