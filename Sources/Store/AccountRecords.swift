// What changes of an account's password and contacts put into the log.

package import Base

/// `user u32, time i64, generation u32, passwordHash`: tokens of earlier generations are void, and
/// so are those without one that were issued before `time`.
package struct PasswordChanged {
    package var user: UInt32
    package var time: Int64
    package var generation: UInt32
    package var passwordHash: String

    package init(user: UInt32, time: Int64, generation: UInt32, passwordHash: String) {
        self.user = user
        self.time = time
        self.generation = generation
        self.passwordHash = passwordHash
    }

    package func append(to buffer: inout ByteBuffer) {
        buffer.append(littleEndian: user)
        buffer.append(littleEndian: time)
        buffer.append(littleEndian: generation)
        buffer.append(recordText: passwordHash)
    }

    package init?(_ reader: inout RecordReader) {
        user = reader.integer()
        time = reader.integer()
        generation = reader.integer()
        passwordHash = reader.text()
        guard reader.isGood else { return nil }
    }
}

/// `user u32, contact u32, addedAt i64, remark`: added, or changed where it was there already.
package struct ContactSet {
    package var user: UInt32
    package var contact: UInt32
    package var addedAt: Int64
    package var remark: String

    package init(user: UInt32, contact: UInt32, addedAt: Int64, remark: String) {
        self.user = user
        self.contact = contact
        self.addedAt = addedAt
        self.remark = remark
    }

    package func append(to buffer: inout ByteBuffer) {
        buffer.append(littleEndian: user)
        buffer.append(littleEndian: contact)
        buffer.append(littleEndian: addedAt)
        buffer.append(recordText: remark)
    }

    package init?(_ reader: inout RecordReader) {
        user = reader.integer()
        contact = reader.integer()
        addedAt = reader.integer()
        remark = reader.text()
        guard reader.isGood else { return nil }
    }
}

/// `user u32, contact u32`
package struct ContactRemoved {
    package var user: UInt32
    package var contact: UInt32

    package init(user: UInt32, contact: UInt32) {
        self.user = user
        self.contact = contact
    }

    package func append(to buffer: inout ByteBuffer) {
        buffer.append(littleEndian: user)
        buffer.append(littleEndian: contact)
    }

    package init?(_ reader: inout RecordReader) {
        user = reader.integer()
        contact = reader.integer()
        guard reader.isGood else { return nil }
    }
}

extension LockedTables {
    func apply(_ record: PasswordChanged) {
        guard let row = unsafe user(record.user) else { return }
        unsafe row.pointee?.account.passwordHash = record.passwordHash
        unsafe row.pointee?.account.tokensValidAfter = record.time
        unsafe row.pointee?.account.tokenGeneration = record.generation
    }

    func apply(_ record: ContactSet) {
        guard let row = unsafe user(record.user) else { return }
        let contact = Contact(
            user: record.contact, remark: record.remark, addedAt: record.addedAt)
        if let place = unsafe row.pointee?.place(ofContact: record.contact) {
            unsafe row.pointee?.contacts[place] = contact
        } else {
            unsafe row.pointee?.contacts.append(contact)
        }
    }

    func apply(_ record: ContactRemoved) {
        guard let row = unsafe user(record.user),
            let place = unsafe row.pointee?.place(ofContact: record.contact)
        else { return }
        unsafe row.pointee?.contacts.remove(at: place)
    }

    /// In the order of adding.
    package func contacts(of user: UInt32) -> [Contact] {
        guard let row = unsafe self.user(user) else { return [] }
        return unsafe row.pointee?.contacts ?? []
    }

    package func contact(_ contact: UInt32, of user: UInt32) -> Contact? {
        guard let row = unsafe self.user(user),
            let place = unsafe row.pointee?.place(ofContact: contact)
        else { return nil }
        return unsafe row.pointee?.contacts[place]
    }
}

extension User {
    func place(ofContact contact: UInt32) -> Int? {
        contacts.firstIndex { $0.user == contact }
    }
}
