// The pool of workers: all jobs run, no more wait than may, `stop` waits for those that run and for
// no others, and what has run is let go.

import Base
import Synchronization
import TestSupport
import Testing

@Suite struct WorkerPoolTests {
    private final class Token: Sendable {
        let alive: Atomic<Int>
        init() { alive = Atomic(1) }
    }

    @Test func runsEveryJobOnce() {
        let pool = WorkerPool(threads: 3)
        let runs = (0..<500).map { _ in Counter() }
        let left = Atomic(500)
        let done = Door()
        for run in runs {
            #expect(
                pool.submit {
                    run.add()
                    if left.subtract(1, ordering: .relaxed).newValue == 0 { done.open() }
                })
        }
        #expect(done.pass())
        pool.stop()
        #expect(runs.allSatisfy { $0.value == 1 })
    }

    @Test func refusesMoreThanMayWait() {
        let pool = WorkerPool(threads: 1)
        let (started, mayGo) = (Door(), Door())
        #expect(
            pool.submit {
                started.open()
                mayGo.pass()
            })
        #expect(started.pass())
        let ran = Counter()
        let all = Door()
        for _ in 0..<WorkerPool.jobsMax {
            #expect(
                pool.submit {
                    if ran.next() == UInt64(WorkerPool.jobsMax) { all.open() }
                })
        }
        #expect(!pool.submit { ran.add() })
        #expect(!pool.submit { ran.add() })
        mayGo.open()
        #expect(all.pass())
        #expect(ran.value == UInt64(WorkerPool.jobsMax))
        #expect(pool.submit {})
        pool.stop()
    }

    @Test func stopWaitsForWhatRunsAndDropsWhatWaits() {
        let pool = WorkerPool(threads: 1)
        let (started, mayGo) = (Door(), Door())
        let (ended, dropped) = (Counter(), Counter())
        #expect(
            pool.submit {
                started.open()
                mayGo.pass()
                ended.add()
            })
        #expect(pool.submit { dropped.add() })
        #expect(started.pass())
        let stopper = Thread(name: "stopper") { pool.stop() }
        // The job may end before or after `stop` begins: both must be good.
        mayGo.open()
        stopper.join()
        #expect(ended.value == 1)
        #expect(dropped.value <= 1)
        #expect(!pool.submit { dropped.add(100) })
        #expect(dropped.value <= 1)
    }

    /// A queue that is never empty must not keep what it has run.
    @Test func aBusyPoolLetsGoOfWhatHasRun() throws {
        let pool = WorkerPool(threads: 1)
        let (started, mayGo) = (Door(), Door())
        func add() {
            #expect(
                pool.submit {
                    started.open()
                    mayGo.pass()
                })
        }
        weak var first: Token?
        add()
        do {
            let token = Token()
            first = token
            #expect(pool.submit { _ = token.alive.load(ordering: .relaxed) })
        }
        add()
        add()
        // One runs and one waits at every moment.
        for _ in 0..<WorkerPool.jobsMax * 2 {
            try #require(started.pass())
            add()
            mayGo.open()
        }
        #expect(first == nil)
        for _ in 0..<4 { mayGo.open() }
        pool.stop()
    }
}
