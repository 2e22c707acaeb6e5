// One call on its way. All of its state belongs to the loop's thread; any thread may cancel it.
//
//     waiting ──► connecting ──► connected ──► receiving ──► ended
//     (for a      (look-up,      (request      (body)
//      look-up)    TCP, TLS)      sent)
//
// Invariant: `phaseDeadline` belongs to `phase`, and is as far away as can be while the call is
// paused; the alarm, when there is one, rings no later than the earlier of the two deadlines.

import Base
import Synchronization

// Sendable by confinement: all but `cancel`, `id` and `loop` is for the loop's thread.
@safe
package final class Call: @unchecked Sendable {
    enum Phase { case waiting, connecting, connected, receiving, ended }
    enum Taking { case taken, paused, refused }

    /// Never used again in this loop.
    package let id: UInt64
    package let loop: OutboundLoop
    /// Without its body once that has been handed to libcurl.
    var request: CallRequest
    /// Let go when the call has ended.
    var receiver: (any ReplyReceiver)?
    let host: String
    let isCancelled = Atomic<Bool>(false)

    var phase = Phase.waiting
    var easy: EasyHandle?
    var isLookingUp = false
    var wholeDeadline = UInt64.max
    var phaseDeadline = UInt64.max
    var alarm: (id: UInt64, deadline: UInt64)?
    /// Decided here before libcurl is told to give up.
    var decided: CallEnd?
    private var isPaused = false
    private var bytes = 0
    private var head: ReplyHeadReader

    init(
        id: UInt64, _ request: CallRequest, _ receiver: any ReplyReceiver, loop: OutboundLoop
    ) {
        self.id = id
        self.request = request
        self.receiver = receiver
        self.loop = loop
        host = String(request.host ?? "")
        head = ReplyHeadReader(
            bytesMax: request.limits.headBytesMax, skipsRedirects: request.redirectsMax > 0)
    }

    // MARK: For the caller.

    /// Ends the call from any thread: the connection is closed, and the receiver hears `ended`,
    /// with `.cancelled` unless the end was there already. On the loop's thread no piece of the
    /// body is handed out after this returns.
    package func cancel() {
        if isCancelled.exchange(true, ordering: .relaxed) { return }
        _ = loop.post { self.loop.finish(self, .cancelled, detail: "", isAbandoned: true) }
    }

    /// No piece of the body is handed out until `resume`, and the server is held back by TCP's
    /// window. On the loop's thread.
    package func pause() {
        if isPaused || phase == .ended { return }
        isPaused = true
        if phase == .receiving { phaseDeadline = .max }
    }

    /// On the loop's thread; the next piece comes after this has returned.
    package func resume() {
        guard isPaused, phase != .ended else { return }
        isPaused = false
        if phase == .receiving { setDeadline(request.limits.betweenBytesMilliseconds) }
        _ = loop.post {
            if !self.isPaused, self.phase != .ended { self.easy?.proceed() }
        }
    }

    // MARK: What libcurl says, inside of its callbacks.

    /// A socket has been made, so the look-up is over.
    func socketMade() { loop.lookupEnded(self) }

    /// There is a connection, new or reused; the request is about to be sent.
    func connected() {
        loop.lookupEnded(self)
        if phase == .receiving { return }
        phase = .connected
        setDeadline(request.limits.firstByteMilliseconds)
    }

    /// One line of a head; false ends the call.
    func takeHead(_ line: Span<UInt8>) -> Bool {
        if isCancelled.load(ordering: .relaxed) { return false }
        switch head.take(line) {
        case .more: return true
        case .tooLarge:
            decided = .tooLarge(.head)
            return false
        case .complete:
            receiver?.began(self, head.head)
            return true
        }
    }

    func take(_ piece: Span<UInt8>) -> Taking {
        if isCancelled.load(ordering: .relaxed) { return .refused }
        if isPaused { return .paused }
        if piece.isEmpty { return .taken }
        guard piece.count <= request.limits.bodyBytesMax - bytes else {
            decided = .tooLarge(.body)
            return .refused
        }
        if head.complete() { receiver?.began(self, head.head) }
        bytes += piece.count
        loop.statistics.bytesReceived.add(UInt64(piece.count))
        phase = .receiving
        setDeadline(request.limits.betweenBytesMilliseconds)
        receiver?.received(self, piece)
        return .taken
    }

    /// libcurl calls the transfer a success: a reply without a body may still have its head to
    /// tell. False when the head broke off, which libcurl lets pass.
    func tellHead() -> Bool {
        if head.complete(), !isCancelled.load(ordering: .relaxed) {
            receiver?.began(self, head.head)
        }
        return head.isComplete
    }

    var hasReply: Bool { head.head.status > 0 }
    var isConnected: Bool { phase == .connected || phase == .receiving }

    /// Which time limit the present phase has.
    var timedPhase: CallPhase {
        switch phase {
        case .waiting, .connecting: .connect
        case .connected: .firstByte
        case .receiving, .ended: .betweenBytes
        }
    }

    private func setDeadline(_ milliseconds: Int) {
        phaseDeadline =
            isPaused && phase == .receiving
            ? .max : loop.now + CallLimits.nanoseconds(milliseconds)
        loop.arm(self)
    }
}
