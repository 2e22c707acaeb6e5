// The messages of one conversation, oldest first, numbered without a gap: sealed blocks, then the
// tail that new ones go to.
//
//     firstSequence                                                     lastSequence
//     │ sealed 0 │ sealed 1 │ … │ tail │        each begins where the one before ends, ids rise
//
// A value: a copy of it is a view of this moment, good without a lock (MessageTail.swift).

import Base

struct Conversation {
    private(set) var lastSequence: UInt32 = 0
    private(set) var lastID: UInt64 = 0
    /// Of the oldest message that is kept; one more than the last when none is.
    private(set) var firstSequence: UInt32 = 1
    private(set) var sealed: [SealedBlock] = []
    private(set) var tail: MessageTail?

    init() {}

    /// What a snapshot holds; nil when the parts do not fit together.
    init?(
        firstSequence: UInt32, lastSequence: UInt32, lastID: UInt64, sealed: [SealedBlock],
        tail: MessageTail?
    ) {
        var next = firstSequence
        for block in sealed {
            guard block.firstSequence == next else { return nil }
            next &+= UInt32(block.count)
        }
        if let tail {
            guard tail.firstSequence == next, tail.count > 0 else { return nil }
            next &+= UInt32(tail.count)
        }
        guard firstSequence > 0, next == lastSequence &+ 1 else { return nil }
        self.firstSequence = firstSequence
        self.lastSequence = lastSequence
        self.lastID = lastID
        self.sealed = sealed
        self.tail = tail
    }

    /// `sequence` must be the next one. True when a block was sealed.
    mutating func append(
        id: UInt64, sequence: UInt32, time: Int64, sender: UInt32, msgID: Span<UInt8>,
        content: Span<UInt8>
    ) -> Bool {
        precondition(sequence == lastSequence + 1 && id > lastID, "a message out of order")
        let isSealing = tail?.isFull ?? false
        if isSealing { seal() }
        if tail == nil { tail = MessageTail(firstSequence: sequence) }
        tail?.append(id: id, time: time, sender: sender, msgIDText: msgID, content: content)
        lastSequence = sequence
        lastID = id
        return isSealing
    }

    private mutating func seal() {
        guard let full = tail else { return }
        let view = MessageView(
            page: full.exactPage(), firstSequence: full.firstSequence, used: full.used,
            count: full.count)
        sealed.append(SealedBlock(plain: view))
        tail = nil
    }

    // MARK: Finding

    /// The place among `sealed` of the block with this sequence; `sealed.count` is the tail.
    private func place(of sequence: UInt32) -> Int {
        var low = 0
        var high = sealed.count
        while low < high {
            let middle = (low + high) / 2
            if sealed[middle].lastSequence < sequence { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// The highest sequence whose message has an id at or below `id`; 0 when there is none.
    func sequence(upToID id: UInt64) -> UInt32 {
        if id >= lastID { return lastSequence }
        if let tail {
            let view = MessageView(tail)
            if view.id(0) <= id { return tail.firstSequence + UInt32(view.count(upToID: id)) - 1 }
        }
        var low = 0
        var high = sealed.count
        while low < high {
            let middle = (low + high) / 2
            if sealed[middle].firstID <= id { low = middle + 1 } else { high = middle }
        }
        guard low > 0 else { return 0 }
        let block = sealed[low - 1]
        return block.firstSequence + UInt32(block.count(upToID: id)) - 1
    }

    /// The first sequence whose message was sent at `time` or later. (A clock may have gone back:
    /// what stands behind a later one stays.)
    func sequence(from time: Int64) -> UInt32 {
        for block in sealed where block.lastTime >= time {
            guard let view = block.view() else { return block.firstSequence }
            return view.sequence(from: time)
        }
        return tail.map { MessageView($0).sequence(from: time) } ?? lastSequence &+ 1
    }

    /// The sealed block that begins with `sequence`.
    func block(from sequence: UInt32) -> SealedBlock? {
        let place = place(of: sequence)
        guard place < sealed.count, sealed[place].firstSequence == sequence else { return nil }
        return sealed[place]
    }

    /// Of the oldest message that is kept.
    var firstID: UInt64? { sealed.first?.firstID ?? tail.map { MessageView($0).id(0) } }

    // MARK: Reading

    private func view(_ place: Int, _ cache: BlockCache) -> MessageView? {
        if place < sealed.count { return cache.view(of: sealed[place]) }
        return tail.map { MessageView($0) }
    }

    /// Calls `body` with one message; nil when there is none with this number.
    func withMessage<R>(
        _ sequence: UInt32, _ cache: BlockCache, _ body: (borrowing StoredMessage) -> R
    ) -> R? {
        guard sequence >= firstSequence, sequence <= lastSequence,
            let view = view(place(of: sequence), cache)
        else { return nil }
        return view.withMessage(Int(sequence - view.firstSequence), body)
    }

    /// Calls `body` with messages from `sequence` on, in order, until it says false.
    func forEach(
        from sequence: UInt32, _ cache: BlockCache, _ body: (borrowing StoredMessage) -> Bool
    ) {
        var next = max(sequence, firstSequence)
        guard next <= lastSequence else { return }
        for place in place(of: next)...sealed.count {
            guard let view = view(place, cache) else { continue }
            let first = max(next, view.firstSequence)
            for index in Int(first - view.firstSequence)..<view.count
            where !view.withMessage(index, body) { return }
            next = view.firstSequence + UInt32(view.count)
        }
    }

    // MARK: Changing

    /// Puts the packed form of a block in its place, unless something else is there by now.
    mutating func replace(_ old: SealedBlock, by new: SealedBlock) -> Bool {
        let place = place(of: old.firstSequence)
        guard place < sealed.count, sealed[place] === old else { return false }
        sealed[place] = new
        return true
    }

    /// Empties a message's content; its place and numbers stay. The content is gone from memory
    /// when nobody holds an earlier view. False when there is none, or it is recalled already.
    mutating func recall(_ sequence: UInt32, _ cache: BlockCache) -> Bool {
        guard sequence >= firstSequence, sequence <= lastSequence else { return false }
        let place = place(of: sequence)
        guard let view = view(place, cache) else { return false }
        let target = Int(sequence - view.firstSequence)
        if view.withMessage(target, { $0.isRecalled }) { return false }
        var rebuilt = MessageTail(firstSequence: view.firstSequence)
        for index in 0..<view.count {
            view.withMessage(index) { message in
                if index == target {
                    rebuilt.append(recalled: message)
                } else {
                    rebuilt.append(copying: message)
                }
            }
        }
        cache.clear()
        if place < sealed.count {
            let plain = SealedBlock(plain: MessageView(rebuilt.exact()))
            sealed[place] = sealed[place].isPacked ? plain.packed() : plain
        } else {
            tail = rebuilt
        }
        return true
    }

    /// Drops what is older than `sequence`, after `body` was called with each of those messages.
    mutating func drop(
        before sequence: UInt32, _ cache: BlockCache, _ body: (borrowing StoredMessage) -> Void
    ) {
        let first = min(sequence, lastSequence &+ 1)
        guard first > firstSequence else { return }
        forEach(from: firstSequence, cache) { message in
            if message.sequence >= first { return false }
            body(message)
            return true
        }
        cache.clear()
        let place = place(of: first)
        if place < sealed.count {
            let block = sealed[place]
            sealed.removeFirst(place)
            if block.firstSequence < first, let view = block.view() {
                let plain = SealedBlock(plain: MessageView(Self.rest(of: view, from: first)))
                sealed[0] = block.isPacked ? plain.packed() : plain
            }
        } else {
            sealed = []
            if first > lastSequence {
                tail = nil
            } else if let old = tail, old.firstSequence < first {
                tail = Self.rest(of: MessageView(old), from: first)
            }
        }
        firstSequence = first
    }

    private static func rest(of view: MessageView, from first: UInt32) -> MessageTail {
        var rest = MessageTail(firstSequence: first)
        for index in Int(first - view.firstSequence)..<view.count {
            view.withMessage(index) { rest.append(copying: $0) }
        }
        return rest.exact()
    }
}

extension MessageTail {
    mutating func append(copying message: borrowing StoredMessage) {
        append(
            id: message.id, time: message.time, sender: message.sender, flags: message.flags,
            msgID: message.msgID, content: message.content)
    }

    /// The message without its content.
    mutating func append(recalled message: borrowing StoredMessage) {
        let content = message.content
        append(
            id: message.id, time: message.time, sender: message.sender,
            flags: message.flags | MessageEntry.recalledFlag, msgID: message.msgID,
            content: content.extracting(0..<0))
    }

    /// The same in a page of just its size.
    func exact() -> MessageTail {
        MessageTail(firstSequence: firstSequence, page: exactPage(), used: used, count: count)
    }
}
