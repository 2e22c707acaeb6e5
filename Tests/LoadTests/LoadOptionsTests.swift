// The arguments of the load generator: what is read, what is refused and how that is said.

import Load
import Testing

@Suite struct LoadOptionsTests {
    private func options(_ text: String) throws -> LoadOptions {
        try LoadOptions.parse(text.split(separator: " ").map(String.init)).get()
    }

    private func failure(_ text: String) -> LoadOptions.Failure? {
        switch LoadOptions.parse(text.split(separator: " ").map(String.init)) {
        case .success: nil
        case .failure(let failure): failure
        }
    }

    @Test func theDefaultsAreThoseOfTheUsageText() throws {
        let pairs = try options("pairs")
        #expect(pairs.mode == .pairs)
        #expect((pairs.host, pairs.port) == ("127.0.0.1", 8_080))
        #expect((pairs.pairs, pairs.inFlight, pairs.clients) == (100, 16, 200))
        #expect((pairs.seconds, pairs.warmupSeconds, pairs.contentBytes) == (5, 1, 100))
        let fanout = try options("fanout")
        #expect((fanout.members, fanout.senders, fanout.inFlight) == (1_000, 1, 1))
        #expect(fanout.clients == 1_000)
    }

    @Test func everyFlagIsRead() throws {
        let all = try options(
            "fanout --url=localhost:9000 --members 20 --senders=3 --in-flight 7 --seconds 2.5 "
                + "--warmup-seconds 0 --messages 100 --content-bytes 200 --rate 5000 "
                + "--users-prefix bench --seed 42 --cpu 1 --server-pid 77 --bare")
        #expect((all.host, all.port) == ("127.0.0.1", 9_000))
        #expect((all.members, all.senders, all.inFlight) == (20, 3, 7))
        #expect((all.seconds, all.warmupSeconds, all.messages) == (2.5, 0, 100))
        #expect((all.contentBytes, all.rate, all.usersPrefix) == (200, 5_000, "bench"))
        #expect((all.seed, all.cpu, all.serverProcess, all.isBare) == (42, 1, 77, true))
    }

    @Test func aScheduleHasRoomUnlessToldOtherwise() throws {
        #expect(try options("pairs --rate 10").inFlight == LoadOptions.scheduledInFlight)
        #expect(try options("pairs --rate 10 --in-flight 2").inFlight == 2)
    }

    @Test(arguments: [
        "http://127.0.0.1:80/", "ws://127.0.0.1:80", "127.0.0.1:80", "localhost:80",
    ])
    func anAddressMayBeAURL(text: String) throws {
        let read = try options("pairs --url \(text)")
        #expect((read.host, read.port) == ("127.0.0.1", 80))
    }

    @Test(arguments: [
        "--url 127.0.0.1", "--url :80", "--url a:b", "--url 1.2.3.4:0", "--pairs 0", "--pairs x",
        "--members 20001", "--in-flight 0", "--seconds 0", "--seconds nan", "--messages -1",
        "--content-bytes 47", "--content-bytes 16385", "--rate 0", "--seed -1", "--cpu -1",
    ])
    func aValueOutOfBoundsIsRefused(text: String) {
        guard case .badValue(let flag, _) = failure("pairs \(text)") else {
            Issue.record("\(text) was taken")
            return
        }
        #expect(text.hasPrefix(flag))
    }

    @Test func whatIsNotUnderstoodIsNamed() {
        #expect(failure("") == .noMode)
        #expect(failure("idle") == .unknownMode("idle"))
        #expect(failure("pairs --colour red") == .unknownFlag("--colour"))
        #expect(failure("pairs --pairs") == .missingValue("--pairs"))
        #expect(failure("pairs --bare=yes") == .unknownFlag("--bare"))
        #expect(
            failure("fanout --members 3 --senders 4")
                == .badValue("--senders", wanted: "at most as many as --members"))
        #expect(failure("fanout --senders 64 --in-flight 4096 --content-bytes 16384") != nil)
    }
}
