// A message as it lies in its page:
//
//     0    8      16       20      21                  … │ content length (4) │ content
//     │ id │ time │ sender │ flags │ msg_id, by flags    │
//
//     msg_id   uuid flag: 16 bytes, for text that is a lower-case UUID and so comes out the same
//              generated flag: nothing, the text follows from the id
//              else: one byte of length, then the text
//
// The same bytes stand in snapshots; `MessageEntry.end` checks what comes from there.

package import Base

/// A message for reading; good while the conversation is locked.
package struct StoredMessage: ~Escapable {
    package let id: UInt64
    package let sequence: UInt32
    /// Milliseconds since 1970.
    package let time: Int64
    package let sender: UInt32
    package let content: Span<UInt8>
    /// As it is stored, by the flags.
    let msgID: Span<UInt8>
    let flags: UInt8

    /// - Parameter entry: a whole entry, known to be good.
    @_lifetime(copy entry)
    init(_ entry: Span<UInt8>, sequence: UInt32) {
        self.sequence = sequence
        id = entry.integer(UInt64.self, at: 0)
        time = entry.integer(Int64.self, at: 8)
        sender = entry.integer(UInt32.self, at: 16)
        flags = entry[20]
        let place = MessageEntry.msgIDPlace(flags, entry[min(21, entry.count - 1)])
        msgID = entry.extracting(place)
        let at = place.upperBound
        let contentLength = Int(entry.integer(UInt32.self, at: at))
        content = entry.extracting(at + 4..<at + 4 + contentLength)
    }

    package var isRecalled: Bool { flags & MessageEntry.recalledFlag != 0 }

    /// The sender's msg_id as text, or the one that was made for him.
    package func appendMsgID(to buffer: inout ByteBuffer) {
        if flags & MessageEntry.uuidFlag != 0 {
            UUIDText.append(msgID, to: &buffer)
        } else if flags & MessageEntry.generatedFlag != 0 {
            GeneratedMsgID.append(id, to: &buffer)
        } else {
            buffer.append(msgID)
        }
    }

    func hasMsgID(_ text: Span<UInt8>) -> Bool {
        var buffer = ByteBuffer(capacity: 64)
        appendMsgID(to: &buffer)
        return buffer.span.isEqual(to: text)
    }
}

/// What the server calls a message that came without a msg_id.
package enum GeneratedMsgID {
    package static func append(_ id: UInt64, to buffer: inout ByteBuffer) {
        buffer.append("server-")
        buffer.append(decimal: id)
    }
}

enum MessageEntry {
    static let uuidFlag: UInt8 = 1
    static let generatedFlag: UInt8 = 2
    static let recalledFlag: UInt8 = 4
    static let flagsMask: UInt8 = 7
    /// Up to the msg_id.
    static let headerBytes = 21

    /// Where the msg_id lies; `length` is the byte behind the header.
    static func msgIDPlace(_ flags: UInt8, _ length: UInt8) -> Range<Int> {
        if flags & uuidFlag != 0 { return headerBytes..<headerBytes + 16 }
        if flags & generatedFlag != 0 { return headerBytes..<headerBytes }
        return headerBytes + 1..<headerBytes + 1 + Int(length)
    }

    /// Bytes of an entry with a msg_id of `msgID` bytes as stored, and `content` bytes of content.
    static func bytes(flags: UInt8, msgID: Int, content: Int) -> Int {
        let isText = flags & (uuidFlag | generatedFlag) == 0
        return headerBytes + (isText ? 1 : 0) + msgID + 4 + content
    }

    /// Where the entry at `start` ends; nil when it is not one. For bytes from disk.
    static func end(_ bytes: Span<UInt8>, from start: Int) -> Int? {
        guard start >= 0, bytes.count - start > headerBytes else { return nil }
        let flags = bytes[start + 20]
        guard flags & ~flagsMask == 0, flags & uuidFlag == 0 || flags & generatedFlag == 0 else {
            return nil
        }
        let lengthAt = start + msgIDPlace(flags, bytes[start + headerBytes]).upperBound
        guard bytes.count - lengthAt >= 4 else { return nil }
        let length = Int(bytes.integer(UInt32.self, at: lengthAt))
        guard bytes.count - lengthAt - 4 >= length else { return nil }
        return lengthAt + 4 + length
    }

    /// Writes an entry at `offset` of a page that has room for it. The msg_id is as stored.
    /// Returns its end.
    static func write(
        to page: MessagePage, at offset: Int, id: UInt64, time: Int64, sender: UInt32,
        flags: UInt8, msgID: Span<UInt8>, content: Span<UInt8>
    ) -> Int {
        page.write(littleEndian: id, at: offset)
        page.write(littleEndian: time, at: offset + 8)
        page.write(littleEndian: sender, at: offset + 16)
        page.write(littleEndian: flags, at: offset + 20)
        var at = offset + headerBytes
        if flags & (uuidFlag | generatedFlag) == 0 {
            page.write(littleEndian: UInt8(truncatingIfNeeded: msgID.count), at: at)
            at += 1
        }
        page.write(msgID, at: at)
        at += msgID.count
        page.write(littleEndian: UInt32(truncatingIfNeeded: content.count), at: at)
        page.write(content, at: at + 4)
        return at + 4 + content.count
    }
}
