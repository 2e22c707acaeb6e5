// A snapshot in the middle of a life, with commands while it is written: whatever becomes of the
// disk meanwhile, what the next start finds is judged as always.

import SimulatedDisk
import Store

extension Simulation {
    func takeSnapshot(_ life: Life) throws(Violation) {
        var violation: Violation?
        var chances = 0
        let result = life.takeSnapshot {
            chances += 1
            guard violation == nil, self.random.chance(5) else { return }
            do throws(Violation) {
                try self.command(life)
                life.log.commit()
            } catch { violation = error }
        }
        if let violation { throw violation }
        switch result {
        case .success(let summary):
            trace.note("  snapshot \(summary.number) of \(summary.lowest) to \(summary.highest)")
        case .failure(let failure):
            trace.note("  no snapshot: \(failure)")
            if life.isCalm, !disk.isDead {
                throw Violation(what: "a good disk takes no snapshot: \(failure)")
            }
        }
    }
}
