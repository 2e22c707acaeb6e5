// The hub's half that lives on one reactor: which connections are whose, and what happens when
// effects arrive. Everything here is changed by the reactor's own thread, in log order; that is
// why a join takes effect between the messages before and after it, and why no list needs a lock.

package import Base
package import Reactor

/// A session that takes part in the hub: a chat connection.
package protocol Recipient: Session {
    /// The conversation `topic` begins for this connection.
    func joined(topic: UInt64)
    /// Nothing of the conversation `topic` is for this connection any more.
    func left(topic: UInt64)
    /// The user may not be here any more: the connection ends (4003).
    func removed(on loop: EventLoop, _ slot: UInt32)
    /// Effects up to `lsn` have been handled on this reactor; called while the connection settles.
    /// True ends the settling.
    func settle(upTo lsn: UInt64, on loop: EventLoop, _ slot: UInt32) -> Bool
}

package final class LoopHub {
    /// What a connection is to the hub.
    private struct Place {
        var user: UInt32 = 0
        /// Memberships up to here were read when it registered.
        var registeredLSN: UInt64 = 0
        /// Another connection of the same user here.
        var next: UInt32 = .max
    }

    package let hub: Hub
    /// What lives above this hub on the same reactor, and outlives it.
    package unowned(unsafe) var owner: AnyObject?
    unowned(unsafe) private let loop: EventLoop
    private var groups = GroupOnline()
    private var firstOfUser = IntegerMap()
    private var places: [Place] = []
    private var settling: [ConnectionKey] = []
    /// Effects up to here have been handled on this reactor.
    package private(set) var handledLSN: UInt64 = 0
    /// The highest mark (message id) of the batches that have been handled on this reactor.
    package private(set) var handledMark: UInt64 = 0

    /// `loop` must outlive this object, which is attached to it. What has a mark up to `mark` was
    /// there before the server began.
    package init(hub: Hub, loop: EventLoop, mark: UInt64) {
        self.hub = hub
        handledMark = mark
        unsafe self.loop = loop
    }

    /// The hub's half of a loop that has one.
    package static func of(_ loop: EventLoop) -> LoopHub {
        guard let attachment = loop.attachment else {
            preconditionFailure("a loop without its hub")
        }
        return unsafe unsafeDowncast(attachment, to: LoopHub.self)
    }

    // MARK: registration

    /// The connection takes part from here on. `groups` were read at `lsn`.
    package func add(slot: UInt32, user: UInt32, groups joined: [UInt32], lsn: UInt64) {
        while places.count <= Int(slot) { places.append(Place()) }
        places[Int(slot)] = Place(
            user: user, registeredLSN: lsn, next: firstOfUser[UInt64(user)] ?? .max)
        firstOfUser[UInt64(user)] = slot
        for group in joined { enter(slot, group) }
    }

    /// The connection is over.
    package func remove(slot: UInt32) {
        guard Int(slot) < places.count, places[Int(slot)].user != 0 else { return }
        let place = places[Int(slot)]
        places[Int(slot)] = Place()
        for group in groups.removeAll(slot) { hub.online.addToGroup(group, -1) }
        var at = firstOfUser[UInt64(place.user)] ?? .max
        if at == slot {
            firstOfUser[UInt64(place.user)] = place.next == .max ? nil : place.next
            return
        }
        while at != .max {
            let next = places[Int(at)].next
            if next == slot {
                places[Int(at)].next = place.next
                return
            }
            at = next
        }
    }

    private func enter(_ slot: UInt32, _ group: UInt32) {
        if groups.add(slot, to: group) { hub.online.addToGroup(group, 1) }
    }

    private func leave(_ slot: UInt32, _ group: UInt32) {
        if groups.remove(slot, from: group) { hub.online.addToGroup(group, -1) }
    }

    /// `Recipient.settle` is called after each batch of effects until it says true.
    package func settles(_ slot: UInt32) { settling.append(unsafe loop.key(of: slot)) }

    // MARK: effects

    /// Handles the effects of one committed batch.
    package func handle(_ effects: borrowing ByteBuffer, lastLSN: UInt64, mark: UInt64) {
        var offset = 0
        while let (effect, next) = Effect.read(effects, at: offset) {
            handle(effect, effects)
            offset = next
        }
        handledLSN = max(handledLSN, lastLSN)
        handledMark = max(handledMark, mark)
        if !settling.isEmpty { settle() }
    }

    private func handle(_ effect: Effect, _ effects: borrowing ByteBuffer) {
        switch effect.kind {
        case .privateMessage:
            let (from, to) = (effect.userA, effect.userB)
            if has(from) || has(to) {
                let frame = unsafe loop.stage(effects.span(effect.frame))
                sendToUser(to, frame, effect)
                if from != to { sendToUser(from, frame, effect) }
            }
        case .groupMessage:
            sendToGroup(effect, effects)
        case .joined:
            forEach(effect.userA) { slot in
                if isNews(effect, slot) {
                    enter(slot, effect.group)
                    recipient(slot)?.joined(topic: effect.topic)
                }
            }
            sendToGroup(effect, effects)
        case .left:
            takeOut(effect)
            sendToGroup(effect, effects)
        case .putOut:
            // Who has come back since, and knows it, is not told that he was put out.
            let slots = groups.slots(of: effect.group).filter {
                places[Int($0)].user != effect.userA || isNews(effect, $0)
            }
            send(to: slots, effect, effects)
            takeOut(effect)
        case .groupEvent:
            sendToGroup(effect, effects)
        case .dissolved:
            sendToGroup(effect, effects)
            for slot in groups.slots(of: effect.group) {
                leave(slot, effect.group)
                recipient(slot)?.left(topic: effect.topic)
            }
        case .userEvent:
            sendToParties(effect, effects)
        case .ended:
            forEach(effect.userA) { slot in
                if isNews(effect, slot) {
                    unsafe recipient(slot)?.removed(on: loop, slot)
                }
            }
        case .answer: break
        }
        answerOrigin(effect, effects)
    }

    /// Whether the connection registered before the effect's change was made.
    private func isNews(_ effect: Effect, _ slot: UInt32) -> Bool {
        effect.lsn > places[Int(slot)].registeredLSN
    }

    /// userA is not in the group any more.
    private func takeOut(_ effect: Effect) {
        forEach(effect.userA) { slot in
            if isNews(effect, slot) {
                leave(slot, effect.group)
                recipient(slot)?.left(topic: effect.topic)
            }
        }
    }

    private func sendToGroup(_ effect: Effect, _ effects: borrowing ByteBuffer) {
        send(to: groups.slots(of: effect.group), effect, effects)
    }

    private func send(
        to slots: [UInt32], _ effect: Effect, _ effects: borrowing ByteBuffer
    ) {
        if effect.frame.isEmpty || slots.isEmpty { return }
        // Events of a group are for all; only messages have a place in the catching up.
        let topic = effect.kind == .groupMessage ? effect.topic : 0
        let frame = unsafe loop.stage(effects.span(effect.frame))
        unsafe loop.send(
            frame, toAll: slots, topic: topic, sequence: UInt64(effect.sequence))
    }

    private func sendToParties(_ effect: Effect, _ effects: borrowing ByteBuffer) {
        let (first, second) = (effect.userA, effect.userB)
        guard has(first) || (second != 0 && has(second)) else { return }
        let frame = unsafe loop.stage(effects.span(effect.frame))
        sendToUser(first, frame, effect)
        if second != 0, second != first { sendToUser(second, frame, effect) }
    }

    private func sendToUser(_ user: UInt32, _ frame: StagedMessage, _ effect: Effect) {
        forEach(user) { slot in
            unsafe loop.send(
                frame, toOne: slot, topic: effect.topic, sequence: UInt64(effect.sequence))
        }
    }

    private func answerOrigin(_ effect: Effect, _ effects: borrowing ByteBuffer) {
        if effect.answer.isEmpty { return }
        guard let slot = unsafe loop.slot(of: effect.origin),
            let session = unsafe loop.session(slot)
        else {
            return
        }
        let useOther = !effect.otherAnswer.isEmpty && !effect.recipientIsOnline
        unsafe session.answer(
            effects.span(useOther ? effect.otherAnswer : effect.answer), request: effect.request,
            topic: effect.topic, sequence: effect.sequence, on: loop, slot)
    }

    private func recipient(_ slot: UInt32) -> (any Recipient)? {
        unsafe loop.session(slot) as? any Recipient
    }

    /// Whether `user` has a connection on this reactor.
    private func has(_ user: UInt32) -> Bool { firstOfUser[UInt64(user)] != nil }

    /// Every connection of `user` on this reactor.
    private func forEach(_ user: UInt32, _ body: (UInt32) -> Void) {
        var slot = firstOfUser[UInt64(user)] ?? .max
        while slot != .max {
            let next = places[Int(slot)].next
            body(slot)
            slot = next
        }
    }

    private func settle() {
        let waiting = settling
        settling.removeAll(keepingCapacity: true)
        for key in waiting {
            guard let slot = unsafe loop.slot(of: key), let recipient = recipient(slot) else {
                continue
            }
            if unsafe !recipient.settle(upTo: handledLSN, on: loop, slot) { settling.append(key) }
        }
    }
}
