// A user's list of contacts. It is his alone: whoever is in it does not learn of it.

import Base
import Hub
package import Store

package struct ContactView: Sendable {
    package let name: String
    package let nickname: String
    package let avatar: String
    package let remark: String
    package let isOnline: Bool
    package let addedAt: Int64
}

extension Chat {
    /// Contacts of a user; beyond, none is added.
    package static let contactsMax = 10_000

    /// In the order of adding.
    package func contacts(of user: UInt32, _ reading: inout Reading) -> [ContactView] {
        let contacts = tables.withLocked(.user(user), &reading) { $0.contacts(of: user) }
        return contacts.compactMap { contact in
            let account = tables.withLocked(.user(contact.user), &reading) {
                $0.account(contact.user)
            }
            guard let account else { return nil }
            return ContactView(
                name: account.name, nickname: account.nickname, avatar: account.avatar,
                remark: contact.remark, isOnline: hub.online.isOnline(contact.user),
                addedAt: contact.addedAt)
        }
    }

    /// Adds a contact. For one who is there already a remark that is given takes the place of the
    /// old one.
    package func addContact(
        named name: String, remark: String?, by user: UInt32, at time: Int64, origin: Origin,
        _ workspace: Workspace, _ reading: inout Reading
    ) throws(Failure) {
        if let remark { try TextLimits.checkRemark("remark", remark) }
        guard let contact = tables.user(named: name) else { throw Failure(.userNotFound) }
        if contact == user { throw .field("username", "is your own name") }
        let admitted = 64 + (remark?.utf8.count ?? TextLimits.remarkBytesMax)
        try admit(admitted)
        do throws(Failure) {
            let isNews = try tables.withLocked(.user(user) + .user(contact), &reading) {
                locked throws(Failure) -> Bool in
                guard locked.exists(contact) else { throw Failure(.userNotFound) }
                let known = locked.contact(contact, of: user)
                if let known, known.remark == remark ?? known.remark { return false }
                if known == nil, locked.contacts(of: user).count >= Self.contactsMax {
                    throw Failure(
                        .invalidRequest, "A user can have at most \(Self.contactsMax) contacts.")
                }
                let record = ContactSet(
                    user: user, contact: contact, addedAt: known?.addedAt ?? time,
                    remark: remark ?? "")
                commit(
                    .contactSet, in: locked, admitted: admitted, workspace,
                    effects: { _, effects in appendAdded(origin, to: &effects) },
                    { record.append(to: &$0) })
                return true
            }
            if isNews { return }
        } catch {
            log.cancel(bytes: admitted)
            throw error
        }
        log.cancel(bytes: admitted)
        log.attach { appendAdded(origin, to: &$0) }
    }

    private func appendAdded(_ origin: Origin, to effects: inout ByteBuffer) {
        appendAnswer(origin, to: &effects) { $0.append("{\"message\":\"contact added\"}") }
    }

    package func removeContact(
        named name: String, by user: UInt32, origin: Origin, _ workspace: Workspace,
        _ reading: inout Reading
    ) throws(Failure) {
        guard let contact = tables.user(named: name) else { throw Failure(.userNotFound) }
        let record = ContactRemoved(user: user, contact: contact)
        let admitted = 16
        try admit(admitted)
        do throws(Failure) {
            try tables.withLocked(.user(user), &reading) { locked throws(Failure) in
                guard locked.contact(contact, of: user) != nil else {
                    throw Failure(.userNotFound, "This user is not among your contacts.")
                }
                commit(
                    .contactRemoved, in: locked, admitted: admitted, workspace,
                    effects: { _, effects in
                        appendAnswer(origin, to: &effects) {
                            $0.append("{\"message\":\"contact deleted\"}")
                        }
                    }, { record.append(to: &$0) })
            }
        } catch {
            log.cancel(bytes: admitted)
            throw error
        }
    }
}
