// The operators' accounts: few, and apart from the users'. They live in stripe 0.

package import Base

package struct Admin: Sendable, Equatable {
    package let name: String
    package var passwordHash: String
    package let createdAt: Int64
}

/// `createdAt i64, name, passwordHash`
package struct AdminCreated {
    package var createdAt: Int64
    package var name: String
    package var passwordHash: String

    package init(createdAt: Int64, name: String, passwordHash: String) {
        self.createdAt = createdAt
        self.name = name
        self.passwordHash = passwordHash
    }

    package func append(to buffer: inout ByteBuffer) {
        buffer.append(littleEndian: createdAt)
        buffer.append(recordText: name)
        buffer.append(recordText: passwordHash)
    }

    init?(_ reader: inout RecordReader) {
        createdAt = reader.integer()
        name = reader.text()
        passwordHash = reader.text()
        guard reader.isGood else { return nil }
    }
}

extension StripeSet {
    /// Where the admins are.
    package static let admins = StripeSet(bits: 1)
    static let adminsIndex = 0
}

extension LockedTables {
    package var admins: [Admin] {
        unsafe slot(StripeSet.adminsIndex).pointee.stripe.admins
    }

    func apply(_ record: AdminCreated) {
        unsafe slot(StripeSet.adminsIndex).pointee.stripe.admins.append(
            Admin(
                name: record.name, passwordHash: record.passwordHash, createdAt: record.createdAt))
    }
}
