// Records of small changes: what was written is read, what is cut short is refused, and no bytes
// make the reader trap.

import Base
import Store
import TestSupport
import Testing

@Suite struct MarkRecordTests {
    private func bytes(_ write: (inout ByteBuffer) -> Void) -> [UInt8] {
        var buffer = ByteBuffer()
        write(&buffer)
        return buffer.withSpan { span in span.indices.map { span[$0] } }
    }

    private func members(_ payload: [UInt8]) -> [UInt32]? {
        var reader = RecordReader(payload.span)
        return GroupDissolved(&reader)?.members
    }

    @Test(arguments: [
        [], [1], [0, 1, 2], [127, 128, 255, 256], [1, 129, 16_513, 2_113_665, 270_549_121],
        [UInt32.max], [0, UInt32.max], Array(1...10_000),
    ])
    func membersArePacked(_ users: [UInt32]) {
        let record = GroupDissolved(group: 7, members: users.reversed())
        let payload = bytes { record.append(to: &$0) }
        #expect(members(payload) == users && record.bytes == payload.count)
        for length in stride(from: 0, to: payload.count, by: max(1, payload.count / 50)) {
            #expect(members(Array(payload[..<length])) == nil)
        }
    }

    @Test func tenThousandMembersAreTenThousandBytes() {
        #expect(GroupDissolved(group: 1, members: Array(500...10_499)).bytes < 10_020)
    }

    @Test func packedNumbersThatAreNoneAreRefused() {
        for packed: [UInt8] in [
            [0x80], [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01], [0x05, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F],
        ] {
            let head = bytes { buffer in
                buffer.append(littleEndian: UInt32(7))
                buffer.append(littleEndian: UInt32(packed.count))
            }
            #expect(members(head + packed) == nil)
        }
    }

    @Test func everyPrefixIsRefused() {
        let key = ConversationKey(3, 9)
        let payloads: [[UInt8]] = [
            bytes {
                PasswordChanged(user: 1, time: 2, generation: 3, passwordHash: "$2b$").append(
                    to: &$0)
            },
            bytes { ContactSet(user: 1, contact: 2, addedAt: 3, remark: "友").append(to: &$0) },
            bytes { ContactRemoved(user: 1, contact: 2).append(to: &$0) },
            bytes {
                ReadMarked(user: 3, conversation: key, sequence: 5, ownUnread: 1).append(to: &$0)
            },
            bytes { GroupChanged(group: 1, membersMax: 2, name: "n", notice: "x").append(to: &$0) },
            bytes {
                MessageRecalled(id: 8, conversation: key, sequence: 5, time: 1).append(to: &$0)
            },
        ]
        for (kind, payload) in payloads.enumerated() {
            for length in 0...payload.count {
                var reader = RecordReader(payload.span.extracting(0..<length))
                let isRead =
                    switch kind {
                    case 0: PasswordChanged(&reader) != nil
                    case 1: ContactSet(&reader) != nil
                    case 2: ContactRemoved(&reader) != nil
                    case 3: ReadMarked(&reader) != nil
                    case 4: GroupChanged(&reader) != nil
                    default: MessageRecalled(&reader) != nil
                    }
                #expect(isRead == (length == payload.count), "kind \(kind), \(length) bytes")
            }
        }
    }
}
