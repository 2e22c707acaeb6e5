// The outbound loop: one thread on which libcurl's multi interface runs all calls to foreign
// servers, and on which their receivers are told. A turn has visible phases:
//
//     wait ─► sockets and libcurl's timer ─► ended calls ─► mail ─► alarms ─► ended calls
//
// Receivers, posted tasks and alarms run here, one after the other, so what they share needs no
// lock; none of them may block. Handles are added to and taken from libcurl between its callbacks
// only (it refuses both inside).

package import Base
import CCurl
import CLinux
import Glibc
import Synchronization

// Sendable by confinement: all but `start`, `post`, `stop` and the counters is for its own thread.
@safe
package final class OutboundLoop: @unchecked Sendable {
    package let settings: OutboundSettings
    package let statistics = OutboundStatistics()
    /// When this turn began, in nanoseconds of the monotonic clock.
    package private(set) var now = Clock.monotonicNanoseconds()

    /// Threads that look up one host's name, those that were given up included.
    static let lookupsPerHost = 4
    /// How long a look-up that was given up may go on: what a resolver needs to lose heart.
    static let abandonedLookupMilliseconds = 15_000

    private let mail: LoopMail
    private let sockets: SocketEvents
    private let multi: MultiHandle
    private var tasks: [LoopMail.Task] = []
    private var alarms = Alarms()
    private var gate = LookupGate<Call>(perHostMax: OutboundLoop.lookupsPerHost)
    private var calls: [UInt64: Call] = [:]
    /// Calls whose turn has come to be given to libcurl.
    private var admitted: [Call] = []
    /// When libcurl wants to be called without an event.
    private var timer: UInt64?
    private var isStopping = false
    private let active = Atomic<Int>(0)
    private let lastID = Counter()
    private let thread = Mutex<Thread?>(nil)
    private let threadID = Atomic<UInt>(0)

    /// libcurl's global state: made once, never given back.
    private static let globalResult = curl_global_init(Int(CURL_GLOBAL_DEFAULT))

    /// Starts the thread; `stop` must be called to end it.
    package init(_ settings: OutboundSettings) throws(SystemError) {
        precondition(Self.globalResult == CURLE_OK, "libcurl cannot be set up")
        self.settings = settings
        mail = try LoopMail()
        sockets = try SocketEvents()
        multi = MultiHandle(idleConnectionsMax: settings.idleConnectionsMax)
        try sockets.watch(mail.descriptor, CURL_POLL_IN)
        // The thread keeps the loop alive until it is stopped.
        multi.setOwner(self)
        let started = Thread(name: "outbound") { self.run() }
        thread.withLock { $0 = started }
    }

    // MARK: For any thread.

    /// Begins a call. The receiver is told on the loop's thread, and kept until the call's end.
    package func start(
        _ request: CallRequest, _ receiver: any ReplyReceiver
    ) throws(CallRefusal) -> Call {
        if let refusal = request.refusal { throw refusal }
        guard active.wrappingAdd(1, ordering: .relaxed).oldValue < settings.callsMax else {
            active.wrappingSubtract(1, ordering: .relaxed)
            statistics.refused.add()
            throw .tooManyCalls
        }
        let call = Call(id: lastID.next(), request, receiver, loop: self)
        guard mail.post({ self.admit(call) }) else {
            active.wrappingSubtract(1, ordering: .relaxed)
            throw .stopped
        }
        statistics.started.add()
        return call
    }

    /// Runs `task` on the loop's thread, in the order of posting; false after `stop`, and then it
    /// is not run.
    package func post(_ task: @escaping @Sendable () -> Void) -> Bool { mail.post(task) }

    /// Calls under way.
    package var activeCount: Int { active.load(ordering: .relaxed) }

    /// Ends every call with `.stopped`, closes all connections and joins the thread. Not from the
    /// loop's own thread; a second time it does nothing.
    package func stop() {
        precondition(!isOnLoop, "the outbound loop cannot wait for itself")
        _ = mail.post { self.isStopping = true }
        let running = thread.withLock { $0.take() }
        running?.join()
    }

    /// Whether the caller is on the loop's thread.
    package var isOnLoop: Bool { threadID.load(ordering: .relaxed) == UInt(pthread_self()) }

    // MARK: For the loop's thread.

    /// Runs `body` once, so many milliseconds from now at the earliest; returns what `silence`
    /// takes. What has not rung when the loop stops never does.
    package func alarm(
        afterMilliseconds milliseconds: Int, _ body: @escaping () -> Void
    ) -> UInt64 {
        alarms.add(at: now + CallLimits.nanoseconds(milliseconds), body)
    }

    /// The alarm does not ring any more; one that has rung is no harm.
    package func silence(_ alarm: UInt64) { alarms.remove(alarm) }

    private func run() {
        threadID.store(UInt(pthread_self()), ordering: .relaxed)
        while !isStopping { turn() }
        mail.close()
        runMail()
        for id in calls.keys.sorted() {
            guard let call = calls[id] else { continue }
            finish(call, .stopped, detail: "", isAbandoned: true)
        }
        alarms = Alarms()
        multi.close()
    }

    private func turn() {
        let count = sockets.wait(milliseconds: waitMilliseconds())
        mail.wakeUp()
        now = Clock.monotonicNanoseconds()
        for index in 0..<count {
            let (socket, bits) = sockets.event(index)
            if socket == mail.descriptor { mail.clearEvent() } else { multi.act(socket, bits) }
        }
        if let due = timer, due <= now {
            timer = nil
            multi.actOnTimer()
        }
        collect()
        runMail()
        while let body = alarms.take(at: now) { body() }
        beginAdmitted()
        collect()
    }

    private func waitMilliseconds() -> CInt {
        if !admitted.isEmpty { return 0 }
        let next = min(alarms.next() ?? .max, timer ?? .max)
        let moment = Clock.monotonicNanoseconds()
        if next <= moment || !mail.fallAsleep() { return 0 }
        if next == .max { return -1 }
        return CInt(min((next - moment) / 1_000_000 + 1, UInt64(Int32.max)))
    }

    private func runMail() {
        mail.take(&tasks)
        for task in tasks { task() }
        tasks.removeAll(keepingCapacity: true)
    }

    // MARK: What libcurl asks for.

    func watch(_ socket: CInt, _ what: CInt) -> Bool {
        do throws(SystemError) {
            try sockets.watch(socket, what)
            return true
        } catch {
            return false
        }
    }

    /// libcurl wants to be called after so many milliseconds; below 0: not at all.
    func setTimer(_ milliseconds: Int) {
        timer = milliseconds < 0 ? nil : now + UInt64(milliseconds) * 1_000_000
    }

    // MARK: A call's life.

    private func admit(_ call: Call) {
        calls[call.id] = call
        let limits = call.request.limits
        call.wholeDeadline = now + CallLimits.nanoseconds(limits.wholeMilliseconds)
        call.phaseDeadline = now + CallLimits.nanoseconds(limits.connectMilliseconds)
        arm(call)
        if isStopping { return }
        if LookupGate<Call>.isNumeric(Substring(call.host)), settings.proxy.isEmpty {
            admitted.append(call)
        } else if gate.enter(call.host, call) {
            call.isLookingUp = true
            admitted.append(call)
        }
    }

    private func beginAdmitted() {
        if admitted.isEmpty { return }
        let list = admitted
        admitted.removeAll(keepingCapacity: true)
        for call in list where call.phase == .waiting {
            call.easy = EasyHandle(call.request, settings, for: call)
            call.request.body = []
            call.phase = .connecting
            if call.easy == nil || !multi.add(call) {
                call.easy = nil
                finish(call, .internalFault, detail: "libcurl refused", isAbandoned: false)
            }
        }
    }

    /// The name is known, or was not needed: the next call to that host may look it up.
    func lookupEnded(_ call: Call) {
        guard call.isLookingUp else { return }
        call.isLookingUp = false
        leaveGate(call.host)
    }

    private func leaveGate(_ host: String) {
        guard let next = gate.leave(host, { $0.phase == .waiting }) else { return }
        next.isLookingUp = true
        admitted.append(next)
    }

    /// Takes what libcurl has finished.
    private func collect() {
        while let (call, code) = multi.nextDone() {
            var end = CallEnd(code, isConnected: call.isConnected, hasReply: call.hasReply)
            var detail = call.easy?.detail(code) ?? ""
            if end == .complete, !call.tellHead() {
                (end, detail) = (.cut, "the head of the reply broke off")
            }
            let wish: CallEnd? = call.isCancelled.load(ordering: .relaxed) ? .cancelled : nil
            let decided = wish ?? call.decided ?? end
            finish(
                call, decided, detail: decided == .complete ? "" : detail, isAbandoned: false)
        }
    }

    /// Ends a call, however far it is; a second end is none. Never inside of libcurl's callbacks.
    func finish(_ call: Call, _ end: CallEnd, detail: String, isAbandoned: Bool) {
        if call.phase == .ended { return }
        let hadBegun = call.easy != nil
        call.phase = .ended
        if let alarm = call.alarm { silence(alarm.id) }
        call.alarm = nil
        if hadBegun {
            statistics.connections.add(call.easy?.connectionsMade ?? 0)
            multi.remove(call)
            call.easy = nil
        }
        if call.isLookingUp {
            call.isLookingUp = false
            if isAbandoned, hadBegun {
                let host = call.host
                _ = alarm(afterMilliseconds: Self.abandonedLookupMilliseconds) { [unowned self] in
                    self.leaveGate(host)
                }
            } else {
                leaveGate(call.host)
            }
        }
        calls[call.id] = nil
        active.wrappingSubtract(1, ordering: .relaxed)
        switch end {
        case .complete: statistics.completed.add()
        case .cancelled, .stopped: break
        default: statistics.failed.add()
        }
        let receiver = call.receiver.take()
        receiver?.ended(call, end, detail: detail)
    }

    // MARK: Time limits.

    /// Makes sure that an alarm rings no later than the call's next deadline. One that rings too
    /// early looks again, so that a byte that moves the deadline away costs nothing.
    func arm(_ call: Call) {
        let deadline = min(call.phaseDeadline, call.wholeDeadline)
        if let alarm = call.alarm {
            if alarm.deadline <= deadline { return }
            silence(alarm.id)
        }
        let id = alarms.add(at: deadline) { [unowned self] in self.check(call) }
        call.alarm = (id, deadline)
    }

    private func check(_ call: Call) {
        call.alarm = nil
        if now >= call.wholeDeadline {
            finish(call, .timedOut(.whole), detail: "", isAbandoned: true)
        } else if now >= call.phaseDeadline {
            finish(call, .timedOut(call.timedPhase), detail: "", isAbandoned: true)
        } else {
            arm(call)
        }
    }
}
