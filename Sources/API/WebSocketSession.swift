// A chat connection: frames of SPEC 3 in, everything that concerns the user out.
//
//     opening ──the one it replaces has ended──► open ──► over
//
// While opening, it takes part in nothing and is not read: what the old connection has been sent is
// written down first, so that nothing comes twice. Once open, conversations in which something was
// missed are caught up with one by one (Backlog.swift); all others are live from the first moment.

import Base
import Chat
import Hub
import Reactor
import Store
import Wire

final class WebSocketSession: WebSocketBase, Recipient, @unchecked Sendable {
    enum Phase {
        case opening, open, over
    }

    /// The fragments that a chat message may come in.
    static let fragmentsMax: UInt32 = 1_024

    let credential: Credential
    let device: String
    var key = ConnectionKey.none
    var phase = Phase.opening
    private var isFinished = false
    /// When the connection ended; what is not acknowledged a second later does not hold up whoever
    /// takes its place.
    private var endTick: UInt32 = 0
    private static let departureSeconds = 1
    /// Called when everything about this connection is written down.
    private var afterEnd: [@Sendable () -> Void] = []
    var catchUp = CatchUpState()
    var served = ServedState()

    init(
        _ context: ReactorContext, _ credential: Credential, device: String,
        deflate: WebSocketDeflate?
    ) {
        self.credential = credential
        self.device = device
        super.init(
            context, messageBytesMax: context.server.settings.frameBytesMax,
            fragmentsMax: Self.fragmentsMax, deflate: deflate)
    }

    var chat: Chat { unsafe context.server.chat }
    var user: UInt32 { credential.user }

    // MARK: life

    override func begin(on loop: EventLoop, _ slot: UInt32) {
        super.begin(on: loop, slot)
        key = loop.key(of: slot)
        loop.setOutboundBytesMax(unsafe context.server.settings.outboundBytesMax, slot)
        guard let old = chat.hub.online.register(user: user, device: device, key: key) else {
            open(on: loop)
            return
        }
        unsafe context.opening[key] = self
        // What it says could overtake the end of the one it replaces.
        loop.pause(slot)
        let hub = chat.hub
        let mine = key
        hub.post(to: old) { oldLoop in
            ReactorContext.of(oldLoop).replace(old, on: oldLoop) {
                hub.post(to: mine) { loop in self.predecessorEnded(on: loop) }
            }
        }
    }

    private func predecessorEnded(on loop: EventLoop) {
        unsafe context.opening[key] = nil
        if phase == .opening { open(on: loop) } else { finishEnd() }
    }

    /// Takes part from here on: registered first, then the standing is read, so that whatever
    /// happens in between is either in what is read or comes as an effect.
    private func open(on loop: EventLoop) {
        guard let slot = loop.slot(of: key), isOpen else { return }
        let standing = chat.standing(of: credential)
        guard standing.isWelcome else {
            end(.removed, .removed, on: loop, slot)
            return
        }
        phase = .open
        chat.hub.online.open(user: user, key: key)
        loop.resume(slot)
        unsafe context.loopHub.add(
            slot: slot, user: user, groups: standing.groups, lsn: standing.groupsLSN)
        startCatchingUp(on: loop, slot)
    }

    /// Another connection takes this one's place; `done` is called when this one is written down.
    func giveWay(on loop: EventLoop, _ slot: UInt32, _ done: @escaping @Sendable () -> Void) {
        afterEnd.append(done)
        willEnd(on: loop, slot)
        loop.send(
            loop.stage { SystemFrame.appendKicked(to: &$0, time: loop.unixMilliseconds) }, to: slot)
        end(.replaced, .replaced, on: loop, slot)
    }

    /// Calls `done` when this connection is written down, which may be so already.
    func waitForEnd(_ done: @escaping @Sendable () -> Void) {
        if isFinished { done() } else { afterEnd.append(done) }
    }

    override func willEnd(on loop: EventLoop, _ slot: UInt32) {
        if phase == .open { noteEnd(on: loop, slot) }
    }

    override func ended(_ reason: CloseReason, on loop: EventLoop, _ slot: UInt32) {
        let wasOpen = phase == .open
        phase = .over
        chat.hub.online.leave(user: user, key: key)
        if wasOpen {
            unsafe context.loopHub.remove(slot: slot)
            noteEnd(on: loop, slot)
            if !saveIfAcknowledged(on: loop, slot) {
                // The peer's acknowledgement is a moment away, or will never come.
                unsafe context.departing[slot] = self
                endTick = loop.tick
                loop.tellWhenGone(self, slot)
                return
            }
        }
        // While the predecessor has not ended, whoever comes next must wait for it too.
        if unsafe context.opening[key] == nil { finishEnd() }
    }

    /// Asked with every tick while the connection lingers.
    func depart(on loop: EventLoop, _ slot: UInt32) {
        if !saveIfAcknowledged(on: loop, slot) {
            // A successor does not wait long for a link that may be dead.
            let waited = Int(loop.tick &- endTick) / ReactorLimits.ticksPerSecond
            if afterEnd.isEmpty || waited < Self.departureSeconds { return }
            saveWhatIsKnown(on: loop, slot)
        }
        unsafe context.departing[slot] = nil
        finishEnd()
    }

    override func gone(on loop: EventLoop, _ slot: UInt32) {
        guard unsafe context.departing.removeValue(forKey: slot) != nil else { return }
        if !saveIfAcknowledged(on: loop, slot) { saveWhatIsKnown(on: loop, slot) }
        finishEnd()
    }

    private func finishEnd() {
        isFinished = true
        chat.hub.online.unregister(user: user, key: key)
        let waiting = afterEnd
        afterEnd = []
        for done in waiting { done() }
    }

    // MARK: messages

    override func message(
        _ message: WebSocketMessage, _ bytes: Span<UInt8>, on loop: EventLoop, _ slot: UInt32
    ) {
        let workspace = unsafe context.exchangeInUse.workspace
        workspace.msgID.removeAll()
        workspace.content.removeAll()
        switch FrontendMessage.read(bytes) {
        case .invalid(let defect):
            if let token = defect.messageID {
                workspace.msgID.append(unescaped: token, of: bytes)
            }
            let failure =
                defect.code == .invalidJSON
                ? Failure(.invalidJSON, "The message is not valid JSON.")
                : Failure(.invalidRequest, defect.field.map { "\($0.name) is missing or wrong." })
            sendError(failure, on: loop, slot)
        case .message(let frame):
            if let token = frame.messageID {
                workspace.msgID.append(unescaped: token, of: bytes)
            }
            act(on: frame, bytes, workspace, on: loop, slot)
        }
    }

    private func act(
        on frame: FrontendMessage, _ bytes: Span<UInt8>, _ workspace: Workspace,
        on loop: EventLoop, _ slot: UInt32
    ) {
        switch frame.type {
        case 1:
            if workspace.msgID.count > Chat.msgIDBytesMax {
                workspace.msgID.removeAll()
                sendError(Failure(.msgIDTooLong), on: loop, slot)
                return
            }
            let answer = loop.stage { buffer in
                workspace.msgID.withSpan {
                    SystemFrame.appendHeartbeatAck(
                        to: &buffer, msgID: $0, time: loop.unixMilliseconds)
                }
            }
            loop.send(answer, to: slot)
        case 2, 4:
            send(frame, bytes, workspace, on: loop, slot)
        case 3:
            // Cursors follow what TCP has acknowledged; acks of a client change nothing here.
            break
        default:
            sendError(
                Failure(.invalidRequest, "There is no message type \(frame.type)."), on: loop, slot)
        }
    }

    private func send(
        _ frame: FrontendMessage, _ bytes: Span<UInt8>, _ workspace: Workspace,
        on loop: EventLoop, _ slot: UInt32
    ) {
        var reading = Reading()
        do throws(Failure) {
            let target = try target(of: frame, bytes, workspace)
            if let content = frame.content {
                workspace.content.append(unescaped: content, of: bytes)
            }
            try chat.sendMessage(
                from: user, to: target, at: loop.unixMilliseconds,
                origin: Origin(connection: key, request: 0, form: .frame), workspace, &reading)
        } catch {
            refuse(error, workspace, reading, on: loop, slot)
        }
    }

    private func target(
        of frame: FrontendMessage, _ bytes: Span<UInt8>, _ workspace: Workspace
    ) throws(Failure) -> MessageTarget {
        workspace.target.removeAll()
        if let to = frame.to { workspace.target.append(unescaped: to, of: bytes) }
        let named = workspace.target.withSpan { MessageTarget.groupNumber($0) }
        if frame.type == 4 {
            if let number = frame.groupID {
                let group = try Exchange.group(number)
                if !workspace.target.isEmpty, named != group {
                    throw Failure(.invalidRequest, "to does not agree with group_id.")
                }
                return .group(group)
            }
            guard let named else { throw Failure(.invalidRequest, "group_id is missing.") }
            return .group(named)
        }
        if workspace.target.isEmpty { throw Failure(.invalidRequest, "to is missing.") }
        guard let peer = workspace.target.withSpan({ workspace.user(named: $0, in: chat.tables) })
        else {
            throw Failure(.userNotFound)
        }
        return .user(peer)
    }

    /// A failed ack. What it tells must not be undone by a crash either.
    private func refuse(
        _ failure: Failure, _ workspace: Workspace, _ reading: Reading, on loop: EventLoop,
        _ slot: UInt32
    ) {
        var bytes = ByteBuffer(capacity: 256)
        workspace.msgID.withSpan {
            SystemFrame.appendFailedAck(
                to: &bytes, msgID: $0, failure: failure, time: loop.unixMilliseconds)
        }
        let origin = Origin(connection: key, request: 0, form: .frame)
        if chat.answer(origin, after: reading, status: 0, bytes.span) {
            loop.send(loop.stage(bytes.span), to: slot)
        }
    }

    private func sendError(_ failure: Failure, on loop: EventLoop, _ slot: UInt32) {
        let workspace = unsafe context.exchangeInUse.workspace
        let frame = loop.stage { buffer in
            workspace.msgID.withSpan {
                SystemFrame.appendError(
                    to: &buffer, msgID: $0, failure: failure, time: loop.unixMilliseconds)
            }
        }
        loop.send(frame, to: slot)
    }

    override func sendHeartbeat(on loop: EventLoop, _ slot: UInt32) {
        loop.send(loop.stage { SystemFrame.appendHeartbeat(to: &$0) }, to: slot)
    }

    // MARK: the hub's calls

    override func answer(
        _ bytes: Span<UInt8>, request: UInt32, topic: UInt64, sequence: UInt32,
        on loop: EventLoop, _ slot: UInt32
    ) {
        if catchUp.defers(topic) {
            catchUp.deferAnswer(bytes, topic: topic)
            // A peer that sends and never reads is not waited for.
            let bytesMax = unsafe context.server.settings.outboundBytesMax
            if catchUp.answerBytes > bytesMax {
                outboxIsFull(on: loop, slot)
            }
        } else {
            loop.send(loop.stage(bytes), to: slot)
        }
    }

    override func accepts(topic: UInt64, sequence: UInt64) -> Bool {
        topic == 0 || catchUp.accepts(topic, UInt32(truncatingIfNeeded: sequence))
    }

    func joined(topic: UInt64) {}

    func removed(on loop: EventLoop, _ slot: UInt32) { end(.removed, .removed, on: loop, slot) }

    func left(topic: UInt64) {
        let loop = unsafe context.exchangeInUse.loop
        guard let slot = loop.slot(of: key) else { return }
        for answer in catchUp.forget(topic) { loop.send(loop.stage(answer.span), to: slot) }
    }

    override func proceed(on loop: EventLoop, _ slot: UInt32) { pumpBacklog(on: loop, slot) }

}

extension ReactorContext {
    /// Ends the connection `old` in favour of a new one and calls `done` when it is written down.
    func replace(
        _ old: ConnectionKey, on loop: EventLoop, _ done: @escaping @Sendable () -> Void
    ) {
        if let slot = loop.slot(of: old), let session = loop.session(slot) as? WebSocketSession {
            session.giveWay(on: loop, slot, done)
        } else if let session = opening[old]
            ?? departing.values.first(where: { $0.key == old })
        {
            session.waitForEnd(done)
        } else {
            done()
        }
    }
}
