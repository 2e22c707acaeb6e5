// Finding a message by its id, and taking its content out of its block. The message keeps its
// place, its numbers and its msg_id, so that everything which counts goes on counting.

import Base

extension Tables {
    /// The conversation that holds the message `id`: asks every conversation, a stripe's lock at a
    /// time.
    package func conversation(ofMessage id: UInt64) -> ConversationKey? {
        var reading = Reading()
        for index in 0..<StripeSet.count {
            let found = withLocked(StripeSet(bits: 1 << UInt64(index)), &reading) { locked in
                locked.conversation(ofMessage: id, stripe: index)
            }
            if let found { return found }
        }
        return nil
    }
}

extension LockedTables {
    fileprivate func conversation(ofMessage id: UInt64, stripe index: Int) -> ConversationKey? {
        let slot = unsafe slot(index)
        for place in 0..<(unsafe slot.pointee.stripe.talks.count) {
            let talk = unsafe slot.pointee.stripe.talks.pointer(place)
            if unsafe talk.pointee.conversation.holds(id) { return unsafe talk.pointee.key }
        }
        for place in 0..<(unsafe slot.pointee.stripe.groups.count) {
            let group = unsafe slot.pointee.stripe.groups.pointer(place)
            if unsafe group.pointee?.conversation.holds(id) == true {
                return unsafe group.pointee.map { ConversationKey(group: $0.id) }
            }
        }
        return nil
    }

    /// Empties the message and marks it as recalled.
    func recall(_ key: ConversationKey, sequence: UInt32) {
        withConversation(key) { $0.recall(sequence) }
    }

    private func withConversation(_ key: ConversationKey, _ body: (inout Conversation) -> Void) {
        if key.isGroup {
            guard let row = unsafe group(key.group), unsafe row.pointee?.id != nil else { return }
            if var conversation = unsafe row.pointee?.conversation {
                body(&conversation)
                unsafe row.pointee?.conversation = conversation
            }
        } else if let place = unsafe slot(key.stripe).pointee.stripe.talkPlaces[key.bits] {
            let talk = unsafe slot(key.stripe).pointee.stripe.talks.pointer(Int(place))
            unsafe body(&talk.pointee.conversation)
        }
    }
}

extension Conversation {
    fileprivate func holds(_ id: UInt64) -> Bool {
        id > 0 && withMessage(sequence(upToID: id)) { $0.id == id } == true
    }

    fileprivate mutating func recall(_ sequence: UInt32) {
        guard let index = block(of: sequence) else { return }
        blocks[index].recall(Int(sequence - blocks[index].firstSequence))
    }
}

extension MessageBlock {
    fileprivate func recall(_ index: Int) {
        let start = Int(starts[index])
        let end = index + 1 < starts.count ? Int(starts[index + 1]) : bytes.count
        let content = withMessage(index) { $0.content.count }
        var shorter = ByteBuffer(capacity: bytes.count - content)
        bytes.withSpan { shorter.append($0.extracting(0..<end - content - 4)) }
        shorter.append(littleEndian: UInt32(0))
        bytes.withSpan { shorter.append($0.extracting(end...)) }
        let flags = shorter.get(UInt8.self, at: start + 20)
        shorter.set(littleEndian: flags | Self.recalledFlag, at: start + 20)
        swap(&shorter, &bytes)
        for later in starts.indices where later > index {
            starts[later] -= UInt32(content)
        }
    }
}
