// Messages that nobody has asked for lately, made small: what they have in common side by side in
// columns, their contents as one LZ4 block. The same bytes stand in snapshots.
//
//      0  2  count n, 1 to 256
//      2  4  bytes of the entries when they are unpacked
//      6  4  bytes of all contents
//     10  4  bytes of the contents as they lie here; the same number when they are not packed
//     14     first id u64, n - 1 × varint: by how much the id rises
//            first time i64, n - 1 × zigzag varint
//            varint m, m × varint: the senders; n × 1: which of them
//            n × varint: content length × 8 + flags (StoredMessage.swift)
//            n × msg_id: by the flags 16 bytes, nothing, or a length of 1 and that many bytes
//            the contents
//
// A varint has seven bits a byte, the lowest first; the top bit says that more follow.

import Base

struct PackedMessages: Sendable {
    let bytes: [UInt8]

    private static let headerBytes = 14

    private init(bytes: [UInt8]) { self.bytes = bytes }

    /// Checks all but what the contents unpack to, and says when the last message was sent; nil
    /// when the bytes are none of ours.
    static func check(
        _ bytes: [UInt8], ids: (UInt64) -> Void
    ) -> (packed: PackedMessages, lastTime: Int64)? {
        var columns = PackedColumns(bytes.span)
        guard columns.readAll(ids: ids) else { return nil }
        return (PackedMessages(bytes: bytes), columns.lastTime)
    }

    init(_ view: MessageView) {
        var contents = ByteBuffer(capacity: view.used)
        var columns = Columns()
        for index in 0..<view.count {
            view.withMessage(index) { message in
                columns.append(message)
                contents.append(message.content)
            }
        }
        var buffer = ByteBuffer(capacity: view.used / 2 + Self.headerBytes)
        buffer.append(littleEndian: UInt16(truncatingIfNeeded: view.count))
        buffer.append(littleEndian: UInt32(truncatingIfNeeded: view.used))
        buffer.append(littleEndian: UInt32(truncatingIfNeeded: contents.count))
        buffer.append(littleEndian: UInt32(0))
        columns.move(to: &buffer)
        let start = buffer.count
        if !LZ4.packBlock(contents.span, to: &buffer) { buffer.append(contents.span) }
        buffer.set(littleEndian: UInt32(truncatingIfNeeded: buffer.count - start), at: 10)
        bytes = buffer.span.array(0..<buffer.count)
    }

    var count: Int { Int(bytes.span.integer(UInt16.self, at: 0)) }

    /// The entries in a page of just their size; nil when the contents are damaged.
    func unpacked(firstSequence: UInt32) -> MessageView? {
        var columns = PackedColumns(bytes.span)
        guard columns.readAll(ids: { _ in }) else { return nil }
        return columns.view(firstSequence: firstSequence)
    }

    /// How many messages have an id at or below `id`.
    func count(upToID id: UInt64) -> Int {
        var found = 0
        var columns = PackedColumns(bytes.span)
        _ = columns.readIDs { if $0 <= id { found += 1 } }
        return found
    }

    /// The columns while they are gathered.
    private struct Columns: ~Copyable {
        private var ids = ByteBuffer(capacity: 1_024)
        private var times = ByteBuffer(capacity: 1_024)
        private var indices = ByteBuffer(capacity: MessageTail.messagesMax)
        private var heads = ByteBuffer(capacity: 1_024)
        private var msgIDs = ByteBuffer(capacity: 4_096)
        private var senders: [UInt32] = []
        private var lastID: UInt64 = 0
        private var lastTime: Int64 = 0

        mutating func append(_ message: borrowing StoredMessage) {
            if indices.isEmpty {
                ids.append(littleEndian: message.id)
                times.append(littleEndian: message.time)
            } else {
                ids.append(varint: message.id &- lastID)
                times.append(varint: Varint.zigzag(message.time &- lastTime))
            }
            lastID = message.id
            lastTime = message.time
            let known = senders.firstIndex(of: message.sender)
            if known == nil { senders.append(message.sender) }
            indices.append(UInt8(truncatingIfNeeded: known ?? senders.count - 1))
            heads.append(varint: UInt64(message.content.count) << 3 | UInt64(message.flags))
            if message.flags & (MessageEntry.uuidFlag | MessageEntry.generatedFlag) == 0 {
                msgIDs.append(UInt8(truncatingIfNeeded: message.msgID.count))
            }
            msgIDs.append(message.msgID)
        }

        func move(to buffer: inout ByteBuffer) {
            buffer.append(ids.span)
            buffer.append(times.span)
            buffer.append(varint: UInt64(senders.count))
            for sender in senders { buffer.append(varint: UInt64(sender)) }
            buffer.append(indices.span)
            buffer.append(heads.span)
            buffer.append(msgIDs.span)
        }
    }
}

/// Reads the columns. Nothing here trusts the bytes: a number that cannot be makes the answer nil.
private struct PackedColumns: ~Escapable {
    private var reader: RecordReader
    private let count: Int
    private let used: Int
    private let contentBytes: Int
    private let packedBytes: Int
    private var ids: [UInt64] = []
    private var times: [Int64] = []
    private var senders: [UInt32] = []
    private var indices: Span<UInt8>
    private var heads: [UInt64] = []
    /// Where each msg_id lies among `msgIDs`.
    private var msgIDs: [(start: Int, length: Int)] = []
    private let bytes: Span<UInt8>
    private var contentsStart = 0

    @_lifetime(copy bytes)
    init(_ bytes: Span<UInt8>) {
        self.bytes = bytes
        reader = RecordReader(bytes)
        count = Int(reader.integer() as UInt16)
        used = Int(reader.integer() as UInt32)
        contentBytes = Int(reader.integer() as UInt32)
        packedBytes = Int(reader.integer() as UInt32)
        indices = bytes.extracting(0..<0)
    }

    /// Hands on every id, in order.
    mutating func readIDs(_ body: (UInt64) -> Void) -> Bool {
        guard count > 0, count <= MessageTail.messagesMax else { return false }
        var id: UInt64 = reader.integer()
        if reader.isGood { body(id) }
        for _ in 1..<max(count, 1) {
            let (next, over) = id.addingReportingOverflow(reader.varint())
            guard reader.isGood, !over, next > id else { return false }
            id = next
            body(id)
        }
        return reader.isGood
    }

    mutating func readAll(ids body: (UInt64) -> Void) -> Bool {
        var found: [UInt64] = []
        found.reserveCapacity(count)
        guard readIDs({ found.append($0) }) else { return false }
        var time: Int64 = reader.integer()
        times = [time]
        for _ in 1..<max(count, 1) {
            time = time &+ Varint.unzigzag(reader.varint())
            times.append(time)
        }
        let senderCount = reader.varint()
        guard reader.isGood, senderCount > 0, senderCount <= UInt64(count) else { return false }
        for _ in 0..<senderCount { senders.append(UInt32(truncatingIfNeeded: reader.varint())) }
        indices = reader.raw(count)
        for index in indices.indices where Int(indices[index]) >= senders.count { return false }
        for _ in 0..<count { heads.append(reader.varint()) }
        guard reader.isGood else { return false }
        guard readMsgIDs(), packedBytes <= contentBytes, reader.left == packedBytes else {
            return false
        }
        contentsStart = reader.place
        ids = found
        for id in found { body(id) }
        return true
    }

    /// Also adds up what the entries and contents come to.
    private mutating func readMsgIDs() -> Bool {
        var entries = 0
        var contents = 0
        for head in heads {
            let flags = UInt8(head & 7)
            let isUUID = flags & MessageEntry.uuidFlag != 0
            let isGenerated = flags & MessageEntry.generatedFlag != 0
            guard !(isUUID && isGenerated), head >> 3 <= UInt64(contentBytes) else { return false }
            let length = isUUID ? 16 : isGenerated ? 0 : Int(reader.integer() as UInt8)
            msgIDs.append((reader.place, length))
            _ = reader.raw(length)
            let content = Int(head >> 3)
            contents += content
            entries += MessageEntry.bytes(flags: flags, msgID: length, content: content)
        }
        return reader.isGood && entries == used && contents == contentBytes
    }

    /// After `readAll`.
    func view(firstSequence: UInt32) -> MessageView? {
        var contents = ByteBuffer(capacity: contentBytes)
        let packed = bytes.extracting(contentsStart..<contentsStart + packedBytes)
        if packedBytes == contentBytes {
            contents.append(packed)
        } else if !LZ4.unpackBlock(packed, count: contentBytes, to: &contents) {
            return nil
        }
        let page = MessagePage(capacity: used + count * MessagePage.startBytes)
        var at = 0
        var contentAt = 0
        for index in 0..<count {
            let length = Int(heads[index] >> 3)
            let msgID = msgIDs[index]
            guard at <= 0xffff else { return nil }
            page.setStart(index, at)
            at = MessageEntry.write(
                to: page, at: at, id: ids[index], time: times[index],
                sender: senders[Int(indices[index])], flags: UInt8(heads[index] & 7),
                msgID: bytes.extracting(msgID.start..<msgID.start + msgID.length),
                content: contents.span(contentAt..<contentAt + length))
            contentAt += length
        }
        return MessageView(page: page, firstSequence: firstSequence, used: used, count: count)
    }

    /// After `readAll`.
    var lastTime: Int64 { times.last ?? 0 }
}
