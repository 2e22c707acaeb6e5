// Reading accounts, signing in, and changing one's own profile.

package import Base
import Hub
package import Store

/// An account as others see it, with what only the hub knows.
package struct UserView: Sendable {
    package let account: Account
    package let isOnline: Bool
    /// `last_seen_at`: of someone online it is now.
    package let lastSeenAt: Int64

    package init(account: Account, isOnline: Bool, lastSeenAt: Int64) {
        self.account = account
        self.isOnline = isOnline
        self.lastSeenAt = lastSeenAt
    }
}

/// What a token says about who it was given to, and when.
package struct Credential: Sendable, Equatable {
    package let user: UInt32
    package let name: String
    /// Milliseconds.
    package let issuedAt: Int64
    /// The account's token generation by then; nil in a token that somebody else has signed.
    package let generation: UInt32?

    package init(user: UInt32, name: String, issuedAt: Int64, generation: UInt32?) {
        self.user = user
        self.name = name
        self.issuedAt = issuedAt
        self.generation = generation
    }
}

extension Account {
    /// Moments decide only where no generation is named: within one second, and on a clock that is
    /// set back, they would refuse a good token or let an old one pass.
    func accepts(_ credential: Credential) -> Bool {
        guard name == credential.name else { return false }
        guard let generation = credential.generation else {
            return credential.issuedAt >= tokensValidAfter
        }
        return generation == tokenGeneration
    }
}

extension Chat {
    package func user(_ user: UInt32, at time: Int64, _ reading: inout Reading) -> UserView? {
        guard let account = tables.withLocked(.user(user), &reading, { $0.account(user) }) else {
            return nil
        }
        let isOnline = hub.online.isOnline(user)
        return UserView(
            account: account, isOnline: isOnline, lastSeenAt: isOnline ? time : account.lastSeenAt)
    }

    package func user(
        named name: String, at time: Int64, _ reading: inout Reading
    ) throws(Failure) -> UserView {
        guard let number = tables.user(named: name), let found = user(number, at: time, &reading)
        else { throw Failure(.userNotFound) }
        return found
    }

    /// The account that a log-in names, if there is one: for the worker that compares the password.
    package func accountForSignIn(_ name: String, _ reading: inout Reading) -> Account? {
        guard let number = tables.user(named: name) else { return nil }
        return tables.withLocked(.user(number), &reading) { $0.account(number) }
    }

    /// Whether a token is still good: its user is there, by this name, and has neither changed his
    /// password since nor been disabled.
    package func checkToken(
        _ credential: Credential, _ reading: inout Reading
    ) throws(Failure) {
        let user = credential.user
        let account = tables.withLocked(.user(user), &reading) { $0.account(user) }
        guard let account, account.accepts(credential) else { throw Failure(.unauthorized) }
        if account.isDisabled { throw Failure(.userDisabled) }
    }

    /// Changes what is given; the answer is made by `view` from the account as it is then.
    package func changeProfile(
        _ user: UInt32, nickname: String?, avatar: String?, email: String?, origin: Origin,
        _ workspace: Workspace, _ reading: inout Reading,
        view: (Account, inout ByteBuffer) -> Void
    ) throws(Failure) {
        if let nickname { try TextLimits.checkShortName("nickname", nickname) }
        if let avatar {
            try TextLimits.checkBytes("avatar", avatar, most: TextLimits.avatarBytesMax)
        }
        if let email { try TextLimits.checkBytes("email", email, most: TextLimits.emailBytesMax) }
        let admitted = 2_048
        try admit(admitted)
        do throws(Failure) {
            try tables.withLocked(.user(user), &reading) { locked throws(Failure) in
                guard var account = locked.account(user) else { throw Failure(.unauthorized) }
                account.nickname = nickname ?? account.nickname
                account.avatar = avatar ?? account.avatar
                account.email = email ?? account.email
                let changed = account
                let record = ProfileChanged(
                    user: user, nickname: changed.nickname, avatar: changed.avatar,
                    email: changed.email)
                commit(
                    .profileChanged, in: locked, admitted: admitted, workspace,
                    effects: { _, effects in
                        appendAnswer(origin, to: &effects) { view(changed, &$0) }
                    }, { record.append(to: &$0) })
            }
        } catch {
            log.cancel(bytes: admitted)
            throw error
        }
    }
}
