// Some consecutive messages of one conversation, packed into one run of bytes with an index of
// where each begins. Messages are only ever appended.
//
//     0    8      16       20      21                  … │ content length (4) │ content
//     │ id │ time │ sender │ flags │ msg_id, by flags    │
//
//     msg_id   uuid flag: 16 bytes, for text that is a lower-case UUID and so comes out the same
//              generated flag: nothing, the text follows from the id
//              else: one byte of length, then the text
//
// A block is closed at 16 KiB or 256 messages: small enough to be searched or packed in one go,
// large enough that its own overhead does not count.

package import Base

/// A message as it lies in its block; good while the conversation is locked.
package struct StoredMessage: ~Escapable {
    package let id: UInt64
    package let sequence: UInt32
    /// Milliseconds since 1970.
    package let time: Int64
    package let sender: UInt32
    package let content: Span<UInt8>
    private let msgID: Span<UInt8>
    private let flags: UInt8

    @_lifetime(copy entry)
    init(_ entry: Span<UInt8>, sequence: UInt32) {
        self.sequence = sequence
        id = entry.integer(UInt64.self, at: 0)
        time = entry.integer(Int64.self, at: 8)
        sender = entry.integer(UInt32.self, at: 16)
        flags = entry[20]
        var start = 21
        var length = 0
        if flags & MessageBlock.uuidFlag != 0 {
            length = 16
        } else if flags & MessageBlock.generatedFlag == 0 {
            length = Int(entry[21])
            start = 22
        }
        msgID = entry.extracting(start..<start + length)
        let at = start + length
        let contentLength = Int(entry.integer(UInt32.self, at: at))
        content = entry.extracting(at + 4..<at + 4 + contentLength)
    }

    package var isRecalled: Bool { flags & MessageBlock.recalledFlag != 0 }

    /// The sender's msg_id as text, or the one that was made for him.
    package func appendMsgID(to buffer: inout ByteBuffer) {
        if flags & MessageBlock.uuidFlag != 0 {
            UUIDText.append(msgID, to: &buffer)
        } else if flags & MessageBlock.generatedFlag != 0 {
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

final class MessageBlock {
    static let uuidFlag: UInt8 = 1
    static let generatedFlag: UInt8 = 2
    static let recalledFlag: UInt8 = 4

    private static let bytesMax = 16 * 1_024
    private static let messagesMax = 256

    let firstSequence: UInt32
    var bytes: ByteBuffer
    var starts: [UInt32] = []

    init(firstSequence: UInt32) {
        self.firstSequence = firstSequence
        bytes = ByteBuffer(capacity: 256)
    }

    var count: Int { starts.count }
    var isFull: Bool { bytes.count >= Self.bytesMax || starts.count >= Self.messagesMax }

    func append(
        id: UInt64, time: Int64, sender: UInt32, msgID: Span<UInt8>, content: Span<UInt8>
    ) {
        starts.append(UInt32(truncatingIfNeeded: bytes.count))
        bytes.append(littleEndian: id)
        bytes.append(littleEndian: time)
        bytes.append(littleEndian: sender)
        if msgID.isEmpty {
            bytes.append(Self.generatedFlag)
        } else if let uuid = UUIDText.parse(msgID) {
            bytes.append(Self.uuidFlag)
            bytes.append(uuid.span)
        } else {
            bytes.append(UInt8(0))
            bytes.append(UInt8(truncatingIfNeeded: msgID.count))
            bytes.append(msgID)
        }
        bytes.append(littleEndian: UInt32(truncatingIfNeeded: content.count))
        bytes.append(content)
    }

    /// Calls `body` with the message at `index` of this block.
    func withMessage<R>(_ index: Int, _ body: (borrowing StoredMessage) -> R) -> R {
        let start = Int(starts[index])
        let end = index + 1 < starts.count ? Int(starts[index + 1]) : bytes.count
        let sequence = firstSequence + UInt32(index)
        return bytes.withSpan { span in
            let message = StoredMessage(span.extracting(start..<end), sequence: sequence)
            return body(message)
        }
    }

    func id(_ index: Int) -> UInt64 { bytes.get(UInt64.self, at: Int(starts[index])) }

    /// How many messages of this block have an id at or below `id`.
    func count(upToID id: UInt64) -> Int {
        var low = 0
        var high = starts.count
        while low < high {
            let middle = (low + high) / 2
            if self.id(middle) <= id { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// No more messages will come: memory that was kept for them is given back.
    func seal() {
        var exact = ByteBuffer(capacity: bytes.count)
        bytes.withSpan { exact.append($0) }
        swap(&exact, &bytes)
        starts = Array(starts)
    }
}
