// What changes of a group as a whole put into the log.

package import Base

/// `group u32, membersMax u32, name, notice`
package struct GroupChanged {
    package var group: UInt32
    package var membersMax: UInt32
    package var name: String
    package var notice: String

    package init(group: UInt32, membersMax: UInt32, name: String, notice: String) {
        self.group = group
        self.membersMax = membersMax
        self.name = name
        self.notice = notice
    }

    package func append(to buffer: inout ByteBuffer) {
        buffer.append(littleEndian: group)
        buffer.append(littleEndian: membersMax)
        buffer.append(recordText: name)
        buffer.append(recordText: notice)
    }

    package init?(_ reader: inout RecordReader) {
        group = reader.integer()
        membersMax = reader.integer()
        name = reader.text()
        notice = reader.text()
        guard reader.isGood else { return nil }
    }
}

/// `group u32, members`: all who were in it, since each of them has a list of groups in a stripe of
/// his own. Ten thousand members take ten thousand bytes and a few: rising numbers, each as the
/// distance from the one before, in groups of seven bits, the lowest first.
package struct GroupDissolved {
    package var group: UInt32
    /// Rising.
    package var members: [UInt32]

    package init(group: UInt32, members: [UInt32]) {
        self.group = group
        self.members = members.sorted()
    }

    package func append(to buffer: inout ByteBuffer) {
        buffer.append(littleEndian: group)
        let start = buffer.count
        buffer.append(littleEndian: UInt32(0))
        var last: UInt32 = 0
        for member in members {
            var distance = member - last
            while distance > 0x7F {
                buffer.append(UInt8(truncatingIfNeeded: distance) | 0x80)
                distance >>= 7
            }
            buffer.append(UInt8(distance))
            last = member
        }
        buffer.set(littleEndian: UInt32(buffer.count - start - 4), at: start)
    }

    /// Bytes of the payload.
    package var bytes: Int {
        var last: UInt32 = 0
        return members.reduce(8) { sum, member in
            let bits = 32 - (member - last | 1).leadingZeroBitCount
            last = member
            return sum + (bits + 6) / 7
        }
    }

    package init?(_ reader: inout RecordReader) {
        group = reader.integer()
        let packed = reader.bytes()
        members = []
        var (last, distance, shift): (UInt32, UInt32, UInt32) = (0, 0, 0)
        for index in packed.indices {
            let byte = packed[index]
            guard shift <= 28 else { return nil }
            distance |= UInt32(byte & 0x7F) << shift
            shift += 7
            if byte & 0x80 != 0 { continue }
            let (member, isTooLarge) = last.addingReportingOverflow(distance)
            if isTooLarge { return nil }
            members.append(member)
            (last, distance, shift) = (member, 0, 0)
        }
        guard reader.isGood, shift == 0 else { return nil }
    }
}

extension LockedTables {
    func apply(_ record: GroupChanged) {
        guard let row = unsafe group(record.group) else { return }
        unsafe row.pointee?.name = record.name
        unsafe row.pointee?.foldedName = Folding.fold(record.name)
        unsafe row.pointee?.notice = record.notice
        unsafe row.pointee?.membersMax = record.membersMax
    }

    func apply(_ record: GroupDissolved, _ lsn: UInt64) {
        on(stripeOf(group: record.group), lsn) {
            guard let row = unsafe group(record.group) else { return }
            unsafe row.pointee?.isDissolved = true
            unsafe row.pointee?.members.removeAll()
        }
        for member in record.members {
            on(stripeOf(user: member), lsn) { removeGroup(record.group, from: member) }
        }
    }
}
