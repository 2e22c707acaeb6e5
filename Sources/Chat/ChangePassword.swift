// A new password: all tokens that were issued under the old one are void from here on, and all of
// the user's connections end, as an effect in log order: what was sent before arrives before.

import Base
import Hub
import Reactor
package import Store

extension Chat {
    /// Sets the hash of a new password. `oldHash` is what the old one was compared with, off the
    /// reactor; nil for an operator, who need not know it. Of two changes at once, one is refused.
    package func changePassword(
        of user: UInt32, from oldHash: String?, to hash: String, at time: Int64, origin: Origin,
        _ workspace: Workspace, _ reading: inout Reading
    ) throws(Failure) {
        let admitted = 64 + hash.utf8.count
        try admit(admitted)
        do throws(Failure) {
            try tables.withLocked(.user(user), &reading) { locked throws(Failure) in
                guard let account = locked.account(user) else { throw Failure(.userNotFound) }
                if let oldHash, account.passwordHash != oldHash { throw Failure(.wrongPassword) }
                let record = PasswordChanged(
                    user: user, time: time, generation: account.tokenGeneration &+ 1,
                    passwordHash: hash)
                commit(
                    .passwordChanged, in: locked, admitted: admitted, workspace,
                    effects: { lsn, effects in
                        var effect = Effect(.ended)
                        effect.lsn = lsn
                        effect.origin = origin.connection
                        effect.request = origin.request
                        effect.userA = user
                        effect.append(
                            to: &effects,
                            answer: {
                                appendAnswer(origin, body: &$0) {
                                    $0.append("{\"message\":\"password updated\"}")
                                }
                            })
                    }, { record.append(to: &$0) })
            }
        } catch {
            log.cancel(bytes: admitted)
            throw error
        }
    }
}
