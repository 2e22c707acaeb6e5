// Which tokens serve after a change of password: those of the newest generation, whatever the clock
// says, and of those that name none the ones that were issued since.

import Base
import Chat
import Hub
import Store
import Testing

@Suite struct CredentialTests {
    private func serves(
        _ bench: ChatBench, _ user: UInt32, at time: Int64, _ generation: UInt32?
    ) -> Bool {
        var reading = Reading()
        let credential = Credential(
            user: user, name: bench.chat.tables.name(of: user), issuedAt: time,
            generation: generation)
        let isWelcome = bench.chat.standing(of: credential).isWelcome
        do throws(Failure) {
            try bench.chat.checkToken(credential, &reading)
        } catch {
            #expect(error.code == .unauthorized && !isWelcome)
            return false
        }
        #expect(isWelcome)
        return true
    }

    private func change(
        _ bench: ChatBench, _ user: UInt32, from old: String?, to new: String
    ) throws {
        var reading = Reading()
        try bench.chat.changePassword(
            of: user, from: old, to: new, at: bench.time, origin: bench.origin, bench.workspace,
            &reading)
    }

    @Test func aChangeEndsWhatWasIssuedBefore() throws {
        let bench = try ChatBench()
        let (li, bo) = (try bench.register("li"), try bench.register("bo"))
        let time = bench.time
        #expect(serves(bench, li, at: time, 0) && serves(bench, li, at: time, nil))
        _ = bench.take()
        try change(bench, li, from: "$2b$04$none", to: "one")
        let ended = bench.take()
        #expect(ended.map(\.kind) == [.ended] && ended[0].userA == li && ended[0].frame == [])
        for _ in 0..<2 {
            // The same millisecond, and a clock that was set back by a year.
            for moment in [time, time - 31_536_000_000, time + 1] {
                #expect(!serves(bench, li, at: moment, 0) && serves(bench, li, at: moment, 1))
                #expect(!serves(bench, li, at: moment, 2))
            }
            #expect(!serves(bench, li, at: time - 1, nil) && serves(bench, li, at: time, nil))
            #expect(serves(bench, bo, at: time, 0))
            try bench.reopen()
        }
        bench.close()
        try bench.remove()
    }

    /// Both have proved the old password; the second one proved what is not true any more.
    @Test func ofTwoChangesOneIsMade() throws {
        let bench = try ChatBench()
        let li = try bench.register("li")
        try change(bench, li, from: "$2b$04$none", to: "one")
        #expect(throws: Failure.self) {
            try change(bench, li, from: "$2b$04$none", to: "two")
        }
        var reading = Reading()
        let account = bench.chat.accountForSignIn("li", &reading)
        #expect(account?.passwordHash == "one" && account?.tokenGeneration == 1)
        // An operator need not prove it.
        try change(bench, li, from: nil, to: "three")
        #expect(bench.chat.accountForSignIn("li", &reading)?.tokenGeneration == 2)
        bench.close()
        try bench.remove()
    }
}
