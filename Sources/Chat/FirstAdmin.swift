// The operator's account of a server that has none yet.

import Base
package import Store

extension Chat {
    /// Makes the first admin. `password` is nil where none is configured: one is made, and
    /// returned so that it can be shown, once. Nil when there is an admin already.
    package func makeFirstAdmin(
        name: String, password: String?, at time: Int64, _ workspace: Workspace
    ) throws(Failure) -> String? {
        var reading = Reading()
        let isThere = tables.withLocked(.admins, &reading) { !$0.admins.isEmpty }
        if isThere { return nil }
        let chosen = password ?? Self.randomPassword()
        let record = AdminCreated(
            createdAt: time, name: name,
            passwordHash: PasswordHash.make(chosen, cost: settings.bcryptCost))
        let admitted = 64 + name.utf8.count + record.passwordHash.utf8.count
        try admit(admitted)
        tables.withLocked(.admins, &reading) { locked in
            commit(
                .adminCreated, in: locked, admitted: admitted, workspace, effects: { _, _ in },
                { record.append(to: &$0) })
        }
        return chosen
    }

    package func admin(named name: String, _ reading: inout Reading) -> Admin? {
        tables.withLocked(.admins, &reading) { $0.admins.first { $0.name == name } }
    }

    /// 20 characters of an alphabet without look-alikes: more than 100 bits.
    private static func randomPassword() -> String {
        let alphabet = Array("abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789")
        var text = ""
        while text.count < 20 {
            for byte in Random.bytes(32) where text.count < 20 {
                // Bytes past the last whole alphabet would favour its first letters.
                if Int(byte) < 256 / alphabet.count * alphabet.count {
                    text.append(alphabet[Int(byte) % alphabet.count])
                }
            }
        }
        return text
    }
}
