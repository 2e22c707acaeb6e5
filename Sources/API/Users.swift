// Rows 1 to 7 of SPEC 2: accounts.

import Base
import Chat
import Hub
import Reactor
import Store
import Wire

extension Exchange {
    func register() throws(Failure) -> Outcome {
        let (name, password, nickname) = try fields(["username", "password", "nickname"]) {
            fields throws(FieldDefect) in
            (
                try fields.string("username"), try fields.string("password"),
                try fields.optionalString("nickname")
            )
        }
        try chat.checkRegistration(name: name, password: password, nickname: nickname)
        let cost = chat.settings.bcryptCost
        return try work {
            PasswordHash.make(password, cost: cost)
        } then: {
            exchange, hash throws(Failure) in
            try exchange.chat.register(
                name: name, passwordHash: hash, nickname: nickname, at: exchange.time,
                origin: exchange.origin, exchange.workspace, &exchange.reading)
            return .committed
        }
    }

    func signIn() throws(Failure) -> Outcome {
        let (name, password) = try fields(["username", "password"]) { fields throws(FieldDefect) in
            (try fields.string("username"), try fields.string("password"))
        }
        let account = chat.accountForSignIn(name, &reading)
        let hash = account?.passwordHash ?? server.decoyHash
        return try work {
            PasswordHash.verify(password, hash)
        } then: {
            exchange, isRight throws(Failure) in
            guard let account, isRight else {
                throw Failure(.wrongCredentials)
            }
            try exchange.answerSignIn(account)
            return .answer
        }
    }

    private func answerSignIn(_ account: Account) throws(Failure) {
        let issuedAt = time / 1_000
        // The account may have changed while its password was compared.
        let credential = Credential(
            user: account.id, name: account.name, issuedAt: time,
            generation: account.tokenGeneration)
        do throws(Failure) {
            try chat.checkToken(credential, &reading)
        } catch {
            throw error.code == .unauthorized ? Failure(.wrongCredentials) : error
        }
        let expiresAt = issuedAt + Int64(server.settings.tokenSeconds)
        let token = server.keys.sign(
            TokenClaims(
                username: account.name, subject: account.id, role: .user, issuedAt: issuedAt,
                expiresAt: expiresAt, generation: account.tokenGeneration))
        json.append { writer in
            writer.beginObject()
            writer.key("token")
            writer.string(token)
            writer.key("expires_at")
            writer.time(expiresAt * 1_000)
            writer.key("username")
            writer.string(account.name)
            writer.key("nickname")
            writer.string(account.nickname)
            writer.endObject()
        }
    }

    func showMe() throws(Failure) -> Outcome {
        guard let view = chat.user(user, at: time, &reading) else { throw Failure(.unauthorized) }
        json.append { Shape.user(view, withEmail: true, &$0) }
        return .answer
    }

    func changeMe() throws(Failure) -> Outcome {
        let (nickname, avatar, email) = try fields(["nickname", "avatar", "email"]) {
            fields throws(FieldDefect) in
            (
                try fields.optionalString("nickname"), try fields.optionalString("avatar"),
                try fields.optionalString("email")
            )
        }
        let isOnline = chat.hub.online.isOnline(user)
        let now = time
        try chat.changeProfile(
            user, nickname: nickname, avatar: avatar, email: email, origin: origin, workspace,
            &reading
        ) { account, buffer in
            let view = UserView(
                account: account, isOnline: isOnline,
                lastSeenAt: isOnline ? now : account.lastSeenAt)
            buffer.append { Shape.user(view, withEmail: true, &$0) }
        }
        return .committed
    }

    func changePassword() throws(Failure) -> Outcome {
        let (old, new) = try fields(["old_password", "new_password"]) {
            fields throws(FieldDefect) in
            (try fields.string("old_password"), try fields.string("new_password"))
        }
        try TextLimits.checkPassword("new_password", new)
        guard let account = chat.user(user, at: time, &reading)?.account else {
            throw Failure(.unauthorized)
        }
        let (oldHash, cost) = (account.passwordHash, chat.settings.bcryptCost)
        return try work {
            PasswordHash.verify(old, oldHash) ? PasswordHash.make(new, cost: cost) : nil
        } then: {
            exchange, hash throws(Failure) in
            guard let hash else { throw Failure(.wrongPassword) }
            try exchange.chat.changePassword(
                of: exchange.user, from: oldHash, to: hash, at: exchange.time,
                origin: exchange.origin, exchange.workspace, &exchange.reading)
            return .committed
        }
    }

    func showUser() throws(Failure) -> Outcome {
        let view = try chat.user(
            named: try requiredParameter("username"), at: time, &reading)
        json.append { Shape.user(view, withEmail: false, &$0) }
        return .answer
    }

    func searchUsers() throws(Failure) -> Outcome {
        let keyword = try keyword()
        let limit = try limit()
        let chat = chat
        let now = time
        return try work {
            var reading = Reading()
            let found = chat.searchUsers(keyword, limit: limit, at: now, &reading)
            return (found, reading)
        } then: { exchange, result throws(Failure) in
            exchange.reading.saw(result.1.lsn)
            exchange.json.append { writer in
                writer.list("users", result.0) { Shape.user($1, withEmail: false, &$0) }
            }
            return .answer
        }
    }

    func health() -> Outcome {
        json.append("{\"status\":\"ok\"}")
        return .answer
    }
}

extension JSONWriter {
    /// `{"name":[…]}`
    mutating func list<Element>(
        _ name: StaticString, _ elements: [Element], _ write: (inout JSONWriter, Element) -> Void
    ) {
        beginObject()
        key(name)
        beginArray()
        for element in elements { write(&self, element) }
        endArray()
        endObject()
    }
}
