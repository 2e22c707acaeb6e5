// The messages of one conversation, oldest first: blocks, numbered without a gap from 1.
//
// Invariant: blocks[i + 1].firstSequence = blocks[i].firstSequence + blocks[i].count, and ids rise.

import Base

struct Conversation {
    private(set) var lastSequence: UInt32 = 0
    private(set) var lastID: UInt64 = 0
    var blocks: [MessageBlock] = []

    var firstSequence: UInt32 { blocks.first?.firstSequence ?? 1 }

    /// `sequence` must be the next one.
    mutating func append(
        id: UInt64, sequence: UInt32, time: Int64, sender: UInt32, msgID: Span<UInt8>,
        content: Span<UInt8>
    ) {
        precondition(sequence == lastSequence + 1 && id > lastID, "a message out of order")
        if blocks.last?.isFull ?? true {
            blocks.last?.seal()
            blocks.append(MessageBlock(firstSequence: sequence))
        }
        blocks[blocks.count - 1].append(
            id: id, time: time, sender: sender, msgID: msgID, content: content)
        lastSequence = sequence
        lastID = id
    }

    /// The highest sequence whose message has an id at or below `id`; 0 when there is none.
    func sequence(upToID id: UInt64) -> UInt32 {
        if id >= lastID { return lastSequence }
        var low = 0
        var high = blocks.count
        while low < high {
            let middle = (low + high) / 2
            if blocks[middle].id(0) <= id { low = middle + 1 } else { high = middle }
        }
        guard low > 0 else { return 0 }
        let block = blocks[low - 1]
        return block.firstSequence + UInt32(block.count(upToID: id)) - 1
    }

    func block(of sequence: UInt32) -> Int? {
        guard sequence >= firstSequence, sequence <= lastSequence else { return nil }
        var low = 0
        var high = blocks.count
        while high - low > 1 {
            let middle = (low + high) / 2
            if blocks[middle].firstSequence <= sequence { low = middle } else { high = middle }
        }
        return low
    }

    /// Calls `body` with one message; nil when there is none with this number.
    func withMessage<R>(_ sequence: UInt32, _ body: (borrowing StoredMessage) -> R) -> R? {
        guard let index = block(of: sequence) else { return nil }
        let block = blocks[index]
        return block.withMessage(Int(sequence - block.firstSequence), body)
    }

    /// Calls `body` with messages from `sequence` on, in order, until it says false.
    func forEach(from sequence: UInt32, _ body: (borrowing StoredMessage) -> Bool) {
        let first = max(sequence, firstSequence)
        guard var index = block(of: first) else { return }
        var at = Int(first - blocks[index].firstSequence)
        while index < blocks.count {
            let block = blocks[index]
            while at < block.count {
                if !block.withMessage(at, body) { return }
                at += 1
            }
            at = 0
            index += 1
        }
    }
}
