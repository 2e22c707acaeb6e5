// Some consecutive messages of one conversation that will not change: as they were written, or
// packed when nobody has asked for them lately. Immutable, so that a snapshot may write it while
// the server serves; what changes a message (a recall) puts another block in its place.
//
// `BlockCache` keeps the packed block that was read last, unpacked: readers go from one message to
// the next.

import Base

final class SealedBlock: @unchecked Sendable {
    enum Form {
        case plain(MessagePage, used: Int)
        case packed(PackedMessages)
    }

    let firstSequence: UInt32
    let count: Int
    let firstID: UInt64
    /// Of the last message, milliseconds since 1970.
    let lastTime: Int64
    let form: Form
    /// Somebody read it since it was looked at last; only under the stripe's lock.
    var isRead = true

    private init(
        firstSequence: UInt32, count: Int, firstID: UInt64, lastTime: Int64, form: Form
    ) {
        self.firstSequence = firstSequence
        self.count = count
        self.firstID = firstID
        self.lastTime = lastTime
        self.form = form
    }

    /// A view with messages in it.
    init(plain view: MessageView) {
        firstSequence = view.firstSequence
        count = view.count
        firstID = view.id(0)
        lastTime = view.withMessage(view.count - 1) { $0.time }
        form = .plain(view.page, used: view.used)
    }

    /// What a snapshot holds.
    init(packed: PackedMessages, firstSequence: UInt32, firstID: UInt64, lastTime: Int64) {
        self.firstSequence = firstSequence
        count = packed.count
        self.firstID = firstID
        self.lastTime = lastTime
        form = .packed(packed)
        isRead = false
    }

    var lastSequence: UInt32 { firstSequence + UInt32(count) - 1 }

    var isPacked: Bool {
        if case .packed = form { true } else { false }
    }

    /// Bytes that the messages take.
    var bytes: Int {
        switch form {
        case .plain(let page, _): page.capacity
        case .packed(let packed): packed.bytes.count
        }
    }

    /// The same messages, small.
    func packed() -> SealedBlock {
        guard case .plain(let page, let used) = form else { return self }
        let view = MessageView(
            page: page, firstSequence: firstSequence, used: used, count: count)
        return SealedBlock(
            firstSequence: firstSequence, count: count, firstID: firstID, lastTime: lastTime,
            form: .packed(PackedMessages(view)))
    }

    /// For reading without a cache; nil when the block is damaged.
    func view() -> MessageView? {
        switch form {
        case .plain(let page, let used):
            MessageView(page: page, firstSequence: firstSequence, used: used, count: count)
        case .packed(let packed): packed.unpacked(firstSequence: firstSequence)
        }
    }

    /// How many messages have an id at or below `id`.
    func count(upToID id: UInt64) -> Int {
        switch form {
        case .plain: view()?.count(upToID: id) ?? 0
        case .packed(let packed): packed.count(upToID: id)
        }
    }
}

/// The packed block of a stripe that was read last.
final class BlockCache {
    /// Whoever reads through it wants the messages; a digest does not.
    private let isForReaders: Bool
    private var block: SealedBlock?
    private var unpacked: MessageView?

    init(isForReaders: Bool = true) { self.isForReaders = isForReaders }

    func view(of wanted: SealedBlock) -> MessageView? {
        if isForReaders { wanted.isRead = true }
        guard wanted.isPacked else { return wanted.view() }
        if block !== wanted {
            unpacked = wanted.view()
            block = wanted
        }
        return unpacked
    }

    /// Forgets what was unpacked: its memory, and what a recall has taken out.
    func clear() {
        block = nil
        unpacked = nil
    }
}
