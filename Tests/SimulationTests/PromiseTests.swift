// The store under simulation: a server on a bad disk, many times over. What was acknowledged is
// never lost, nothing is invented, damage is never silent; and a seed is a run, always the same.
//
//     make sim SEED=17        one run, told step by step
//     make sim SEEDS=100000   many, from FROM on (1)

import Glibc
import Testing

@Suite struct PromiseTests {
    private static func number(_ name: String) -> UInt64? {
        unsafe getenv(name).flatMap { unsafe UInt64(String(cString: $0)) }
    }

    @Test func whatWasAcknowledgedIsKept() {
        if let seed = Self.number("LINGXI_SIM_SEED") {
            let trace = Trace(isOn: true)
            let violation = Simulation.run(seed: seed, trace)
            print("seed \(seed)\n" + trace.lines.joined(separator: "\n"))
            #expect(violation == nil)
            return
        }
        let first = Self.number("LINGXI_SIM_FROM") ?? 1
        let count = Self.number("LINGXI_SIM_SEEDS") ?? 1000
        for failed in SeedRun.run(first..<first + count) { Issue.record("\(failed.description)") }
    }

    @Test func aSeedIsARun() {
        for seed in UInt64(1)...20 {
            let runs = (0..<2).map { _ in
                let trace = Trace(isOn: true)
                _ = Simulation.run(seed: seed, trace)
                return trace.lines
            }
            #expect(runs[0] == runs[1] && runs[0].count > 10)
        }
    }
}
