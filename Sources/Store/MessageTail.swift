// The newest messages of a conversation: a page that still grows.
//
// A value: a copy of it is a view of what was there at that moment, whatever is appended to the
// original (MessagePage.swift says why). Only one of the copies may be appended to.
//
// A tail is full at 32 KiB or 256 messages: small enough to be unpacked for one message, large
// enough that neither its own overhead nor LZ4's start counts.

import Base

struct MessageTail {
    static let bytesMax = 32 * 1_024
    static let messagesMax = 256
    private static let bytesMin = 240
    /// Capacity that serves a full tail of short messages.
    private static let fullBytes = bytesMax + messagesMax * MessagePage.startBytes + 256

    let firstSequence: UInt32
    private(set) var page: MessagePage
    private(set) var used = 0
    private(set) var count = 0

    init(firstSequence: UInt32) {
        self.firstSequence = firstSequence
        page = MessagePage(capacity: Self.bytesMin)
    }

    /// What a snapshot holds: `count` entries in the first `used` bytes of the page.
    init(firstSequence: UInt32, page: MessagePage, used: Int, count: Int) {
        self.firstSequence = firstSequence
        self.page = page
        self.used = used
        self.count = count
    }

    var isFull: Bool { used >= Self.bytesMax || count >= Self.messagesMax }

    /// Appends a message with its msg_id as stored.
    mutating func append(
        id: UInt64, time: Int64, sender: UInt32, flags: UInt8, msgID: Span<UInt8>,
        content: Span<UInt8>
    ) {
        let bytes = MessageEntry.bytes(flags: flags, msgID: msgID.count, content: content.count)
        let needed = used + bytes + (count + 1) * MessagePage.startBytes
        if needed > page.capacity {
            // By half, because what stands empty in the tails of many short conversations adds up;
            // and no further than a full one needs, so that it need not be copied when sealed.
            let capacity = max(needed, min(page.capacity * 3 / 2, Self.fullBytes))
            page = page.copy(used: used, count: count, capacity: capacity)
        }
        page.setStart(count, used)
        used = MessageEntry.write(
            to: page, at: used, id: id, time: time, sender: sender, flags: flags, msgID: msgID,
            content: content)
        count += 1
    }

    /// Appends a message with its msg_id as text; an empty one is the server's.
    mutating func append(
        id: UInt64, time: Int64, sender: UInt32, msgIDText: Span<UInt8>, content: Span<UInt8>
    ) {
        if msgIDText.isEmpty {
            append(
                id: id, time: time, sender: sender, flags: MessageEntry.generatedFlag,
                msgID: msgIDText, content: content)
        } else if let uuid = UUIDText.parse(msgIDText) {
            append(
                id: id, time: time, sender: sender, flags: MessageEntry.uuidFlag,
                msgID: uuid.span, content: content)
        } else {
            append(
                id: id, time: time, sender: sender, flags: 0, msgID: msgIDText, content: content)
        }
    }

    /// A page of about the size of its entries.
    func exactPage() -> MessagePage {
        let needed = used + count * MessagePage.startBytes
        if page.capacity - needed <= page.capacity / 16 { return page }
        return page.copy(used: used, count: count, capacity: needed)
    }
}

/// Entries in a page, for reading.
struct MessageView {
    let page: MessagePage
    let firstSequence: UInt32
    let used: Int
    let count: Int

    init(_ tail: MessageTail) {
        page = tail.page
        firstSequence = tail.firstSequence
        used = tail.used
        count = tail.count
    }

    init(page: MessagePage, firstSequence: UInt32, used: Int, count: Int) {
        self.page = page
        self.firstSequence = firstSequence
        self.used = used
        self.count = count
    }

    func withMessage<R, E: Error>(
        _ index: Int, _ body: (borrowing StoredMessage) throws(E) -> R
    ) throws(E) -> R {
        precondition(index >= 0 && index < count, "a message that is not there")
        let end = index + 1 < count ? page.start(index + 1) : used
        let sequence = firstSequence + UInt32(index)
        return try page.withBytes(page.start(index)..<end) { bytes throws(E) in
            try body(StoredMessage(bytes, sequence: sequence))
        }
    }

    func id(_ index: Int) -> UInt64 { page.integer(UInt64.self, at: page.start(index)) }

    /// The first sequence whose message was sent at `time` or later.
    func sequence(from time: Int64) -> UInt32 {
        for index in 0..<count where withMessage(index, { $0.time >= time }) {
            return firstSequence + UInt32(index)
        }
        return firstSequence + UInt32(count)
    }

    /// How many messages have an id at or below `id`.
    func count(upToID id: UInt64) -> Int {
        var low = 0
        var high = count
        while low < high {
            let middle = (low + high) / 2
            if self.id(middle) <= id { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
