// What happens to the disk during one life of the server, decided when it begins: the calls that
// fail, and the crash that ends it.

import Base
import SimulatedDisk

struct Weather {
    enum Ending {
        case cleanStop
        /// In the middle of a call of the disk.
        case crashAtCall(Crash, Int)
        /// Between two commands.
        case crashAtStep(Crash)
    }

    /// Error numbers by the call of the disk, counted from the beginning of this life.
    var faults: [Int: CInt] = [:]
    var ending: Ending
    /// The disk may fill up.
    var fills = false

    static let inputOutputError: CInt = 5
    static let noSpace: CInt = 28

    init(_ random: inout SeededRandom) {
        if random.chance(35) {
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                let first = Self.far(250, &random)
                let number = random.chance(70) ? Self.inputOutputError : Self.noSpace
                let length = random.chance(10) ? 20 : Int.random(in: 1...3, using: &random)
                for call in first..<first + length { faults[call] = number }
            }
        }
        fills = random.chance(20)
        let crash: Crash =
            random.chance(60)
            ? .powerCut(keep: [0, 10, 50, 50, 90, 100].randomElement(using: &random) ?? 50) : .kill
        if random.chance(25) {
            ending = .cleanStop
        } else if random.chance(75) {
            ending = .crashAtCall(crash, Self.far(400, &random))
        } else {
            ending = .crashAtStep(crash)
        }
    }

    /// 1 to `most`; each size is as likely as its double.
    private static func far(_ most: Int, _ random: inout SeededRandom) -> Int {
        var limit = 2
        while limit < most, random.chance(85) { limit *= 2 }
        return Int.random(in: 1...min(limit, most), using: &random)
    }

    /// From here on the disk behaves so.
    func begin(_ disk: MemoryDisk, steps: SeededRandom) {
        disk.with { state in
            let from = state.calls
            let faults = faults
            state.random = steps
            state.fault = faults.isEmpty ? nil : { _, call in faults[call - from] }
            if case .crashAtCall(_, let call) = ending { state.crashAt = from + call }
        }
    }
}

extension MemoryDisk {
    static let capacity = 96 << 20

    var isDead: Bool { with { $0.isDead } }
    var failures: Int { with { $0.failures } }
    var calls: Int { with { $0.calls } }

    /// No more faults, and space enough; a crash that is to come still comes.
    func calm() {
        with { state in
            state.fault = nil
            state.capacity = Self.capacity
        }
    }

    /// Runs `body` while nothing happens to the disk, and as if it had not run.
    func undisturbed<R, E: Error>(_ body: () throws(E) -> R) throws(E) -> R {
        let (fault, crashAt, calls) = with { state in
            defer { (state.fault, state.crashAt) = (nil, nil) }
            return (state.fault, state.crashAt, state.calls)
        }
        defer { with { ($0.fault, $0.crashAt, $0.calls) = (fault, crashAt, calls) } }
        return try body()
    }
}
