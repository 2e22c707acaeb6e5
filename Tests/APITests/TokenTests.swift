// Tokens: what we sign is good in its time and under its secrets, and every other text is not,
// down to the single bit.

import API
import Base
import COpenSSL
import Chat
import TestSupport
import Testing
import Wire

@Suite struct TokenTests {
    private static let secret = Array("0123456789abcdef0123456789abcdef".utf8)
    private static let keys = TokenKeys(secret: secret)
    private static let claims = TokenClaims(
        username: "小明 \"\\\u{1}é", subject: 7, role: .user, issuedAt: 1_000, expiresAt: 2_000)
    private static let header = #"{"alg":"HS256","typ":"JWT"}"#
    /// Half a second before the end.
    private static let now: Int64 = 1_999_500

    private func verify(
        _ token: String, _ keys: TokenKeys = keys, now: Int64 = now
    ) -> TokenClaims? {
        keys.verify(token.utf8.span, now: now)
    }

    private func base64URL(_ text: String) -> String {
        var buffer = ByteBuffer()
        buffer.append(base64URL: text.utf8.span)
        return buffer.text
    }

    /// A token of these texts with a good signature.
    private func sign(
        header: String = header, _ json: String, _ secret: [UInt8] = secret
    ) -> String {
        let signed = "\(base64URL(header)).\(base64URL(json))"
        let bytes = Array(signed.utf8)
        var digest = [UInt8](repeating: 0, count: 32)
        let made = unsafe openssl_hmac_sha256(
            secret, CInt(secret.count), bytes, bytes.count, &digest)
        precondition(made == 1)
        var buffer = ByteBuffer()
        buffer.append(base64URL: digest.span)
        return "\(signed).\(buffer.text)"
    }

    private func json(
        username: String = "\"li\"", sub: String = "\"7\"", iat: String = "1000",
        exp: String = "2000", role: String = "\"user\""
    ) -> String {
        #"{"username":\#(username),"sub":\#(sub),"iat":\#(iat),"exp":\#(exp),"role":\#(role)}"#
    }

    @Test func whatIsSignedIsGood() {
        let token = Self.keys.sign(Self.claims)
        #expect(token.utf8.count { $0 == UInt8(ascii: ".") } == 2)
        #expect(verify(token) == Self.claims)
        var admin = Self.claims
        admin.role = .admin
        admin.subject = .max
        #expect(verify(Self.keys.sign(admin)) == admin)
        // The `jti` makes each a token of its own.
        #expect(Self.keys.sign(Self.claims) != token)
        #expect(verify(sign(json())) != nil)
    }

    /// The generation rides in the `jti`, which may be anything in a token of somebody else.
    @Test func theGenerationIsCarried() {
        for generation: UInt32 in [0, 1, 7, .max] {
            var claims = Self.claims
            claims.generation = generation
            #expect(verify(Self.keys.sign(claims)) == claims)
            #expect(verify(Self.keys.sign(claims))?.credential.generation == generation)
        }
        let random = String(repeating: "a", count: 32)
        for jti in [
            "", "-", "7", "7-", "-\(random)", "x-\(random)", "4294967296-\(random)",
            "-1-\(random)", "99999999999-\(random)", "7-\(random)b", "١-\(random)", "7-7-\(random)",
        ] {
            let text = json().dropLast() + ",\"jti\":\"\(jti)\"}"
            let claims = verify(sign(String(text)))
            #expect(claims != nil && claims?.generation == nil, "\(jti)")
        }
        #expect(verify(sign(json().dropLast() + ",\"jti\":7}")) == nil)
    }

    @Test func everyBitCounts() {
        let token = Array(Self.keys.sign(Self.claims).utf8)
        for index in token.indices {
            for bit in 0..<8 {
                var other = token
                other[index] ^= 1 << UInt8(bit)
                if Self.keys.verify(other.span, now: Self.now) != nil {
                    Issue.record("byte \(index) bit \(bit) does not count")
                }
            }
            for cut in [Array(token[..<index]), Array(token[index...].dropFirst())] {
                #expect(Self.keys.verify(cut.span, now: Self.now) == nil)
            }
            for more in [UInt8(ascii: "="), UInt8(ascii: "A"), UInt8(ascii: "."), 0, 0xFF] {
                var other = token
                other.insert(more, at: index)
                #expect(Self.keys.verify(other.span, now: Self.now) == nil)
            }
        }
        for tail in ["=", ".", "A", " ", ".."] {
            #expect(verify(String(decoding: token, as: UTF8.self) + tail) == nil)
        }
    }

    @Test(arguments: [
        #"{"alg":"none","typ":"JWT"}"#, #"{"alg":"None","typ":"JWT"}"#, #"{"alg":"none"}"#,
        #"{"alg":"HS512","typ":"JWT"}"#, #"{"alg":"HS384","typ":"JWT"}"#,
        #"{"alg":"RS256","typ":"JWT"}"#, #"{"alg":"ES256","typ":"JWT"}"#, "{}", "",
        #"{"alg":"HS256","typ":"JWT","kid":"../../dev/null"}"#,
        #"{"typ":"JWT","alg":"HS256"}"#, #"{"alg":"hs256","typ":"JWT"}"#,
    ])
    func otherHeadersAreRefused(header: String) {
        #expect(verify(sign(header: header, json())) == nil)
        let unsigned = "\(base64URL(header)).\(base64URL(json()))."
        #expect(verify(unsigned) == nil && verify(String(unsigned.dropLast())) == nil)
    }

    @Test func expiryHasNoLeeway() {
        let token = Self.keys.sign(Self.claims)
        #expect(verify(token, now: 1_999_999) != nil)
        #expect(verify(token, now: 2_000_000) == nil)
        #expect(verify(token, now: 2_000_001) == nil)
        #expect(verify(token, now: .max) == nil)
        #expect(verify(token, now: 0) != nil)
    }

    @Test func previousSecretsServeAndOthersDoNot() {
        let old = Array("an old secret of thirty-two bytes".utf8)
        let older = Array("an older secret, thirty-two bytes".utf8)
        let both = TokenKeys(secret: Self.secret, previous: [older, old])
        for secret in [Self.secret, old, older] {
            #expect(verify(TokenKeys(secret: secret).sign(Self.claims), both) == Self.claims)
        }
        let stranger = TokenKeys(secret: Array("a stranger's secret, just as long".utf8))
        #expect(verify(stranger.sign(Self.claims), both) == nil)
        #expect(verify(TokenKeys(secret: old).sign(Self.claims)) == nil)
        // What is signed now is signed with the new one.
        #expect(verify(both.sign(Self.claims)) == Self.claims)
    }

    @Test func claimsOfAnotherTypeAreRefused() {
        let wrong = [
            json(username: "7"), json(username: "null"), json(username: "[\"li\"]"),
            json(sub: "7"), json(sub: "\"\""), json(sub: "\"seven\""), json(sub: "\"-1\""),
            json(sub: "\"4294967296\""), json(sub: "\" 7\""), json(sub: "null"),
            json(iat: "\"1000\""), json(iat: "1e3"), json(iat: "null"), json(iat: "1000.5"),
            json(exp: "\"2000\""), json(exp: "2000.0"), json(exp: "true"), json(exp: "null"),
            json(exp: "0"), json(exp: "-2000"), json(exp: "9223372036854775807"),
            json(exp: "99999999999999999999"), json(exp: "1099511627776"),
            json(role: "\"root\""), json(role: "\"\""), json(role: "\"User\""), json(role: "1"),
            "{}", "[]", "null", "", "7", #"{"username":"li"}"#, json() + json(),
            String(json().dropLast()), json(username: "\"\\ud800\""),
        ]
        for text in wrong {
            #expect(verify(sign(text)) == nil, "\(text)")
        }
        #expect(verify(sign(json(exp: "1099511627775"))) != nil)
        #expect(verify(sign(json(iat: "-5"))) == nil)
    }

    @Test(arguments: [
        "", ".", "..", "...", "a.b.c", "Bearer", "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9",
    ])
    func noTokenAtAll(text: String) {
        #expect(verify(text) == nil)
        #expect(verify(text + ".") == nil && verify(text + "..") == nil)
    }

    @Test func randomTextsAreRefused() {
        var random = Seed.random("tokens")
        let front = Array("eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.".utf8)
        for _ in 0..<3_000 {
            let count = Int.random(in: 0..<120, using: &random)
            let rest = (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
            #expect(Self.keys.verify((front + rest).span, now: 0) == nil)
        }
        let long = sign(json(username: "\"" + String(repeating: "a", count: 3_000) + "\""))
        #expect(verify(long) == nil)
    }
}
