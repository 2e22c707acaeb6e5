// JSON Web Tokens (RFC 7519), HS256 only: the algorithm is pinned, so the header of a good token
// is one constant text, and a token with any other header is refused before its signature is
// looked at.
//
//     base64url(header) . base64url(claims) . base64url(HMAC-SHA256 of what stands before)

package import Base
import COpenSSL
package import Chat
import Wire

/// Who a token speaks for.
package struct TokenClaims: Sendable, Equatable {
    package enum Role: String, Sendable { case user, admin }

    package var username: String
    /// The user's number; names may be given again, numbers are not.
    package var subject: UInt32
    package var role: Role
    /// Seconds since 1970.
    package var issuedAt: Int64
    package var expiresAt: Int64
    /// The account's token generation, which stands at the start of `jti`; nil in a token that
    /// somebody else who holds the secret has signed.
    package var generation: UInt32?

    package init(
        username: String, subject: UInt32, role: Role, issuedAt: Int64, expiresAt: Int64,
        generation: UInt32? = nil
    ) {
        self.username = username
        self.subject = subject
        self.role = role
        self.issuedAt = issuedAt
        self.expiresAt = expiresAt
        self.generation = generation
    }

    package var credential: Credential {
        Credential(
            user: subject, name: username, issuedAt: issuedAt * 1_000, generation: generation)
    }
}

package struct TokenKeys: Sendable {
    /// At least 32 bytes (RFC 7518, section 3.2).
    private let secret: [UInt8]
    /// Secrets that signed tokens which are still around.
    private let previous: [[UInt8]]

    package static let bytesMax = 2_048
    /// {"alg":"HS256","typ":"JWT"}
    private static let header: StaticString = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9"

    package init(secret: [UInt8], previous: [[UInt8]] = []) {
        self.secret = secret
        self.previous = previous
    }

    package func sign(_ claims: TokenClaims) -> String {
        var json = ByteBuffer(capacity: 256)
        json.append { writer in
            writer.beginObject()
            writer.key("username")
            writer.string(claims.username)
            writer.key("sub")
            writer.string(String(claims.subject))
            writer.key("iat")
            writer.number(claims.issuedAt)
            writer.key("exp")
            writer.number(claims.expiresAt)
            writer.key("jti")
            writer.string(Self.identifier(claims.generation))
            writer.key("role")
            writer.string(claims.role.rawValue)
            writer.endObject()
        }
        var token = ByteBuffer(capacity: 512)
        token.append(Self.header)
        token.append(UInt8(ascii: "."))
        token.append(base64URL: json.span)
        let signature = Self.signature(of: token.span, secret)
        token.append(UInt8(ascii: "."))
        token.append(base64URL: signature.span)
        return String(copying: token)
    }

    /// The claims of a token that is ours and in its time; nil for every other text.
    package func verify(_ token: Span<UInt8>, now unixMilliseconds: Int64) -> TokenClaims? {
        guard token.count <= Self.bytesMax, let claimsStart = Self.endOfHeader(token) else {
            return nil
        }
        var dot = token.count - 1
        while dot > claimsStart, token[dot] != UInt8(ascii: ".") { dot -= 1 }
        guard dot > claimsStart else { return nil }
        var given = ByteBuffer(capacity: 48)
        guard given.append(decodingBase64URL: token.extracting((dot + 1)...)), given.count == 32
        else { return nil }
        let signed = token.extracting(..<dot)
        var isOurs = Self.isEqual(given.span, Self.signature(of: signed, secret).span)
        for old in previous where !isOurs {
            isOurs = Self.isEqual(given.span, Self.signature(of: signed, old).span)
        }
        guard isOurs else { return nil }
        var json = ByteBuffer(capacity: 256)
        guard json.append(decodingBase64URL: token.extracting(claimsStart..<dot)),
            let claims = Self.claims(json.span), claims.expiresAt * 1_000 > unixMilliseconds
        else { return nil }
        return claims
    }

    /// Where the claims start, when the header is the one that we write.
    private static func endOfHeader(_ token: Span<UInt8>) -> Int? {
        let length = header.utf8CodeUnitCount
        guard token.count > length, token[length] == UInt8(ascii: ".") else { return nil }
        let text = unsafe Span(_unsafeStart: header.utf8Start, count: length)
        for index in text.indices where text[index] != token[index] { return nil }
        return length + 1
    }

    private static func claims(_ json: Span<UInt8>) -> TokenClaims? {
        do {
            let fields = try JSONFields(
                json, names: ["username", "sub", "iat", "exp", "role", "jti"])
            guard let subject = UInt32(try fields.string("sub")),
                let role = TokenClaims.Role(rawValue: try fields.string("role"))
            else { return nil }
            let expiresAt = try fields.integer("exp")
            let issuedAt = try fields.integer("iat")
            // Others may hold our secret too: a moment must bear being counted in milliseconds.
            let moments: Range<Int64> = 0..<1 << 40
            guard moments.contains(expiresAt), moments.contains(issuedAt) else { return nil }
            return TokenClaims(
                username: try fields.string("username"), subject: subject, role: role,
                issuedAt: issuedAt, expiresAt: expiresAt,
                generation: generation(try fields.optionalString("jti") ?? ""))
        } catch {
            return nil
        }
    }

    private static func signature(
        of text: Span<UInt8>, _ secret: [UInt8]
    ) -> InlineArray<32, UInt8> {
        var digest: InlineArray<32, UInt8> = .init(repeating: 0)
        let made = unsafe text.withUnsafeBytes { text in
            var bytes = digest.mutableSpan
            return unsafe bytes.withUnsafeMutableBufferPointer { bytes in
                unsafe secret.withUnsafeBytes { key in
                    unsafe openssl_hmac_sha256(
                        key.baseAddress, CInt(key.count), text.baseAddress, text.count,
                        bytes.baseAddress)
                }
            }
        }
        precondition(made == 1, "OpenSSL gives no HMAC")
        return digest
    }

    /// In a time that does not depend on where the two differ.
    private static func isEqual(_ a: Span<UInt8>, _ b: Span<UInt8>) -> Bool {
        guard a.count == b.count else { return false }
        var difference: UInt8 = 0
        for index in a.indices { difference |= a[index] ^ b[index] }
        return difference == 0
    }

    /// A text that no other token has: `GENERATION-RANDOM`, or the random part alone.
    private static func identifier(_ generation: UInt32?) -> String {
        var text = ByteBuffer(capacity: 64)
        if let generation {
            text.append(decimal: generation)
            text.append(UInt8(ascii: "-"))
        }
        for half in 0..<2 {
            _ = half
            text.append(hexadecimal: Random.bytes(8).reduce(0) { $0 << 8 | UInt64($1) })
        }
        return String(copying: text)
    }

    /// The generation that an identifier of ours names; nil for any other text.
    private static func generation(_ identifier: String) -> UInt32? {
        let parts = identifier.utf8.split(
            separator: UInt8(ascii: "-"), maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, parts[1].count == 32, (1...10).contains(parts[0].count) else {
            return nil
        }
        var value: UInt64 = 0
        for digit in parts[0] {
            guard (0x30...0x39).contains(digit) else { return nil }
            value = value * 10 + UInt64(digit - 0x30)
        }
        return UInt32(exactly: value)
    }
}

extension String {
    /// The text in a buffer that holds UTF-8 of our own making.
    package init(copying buffer: borrowing ByteBuffer) {
        guard let text = try? UTF8Span(validating: buffer.span) else {
            preconditionFailure("not UTF-8")
        }
        self.init(copying: text)
    }
}
