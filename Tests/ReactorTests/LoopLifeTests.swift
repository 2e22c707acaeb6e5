// A loop's mail, its time and its end; and that it lives on when there are no more descriptors.

import Base
import CLinux
import Glibc
import Reactor
import Synchronization
import TestSupport
import Testing

@Suite struct LoopLifeTests {
    @Test func mailComesInTheOrderOfEachThread() throws {
        let bench = try LoopBench()
        let (threads, each) = (4, 5_000)
        let heard = Mutex<[[Int]]>(Array(repeating: [], count: threads))
        let done = Door()
        let left = Atomic(threads * each)
        let loop = bench.loop
        let posters = (0..<threads).map { thread in
            Thread(name: "poster") {
                for number in 0..<each {
                    loop.post(
                        .task { _ in
                            heard.withLock { $0[thread].append(number) }
                            if left.subtract(1, ordering: .relaxed).newValue == 0 { done.open() }
                        })
                }
            }
        }
        #expect(done.pass())
        for poster in posters { poster.join() }
        #expect(heard.withLock { $0 } == Array(repeating: Array(0..<each), count: threads))
        #expect(bench.stop())
    }

    /// Were it not woken, each round would last until the next tick.
    @Test func mailWakesALoopThatSleeps() throws {
        let bench = try LoopBench()
        let first = try bench.run { $0.tick }
        for _ in 0..<400 { try bench.run { _ in } }
        #expect(try bench.run { $0.tick } &- first < 200)
        #expect(bench.stop())
    }

    /// What a task posts is done too, and in a later turn.
    @Test func mailMayBringMail() throws {
        let bench = try LoopBench()
        let order = Mutex<[Int]>([])
        let done = Door()
        bench.loop.post(
            .task { loop in
                loop.post(
                    .task { _ in
                        order.withLock { $0.append(3) }
                        done.open()
                    })
                order.withLock { $0.append(1) }
            })
        bench.loop.post(.task { _ in order.withLock { $0.append(2) } })
        #expect(done.pass())
        let heard = order.withLock { $0 }
        #expect(heard.firstIndex(of: 1) ?? 9 < heard.firstIndex(of: 3) ?? 0)
        #expect(heard.sorted() == [1, 2, 3])
        #expect(bench.stop())
    }

    @Test func timeIsToldOnceAndNotWhenCancelled() throws {
        let told = Mutex<[(slot: UInt32, tick: UInt32)]>([])
        let door = Door()
        let bench = try LoopBench { session, _, _ in
            session.onTime = { loop, slot in
                told.withLock { $0.append((slot, loop.tick)) }
                door.open()
            }
        }
        let peers = try (0..<3).map { _ in try bench.connect() }
        let start = try bench.run { loop in
            loop.wake(peers[0].1.slot, afterSeconds: 1)
            loop.wake(peers[1].1.slot, afterSeconds: 1)
            loop.wake(peers[2].1.slot, afterSeconds: 2)
            loop.cancelWake(peers[1].1.slot)
            return loop.tick
        }
        #expect(door.pass() && door.pass())
        try bench.run { loop in #expect(loop.silence(peers[0].1.slot).received >= 1) }
        let heard = told.withLock { $0 }
        #expect(heard.map(\.slot) == [peers[0].1.slot, peers[2].1.slot])
        #expect(heard[0].tick &- start >= 8)
        #expect(heard[1].tick &- start >= 16)
        #expect(bench.stop())
    }

    @Test func drainingEndsTheLoopWithItsLastConnection() throws {
        let bench = try LoopBench()
        let peers = try (0..<3).map { _ in try bench.connect().0 }
        try bench.run { loop in
            for slot in 0..<UInt32(loop.slotCount) where loop.session(slot) != nil {
                loop.send(loop.stage(pattern(10).span), to: slot)
            }
            loop.drain()
        }
        let late = try Client()
        #expect(!late.tryConnect(bench.port))
        for peer in peers {
            let all = peer.receive()
            #expect(all.bytes == pattern(10) && all.end == .closed)
            peer.endOutput()
        }
        #expect(bench.end.pass())
        #expect(bench.loop.statistics.closes(.shutdown) == 3)
        #expect(bench.loop.statistics.open.value == 0)
    }

    /// A peer that does not end its side is let go after the linger time.
    @Test func aPeerThatLingersIsLetGo() throws {
        let bench = try LoopBench()
        let (client, key) = try bench.connect()
        try bench.run { loop in
            if let slot = loop.slot(of: key) { loop.finish(slot, .finished) }
            loop.drain()
        }
        #expect(client.receive().end == .closed)
        #expect(bench.end.pass())
    }

    @Test func livesOnWithoutDescriptors() async {
        await #expect(processExitsWith: .success) {
            let kind = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
            var limit = rlimit()
            unsafe getrlimit(kind, &limit)
            limit.rlim_cur = 256
            unsafe setrlimit(kind, &limit)
            let bench = try LoopBench()
            let peers = try (0..<4).map { _ in try Client() }
            var fillers: [CInt] = []
            while case let number = unsafe open("/dev/null", O_RDONLY), number >= 0 {
                fillers.append(number)
            }
            precondition(errno == EMFILE)
            // The first takes the spare descriptor's place for a moment; so does the second.
            for peer in peers.prefix(3) {
                try peer.connect(bench.port)
                precondition(peer.receive().end != .silent, "neither taken nor refused")
            }
            precondition(bench.loop.statistics.closes(.noDescriptor) >= 3)
            for number in fillers { close(number) }
            try peers[3].connect(bench.port)
            peers[3].send("in")
            precondition(peers[3].text(2) == "in")
            precondition(bench.stop())
            exit(0)
        }
    }
}
