// Catching up: what a connection was not there for is sent conversation by conversation, as fast
// as the peer reads, from the store. A conversation becomes live within the turn in which nothing
// that is released is left of it; messages that were read from the store and arrive as effects
// later are known by their number and skipped. So are those that came before: what another
// connection was sent, or what was said before the user joined, may be under way to this reactor
// still.

import Base
package import Chat
import Hub
import Reactor
package import Store
import Wire

/// Which conversations are behind, and in which live ones older messages may still come as effects.
package struct CatchUpState {
    package struct Behind {
        package let topic: UInt64
        package var next: UInt32
        /// Effects of messages before `next` end here at the latest, as far as is known.
        let lsn: UInt64
    }

    private struct Live {
        let topic: UInt64
        let lastSent: UInt32
        /// No effect after this one is of a message at or below `lastSent`.
        let lsn: UInt64
    }

    private struct Answer {
        let topic: UInt64
        let bytes: [UInt8]
    }

    package private(set) var behind: [Behind] = []
    private var live: [Live] = []
    private var answers: [Answer] = []
    /// Bytes of the answers that wait.
    package private(set) var answerBytes = 0

    package init(_ standpoints: [Standpoint] = []) {
        for point in standpoints {
            let topic = point.key.bits
            if point.isBehind {
                behind.append(Behind(topic: topic, next: point.delivered + 1, lsn: point.lsn))
            } else {
                live.append(Live(topic: topic, lastSent: point.delivered, lsn: point.lsn))
            }
        }
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
        answerBytes += copy.count
    }

    private mutating func takeAnswers(_ topic: UInt64) -> [[UInt8]] {
        let ready = answers.filter { $0.topic == topic }.map(\.bytes)
        answers.removeAll { $0.topic == topic }
        for answer in ready { answerBytes -= answer.count }
        return ready
    }

    package mutating func advance(_ topic: UInt64, to next: UInt32) {
        guard let index = behind.firstIndex(where: { $0.topic == topic }) else { return }
        behind[index].next = next
    }

    /// The conversation is live from `next` on; what was sent of it was released by `released`.
    /// Returns the answers that waited for it.
    package mutating func goLive(_ topic: UInt64, at next: UInt32, released: UInt64) -> [[UInt8]] {
        let lsn = behind.first { $0.topic == topic }?.lsn ?? 0
        behind.removeAll { $0.topic == topic }
        live.append(Live(topic: topic, lastSent: next - 1, lsn: max(lsn, released)))
        return takeAnswers(topic)
    }

    /// Nothing more of the conversation is sent. Returns the answers that waited for it.
    package mutating func forget(_ topic: UInt64) -> [[UInt8]] {
        behind.removeAll { $0.topic == topic }
        return takeAnswers(topic)
    }

    /// How far each conversation has come that a watermark of everything up to `handled` does not
    /// speak for.
    package func exceptions(handled: UInt64) -> [DeviceCursor.Exception] {
        behind.map { exception($0.topic, $0.next - 1) }
            + live.filter { $0.lsn > handled }.map { exception($0.topic, $0.lastSent) }
    }

    private func exception(_ topic: UInt64, _ sequence: UInt32) -> DeviceCursor.Exception {
        DeviceCursor.Exception(conversation: ConversationKey(bits: topic), sequence: sequence)
    }

    /// Effects up to `handled` have been handled. True when nothing is behind and none can come
    /// that would repeat something.
    package mutating func settle(upTo handled: UInt64) -> Bool {
        live.removeAll { $0.lsn <= handled }
        return behind.isEmpty && live.isEmpty
    }
}

extension WebSocketSession {
    /// Bytes of backlog in one turn and connection: a turn stays short, and others get theirs. Far
    /// below the outbound limit, so that a backlog alone never makes a reader too slow.
    private var bytesPerTurn: Int {
        // Deflating a byte costs ten times what sending it does.
        let most = windowBits == 0 ? 64 * 1_024 : 16 * 1_024
        return min(most, unsafe context.server.settings.outboundBytesMax / 4)
    }

    func startCatchingUp(on loop: EventLoop, _ slot: UInt32) {
        let handled = unsafe context.loopHub.handledLSN
        let standpoints = chat.standpoints(of: user, device: device, handled: handled)
        catchUp = CatchUpState(standpoints)
        served.mustSave = !catchUp.isDone
        if !standpoints.isEmpty { loop.setChoosing(true, slot) }
        if catchUp.isDone { becomeLive(on: loop, slot) } else { pumpBacklog(on: loop, slot) }
    }

    /// Sends the next part of the backlog.
    func pumpBacklog(on loop: EventLoop, _ slot: UInt32) {
        guard isOpen, !catchUp.isDone else { return }
        if loop.queuedBytes(slot) > bytesPerTurn {
            loop.proceedWhenDrained(slot)
            return
        }
        let workspace = unsafe context.exchangeInUse.workspace
        var buffer = ByteBuffer(capacity: 4_096)
        while buffer.count < bytesPerTurn, let first = catchUp.behind.first {
            let step = chat.appendBacklog(
                of: ConversationKey(bits: first.topic), for: user, from: first.next,
                bytesMax: bytesPerTurn, to: &buffer, workspace)
            catchUp.advance(first.topic, to: step.next)
            if step.isDone {
                let released = chat.log.released
                for answer in catchUp.goLive(first.topic, at: step.next, released: released) {
                    buffer.append(answer.span)
                }
            }
        }
        if !buffer.isEmpty {
            sendBacklog(buffer.span, on: loop, slot)
            noteProgress(on: loop, slot)
        }
        if catchUp.isDone {
            becomeLive(on: loop, slot)
        } else {
            loop.schedule(slot)
        }
    }

    private func sendBacklog(_ frames: Span<UInt8>, on loop: EventLoop, _ slot: UInt32) {
        let (deflater, windowBits) = unsafe (context.deflater, windowBits)
        let part = loop.stage { buffer in
            if windowBits == 0 {
                buffer.append(frames)
            } else {
                deflater.append(frames: frames, windowBits: windowBits, to: &buffer)
            }
        }
        loop.send(part, to: slot)
    }

    /// Nothing is behind any more. Messages that the backlog has sent may still come as effects of
    /// batches that are released but not handled here; until those are, messages are looked at.
    private func becomeLive(on loop: EventLoop, _ slot: UInt32) {
        chat.hub.online.setServed(user: user, key: key)
        let hub = unsafe context.loopHub
        if !settle(upTo: hub.handledLSN, on: loop, slot) { hub.settles(slot) }
    }

    func settle(upTo lsn: UInt64, on loop: EventLoop, _ slot: UInt32) -> Bool {
        guard catchUp.settle(upTo: lsn) else { return false }
        loop.setChoosing(false, slot)
        return true
    }
}
