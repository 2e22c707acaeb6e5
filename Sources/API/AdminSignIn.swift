// Row 34 of SPEC 6: an operator logs in.

import Base
import Chat
import Store
import Wire

extension Exchange {
    func signInAdmin() throws(Failure) -> Outcome {
        let (name, password) = try fields(["username", "password"]) { fields throws(FieldDefect) in
            (try fields.string("username"), try fields.string("password"))
        }
        let admin = chat.admin(named: name, &reading)
        let hash = admin?.passwordHash ?? server.decoyHash
        return try work {
            PasswordHash.verify(password, hash)
        } then: {
            exchange, isRight throws(Failure) in
            guard let admin, isRight else { throw Failure(.wrongCredentials) }
            let issuedAt = exchange.time / 1_000
            let expiresAt = issuedAt + Int64(exchange.server.settings.tokenSeconds)
            let token = exchange.server.keys.sign(
                TokenClaims(
                    username: admin.name, subject: 0, role: .admin, issuedAt: issuedAt,
                    expiresAt: expiresAt))
            exchange.json.append { writer in
                writer.beginObject()
                writer.key("token")
                writer.string(token)
                writer.key("expires_at")
                writer.time(expiresAt * 1_000)
                writer.endObject()
            }
            return .answer
        }
    }
}
