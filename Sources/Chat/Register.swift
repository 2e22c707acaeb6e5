// Making an account. The password has been hashed by then, off the reactor's thread.

import Base
package import Store

extension Chat {
    /// Checks what can be checked before the password is hashed.
    package func checkRegistration(
        name: String, password: String, nickname: String?
    ) throws(Failure) {
        if let defect = UserName.defect(name) { throw .field("username", defect) }
        try TextLimits.checkPassword("password", password)
        if let nickname { try TextLimits.checkShortName("nickname", nickname) }
        if tables.user(named: name) != nil { throw Failure(.userExists) }
    }

    /// Makes the account. Of two who ask for one name at the same moment, one gets it.
    package func register(
        name: String, passwordHash: String, nickname: String?, at time: Int64, origin: Origin,
        _ workspace: Workspace, _ reading: inout Reading
    ) throws(Failure) {
        let admitted =
            64 + name.utf8.count + (nickname ?? name).utf8.count + passwordHash.utf8.count
        try admitGrowth(admitted)
        guard let user = tables.reserveUser(name: name) else {
            log.cancel(bytes: admitted)
            throw Failure(.userExists)
        }
        let record = UserCreated(
            user: user, createdAt: time, name: name, nickname: nickname ?? name,
            passwordHash: passwordHash)
        tables.withLocked(.user(user), &reading) { locked in
            commit(
                .userCreated, in: locked, admitted: admitted, workspace,
                effects: { _, effects in
                    appendAnswer(origin, to: &effects) {
                        $0.append("{\"message\":\"register success\"}")
                    }
                }, { record.append(to: &$0) })
        }
    }
}
