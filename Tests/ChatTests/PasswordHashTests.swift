// Hashes of passwords: one's own opens, every other does not, and what is no hash opens for nobody.

import Chat
import Testing

@Suite struct PasswordHashTests {
    @Test(arguments: [
        "secret", "密码密码", "pass word\t\"\\", String(repeating: "x", count: 72), "ünïcödé",
    ])
    func opensForItsOwn(password: String) {
        let hash = PasswordHash.make(password, cost: 4)
        #expect(hash.hasPrefix("$2b$04$") && hash.utf8.count == 60)
        #expect(PasswordHash.verify(password, hash))
        #expect(
            !PasswordHash.verify(password.uppercased() + "!", hash) || password.utf8.count == 72)
        #expect(!PasswordHash.verify(String(password.dropLast()), hash))
        #expect(!PasswordHash.verify("", hash))
        // Fresh salt.
        #expect(PasswordHash.make(password, cost: 4) != hash)
    }

    @Test func theCostIsInTheHash() {
        let hash = PasswordHash.make("secret", cost: 5)
        #expect(hash.hasPrefix("$2b$05$") && PasswordHash.verify("secret", hash))
    }

    @Test(arguments: [
        "", "*0", "*1", "$2b$", "$2b$04$", "x", "$2b$99$aaaaaaaaaaaaaaaaaaaaaa", "$1$",
    ])
    func whatIsNoHashOpensForNobody(hash: String) {
        #expect(!PasswordHash.verify("secret", hash))
        #expect(!PasswordHash.verify("", hash))
    }

    @Test func anotherPasswordsHashIsClosed() {
        let first = PasswordHash.make("first-secret", cost: 4)
        let second = PasswordHash.make("second-secret", cost: 4)
        #expect(!PasswordHash.verify("first-secret", second))
        #expect(!PasswordHash.verify("second-secret", first))
        #expect(!PasswordHash.verify("first-secret", String(first.dropLast()) + "~"))
    }
}
