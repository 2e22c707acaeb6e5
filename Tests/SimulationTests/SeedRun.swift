// Many seeds on all cores. A seed that fails says how to have it again; when the store traps,
// whoever waits for the result learns which seeds were at work.

import Dispatch
import Glibc
import Synchronization

struct SeedRun {
    struct Failed {
        let seed: UInt64
        let what: String

        var description: String { "seed \(seed): \(what)\n    make sim SEED=\(seed)" }
    }

    /// Stops at the first that fails, or goes over all of them.
    static func run(_ seeds: Range<UInt64>) -> [Failed] {
        SeedsAtWork.watch()
        let next = Atomic<UInt64>(seeds.lowerBound)
        let failed = Mutex<[Failed]>([])
        DispatchQueue.concurrentPerform(iterations: SeedsAtWork.count) { worker in
            while failed.withLock({ $0.count < failuresMax }) {
                let seed = next.add(1, ordering: .relaxed).oldValue
                guard seed < seeds.upperBound else { return }
                SeedsAtWork.note(seed, of: worker)
                if let violation = Simulation.run(seed: seed) {
                    failed.withLock { $0.append(Failed(seed: seed, what: violation.what)) }
                }
            }
        }
        return failed.withLock { $0 }.sorted { $0.seed < $1.seed }
    }

    private static let failuresMax = 5
}

/// The seeds that run just now, for the moment when a precondition fails.
private enum SeedsAtWork {
    static let count = 2
    private static let first = Atomic<UInt64>(0)
    private static let second = Atomic<UInt64>(0)

    static func note(_ seed: UInt64, of worker: Int) {
        if worker == 0 {
            first.store(seed, ordering: .relaxed)
        } else {
            second.store(seed, ordering: .relaxed)
        }
    }

    static func watch() {
        for number in [SIGILL, SIGTRAP] {
            _ = signal(number) { number in
                SeedsAtWork.say()
                // Coming back the trap happens again, and ends the process as it would have.
                _ = signal(number, SIG_DFL)
            }
        }
    }

    private static func say() {
        let (one, other) = (first.load(ordering: .relaxed), second.load(ordering: .relaxed))
        let text = "the store traps: make sim SEED=\(one), or make sim SEED=\(other)\n"
        unsafe _ = Array(text.utf8).withUnsafeBytes { unsafe write(2, $0.baseAddress, $0.count) }
    }
}
