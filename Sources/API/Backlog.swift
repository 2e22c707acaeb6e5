// Catching up: what a connection was not there for is sent conversation by conversation, as fast as
// the peer reads, from the store. A conversation becomes live within the turn in which nothing that
// is released is left of it; messages that were read from the store and arrive as effects later are
// known by their number and skipped.

import Base
package import Chat
import Hub
import Reactor
package import Store

/// Which conversations are behind, and which have just become live.
package struct CatchUpState {
    package struct Behind {
        package let topic: UInt64
        package var next: UInt32
    }

    private struct Live {
        let topic: UInt64
        let lastSent: UInt32
    }

    private struct Answer {
        let topic: UInt64
        let bytes: [UInt8]
    }

    package private(set) var behind: [Behind] = []
    private var live: [Live] = []
    private var answers: [Answer] = []

    package init(_ missed: [Missed] = []) {
        behind = missed.map { Behind(topic: $0.key.bits, next: $0.next) }
    }

    package var isDone: Bool { behind.isEmpty }

    package func defers(_ topic: UInt64) -> Bool {
        topic != 0 && !behind.isEmpty && behind.contains { $0.topic == topic }
    }

    package func accepts(_ topic: UInt64, _ sequence: UInt32) -> Bool {
        if defers(topic) { return false }
        return !live.contains { $0.topic == topic && $0.lastSent >= sequence }
    }

    /// An answer about a message that the backlog has not sent yet goes out behind it.
    package mutating func deferAnswer(_ bytes: Span<UInt8>, topic: UInt64) {
        var copy: [UInt8] = []
        copy.reserveCapacity(bytes.count)
        for index in bytes.indices { copy.append(bytes[index]) }
        answers.append(Answer(topic: topic, bytes: copy))
    }

    package mutating func advance(_ topic: UInt64, to next: UInt32) {
        guard let index = behind.firstIndex(where: { $0.topic == topic }) else { return }
        behind[index].next = next
    }

    /// The conversation is live from `next` on. Returns the answers that waited for it.
    package mutating func goLive(_ topic: UInt64, at next: UInt32) -> [[UInt8]] {
        behind.removeAll { $0.topic == topic }
        live.append(Live(topic: topic, lastSent: next - 1))
        let ready = answers.filter { $0.topic == topic }.map(\.bytes)
        answers.removeAll { $0.topic == topic }
        return ready
    }

    package mutating func forget(_ topic: UInt64) {
        behind.removeAll { $0.topic == topic }
        answers.removeAll { $0.topic == topic }
    }

    /// How far each conversation has come that the watermark does not speak for.
    package var exceptions: [DeviceCursor.Exception] {
        behind.map { exception($0.topic, $0.next - 1) } + live.map { exception($0.topic, $0.lastSent) }
    }

    private func exception(_ topic: UInt64, _ sequence: UInt32) -> DeviceCursor.Exception {
        DeviceCursor.Exception(conversation: ConversationKey(bits: topic), sequence: sequence)
    }

    /// Every effect that could repeat something has been handled.
    package mutating func settle() { live = [] }
}

extension WebSocketSession {
    /// Bytes of backlog in one turn and connection: a turn stays short, and others get theirs.
    private static let bytesPerTurn = 64 * 1_024
    /// The backlog waits while more than this is on its way to the peer.
    private static let bytesWaitingMax = 128 * 1_024

    func startCatchingUp(on loop: EventLoop, _ slot: UInt32) {
        let missed = chat.missed(by: user, device: device)
        served.mustSave = !missed.isEmpty
        if missed.isEmpty {
            chat.hub.online.setServed(user: user, key: key)
            return
        }
        catchUp = CatchUpState(missed)
        loop.setChoosing(true, slot)
        pumpBacklog(on: loop, slot)
    }

    /// Sends the next part of the backlog.
    func pumpBacklog(on loop: EventLoop, _ slot: UInt32) {
        guard isOpen, !catchUp.isDone else { return }
        if loop.queuedBytes(slot) > Self.bytesWaitingMax {
            loop.proceedWhenDrained(slot)
            return
        }
        let workspace = unsafe context.exchangeInUse.workspace
        var buffer = ByteBuffer(capacity: 4_096)
        while buffer.count < Self.bytesPerTurn, let first = catchUp.behind.first {
            let step = chat.appendBacklog(
                of: ConversationKey(bits: first.topic), from: first.next,
                bytesMax: Self.bytesPerTurn, to: &buffer, workspace)
            catchUp.advance(first.topic, to: step.next)
            if step.isDone {
                for answer in catchUp.goLive(first.topic, at: step.next) {
                    buffer.append(answer.span)
                }
            }
        }
        if !buffer.isEmpty { loop.send(loop.stage(buffer.span), to: slot) }
        if catchUp.isDone {
            becomeLive(on: loop, slot)
        } else {
            loop.schedule(slot)
        }
    }

    /// Nothing is behind any more. Messages that the backlog has sent may still come as effects of
    /// batches that are released but not handled here; until those are, messages are looked at.
    private func becomeLive(on loop: EventLoop, _ slot: UInt32) {
        chat.hub.online.setServed(user: user, key: key)
        served.liveLSN = chat.log.released
        let hub = unsafe context.loopHub
        if !settle(upTo: hub.handledLSN, on: loop, slot) { hub.settles(slot) }
    }

    func settle(upTo lsn: UInt64, on loop: EventLoop, _ slot: UInt32) -> Bool {
        guard catchUp.isDone, lsn >= served.liveLSN else { return false }
        catchUp.settle()
        loop.setChoosing(false, slot)
        return true
    }
}
