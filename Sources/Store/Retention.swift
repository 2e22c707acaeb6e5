// Which messages may go: those older than an age, or beyond a number in their conversation, each
// for private conversations and groups apart; and under pressure of memory the oldest of all.
//
// They go by records of the log, at most some thousand messages each, so that no stripe is locked
// for long and a restart finds the same ones gone.

import Base

package struct RetentionRule: Sendable, Equatable {
    /// 0: whatever their age.
    package var days = 0
    /// Messages that a conversation keeps; 0: any number.
    package var messages = 0

    package init(days: Int = 0, messages: Int = 0) {
        self.days = days
        self.messages = messages
    }

    fileprivate var isNone: Bool { days == 0 && messages == 0 }
}

package struct RetentionPolicy: Sendable, Equatable {
    package var privateTalks = RetentionRule()
    package var groups = RetentionRule()

    package init() {}

    package var isNone: Bool { privateTalks.isNone && groups.isNone }
}

package struct Retention {
    private static let dayMilliseconds: Int64 = 86_400_000
    /// Messages of one record: about a millisecond of a stripe's lock.
    static let messagesAtOnce: UInt32 = 4_096

    let tables: Tables
    let log: Log

    package init(tables: Tables, log: Log) {
        self.tables = tables
        self.log = log
    }

    /// Drops what the policy does not keep at `time`; returns how many messages went. Stops early
    /// where the disk takes no records.
    package func apply(_ policy: RetentionPolicy, at time: Int64) -> Int {
        if policy.isNone { return 0 }
        return dropAll { key, conversation in
            let rule = key.isGroup ? policy.groups : policy.privateTalks
            var first = conversation.firstSequence
            if rule.messages > 0, Int(conversation.lastSequence) > rule.messages {
                first = max(first, conversation.lastSequence - UInt32(rule.messages) + 1)
            }
            if rule.days > 0 {
                let oldest = time - Int64(rule.days) * Self.dayMilliseconds
                first = max(first, conversation.sequence(from: oldest))
            }
            return first
        }
    }

    /// Drops every message with an id below `id`.
    package func drop(beforeID id: UInt64) -> Int {
        if id == 0 { return 0 }
        return dropAll { _, conversation in
            max(conversation.firstSequence, conversation.sequence(upToID: id - 1) &+ 1)
        }
    }

    private func dropAll(_ firstKept: (ConversationKey, Conversation) -> UInt32) -> Int {
        var gone = 0
        for index in 0..<StripeSet.count {
            while let dropped = dropSome(index, firstKept) {
                if dropped == 0 { return gone }
                gone += dropped
            }
        }
        return gone
    }

    /// One record for the stripe. Nil when there is nothing to drop, 0 when it cannot be stored.
    private func dropSome(
        _ index: Int, _ firstKept: (ConversationKey, Conversation) -> UInt32
    ) -> Int? {
        let set = StripeSet(bits: 1 << UInt64(index))
        var reading = Reading()
        let (drops, messages) = tables.withLocked(set, &reading) { locked in
            locked.drops(index, firstKept)
        }
        if drops.isEmpty { return nil }
        let record = MessagesDropped(drops)
        do throws(StoreFailure) { try log.admit(bytes: record.bytes) } catch { return 0 }
        var payload = ByteBuffer(capacity: record.bytes)
        record.append(to: &payload)
        tables.withLocked(set, &reading) { locked in
            let lsn = log.append(
                kind: RecordKind.messagesDropped.rawValue, admitted: record.bytes
            ) { _, bytes, _, _ in Frame.copy(payload, from: 0, to: &bytes) }
            let isGood = locked.apply(.messagesDropped, payload.span, lsn: lsn)
            precondition(isGood, "a record of our own that cannot be read")
        }
        log.commit()
        return messages
    }
}

extension Tables {
    /// The lowest id of any message that is kept.
    func oldestMessage() -> UInt64? {
        var oldest: UInt64?
        for index in 0..<StripeSet.count {
            var reading = Reading()
            withLocked(StripeSet(bits: 1 << UInt64(index)), &reading) { locked in
                locked.forEachConversation(index) { _, conversation in
                    if let id = conversation.firstID { oldest = min(oldest ?? id, id) }
                    return true
                }
            }
        }
        return oldest
    }
}

extension LockedTables {
    /// What may go from the stripe in one record, and how many messages that is.
    fileprivate func drops(
        _ index: Int, _ firstKept: (ConversationKey, Conversation) -> UInt32
    ) -> ([MessagesDropped.Drop], Int) {
        var drops: [MessagesDropped.Drop] = []
        var left = Retention.messagesAtOnce
        forEachConversation(index) { key, conversation in
            let first = conversation.firstSequence
            let wanted = min(firstKept(key, conversation), conversation.lastSequence &+ 1)
            guard wanted > first else { return true }
            let kept = first + min(wanted - first, left)
            left -= kept - first
            drops.append(MessagesDropped.Drop(conversation: key, firstKept: kept))
            return left > 0 && drops.count < MessagesDropped.dropsMax
        }
        return (drops, Int(Retention.messagesAtOnce - left))
    }

    /// Every conversation of a stripe, until `body` says false.
    fileprivate func forEachConversation(
        _ index: Int, _ body: (ConversationKey, Conversation) -> Bool
    ) {
        let slot = unsafe slot(index)
        for row in 0..<(unsafe slot.pointee.stripe.talks.count) {
            let talk = unsafe slot.pointee.stripe.talks.pointer(row)
            guard unsafe body(talk.pointee.key, talk.pointee.conversation) else { return }
        }
        for row in 0..<(unsafe slot.pointee.stripe.groups.count) {
            let group = unsafe slot.pointee.stripe.groups.pointer(row)
            guard let id = unsafe group.pointee?.id,
                let conversation = unsafe group.pointee?.conversation
            else { continue }
            guard body(ConversationKey(group: id), conversation) else { return }
        }
    }
}
