// Small pieces that tie together parts which know nothing of each other.

import API
import Base
import CLinux
import Chat
import Configuration
import Glibc
import Hub
import Reactor
import Store
import Synchronization

/// Hands the log's batches to the hub, which is made after the log.
final class HubRelay: Sendable {
    private let hub = Mutex<Hub?>(nil)

    func connect(_ hub: Hub) { self.hub.withLock { $0 = hub } }

    func release(_ batch: Batch) {
        guard let hub = hub.withLock({ $0 }) else { return }
        hub.distribute(batch)
    }
}

/// What the log has to say of the disk, in words for an operator.
func tell(_ event: StorageEvent, to log: LogWriter) {
    switch event {
    case .outage(.failed, let cause):
        log.error("storage is failing: reads go on, nothing can be stored", ["cause": cause])
    case .outage(.full, let cause):
        log.error("storage is failing: no new log segment can be made", ["cause": cause])
    case .hanging:
        log.error("storage is failing: the disk does not answer")
    case .resumed(let milliseconds, let refusals):
        log.info("storage is back", ["milliseconds": milliseconds, "refused": refusals])
    case .abandoned(let records):
        log.error(
            "storage did not come back: what was not acknowledged may be lost",
            ["records": records])
    case .leftOver(let cause):
        log.warning("space of the log cannot be given back", ["cause": cause])
    }
}

/// Stands in as a loop's delegate until the context, which needs the loop, is there.
final class DelegateBox: LoopDelegate {
    var context: ReactorContext?

    private var inUse: ReactorContext {
        guard let context else { preconditionFailure("a loop that runs before its context") }
        return context
    }

    func accepted(on loop: EventLoop, _ slot: UInt32) -> any Session {
        inUse.accepted(on: loop, slot)
    }
    func executed(on loop: EventLoop) { inUse.executed(on: loop) }
    func ticked(on loop: EventLoop) { inUse.ticked(on: loop) }
    func shutDown(_ session: any Session, on loop: EventLoop, _ slot: UInt32) {
        inUse.shutDown(session, on: loop, slot)
    }
    func append(_ message: Span<UInt8>, inForm form: UInt8, to output: inout ByteBuffer) {
        inUse.append(message, inForm: form, to: &output)
    }
}

func startThread(_ loop: EventLoop) -> Thread {
    Thread(name: "reactor-\(loop.index)") { loop.run() }
}

/// Counts the end of a thread, on a thread that waits for it.
func awaitThread(_ thread: Thread, _ left: Countdown) {
    _ = Thread(name: "join") {
        thread.join()
        left.countDown()
    }
}

/// A number that falls to zero, and a wait for that.
final class Countdown: Sendable {
    private let left: Atomic<Int>
    private let event: Descriptor

    init(_ count: Int) {
        left = Atomic(count)
        let number = linux_eventfd()
        precondition(number >= 0, "no descriptor is left")
        event = Descriptor(number)
    }

    func countDown() {
        guard left.subtract(1, ordering: .acquiringAndReleasing).newValue == 0 else { return }
        var one: UInt64 = 1
        _ = unsafe write(event.number, &one, 8)
    }

    /// False when the time passes first.
    func wait(milliseconds: Int) -> Bool {
        var poll = pollfd(fd: event.number, events: Int16(POLLIN), revents: 0)
        return unsafe Glibc.poll(&poll, 1, CInt(milliseconds)) > 0
    }
}

/// SIGTERM and SIGINT as something to wait for. Made before any thread, so that all threads inherit
/// the mask.
struct SignalSource {
    private let descriptor: CInt

    init() {
        var mask = sigset_t()
        unsafe sigemptyset(&mask)
        unsafe sigaddset(&mask, SIGTERM)
        unsafe sigaddset(&mask, SIGINT)
        unsafe pthread_sigmask(SIG_BLOCK, &mask, nil)
        signal(SIGPIPE, SIG_IGN)
        descriptor = unsafe linux_signalfd(&mask)
        precondition(descriptor >= 0, "signals cannot be read")
    }

    /// Returns when one of the signals has come.
    func wait() {
        var info = signalfd_siginfo()
        let size = MemoryLayout<signalfd_siginfo>.size
        while unsafe read(descriptor, &info, size) != size, errno == EINTR {}
    }
}

func chatSettings(_ configuration: Configuration) -> ChatSettings {
    var settings = ChatSettings()
    settings.contentBytesMax = configuration.chat.contentBytesMax
    settings.groupMembersMax = configuration.chat.groupMembersMax
    settings.groupsPerUserMax = configuration.chat.groupsPerUserMax
    settings.cursorIntervalSeconds = configuration.chat.cursorIntervalSeconds
    settings.recallWindowSeconds = configuration.chat.recallWindowSeconds
    settings.bcryptCost = configuration.auth.bcryptCost
    return settings
}

func upkeepPolicy(_ configuration: Configuration) -> UpkeepPolicy {
    let storage = configuration.storage
    var policy = UpkeepPolicy()
    policy.coldSeconds = storage.coldAfterSeconds
    policy.memoryBytes = storage.memoryLimitMegabytes << 20
    policy.memoryPolicy =
        switch storage.memoryPolicy {
        case .refuse: .refuse
        case .dropOldest: .dropOldest
        }
    let days = storage.retentionDays
    policy.retention.privateTalks = RetentionRule(
        days: storage.retentionPrivateDays > 0 ? storage.retentionPrivateDays : days,
        messages: storage.retentionPrivateMessages)
    policy.retention.groups = RetentionRule(
        days: storage.retentionGroupDays > 0 ? storage.retentionGroupDays : days,
        messages: storage.retentionGroupMessages)
    return policy
}

func apiSettings(_ configuration: Configuration) -> APISettings {
    var settings = APISettings()
    settings.tokenSeconds = configuration.auth.tokenTTLSeconds
    settings.heartbeatSeconds = configuration.chat.heartbeatSeconds
    settings.frameBytesMax = configuration.chat.frameBytesMax
    settings.outboundBytesMax = configuration.chat.outboundBytesMax
    settings.bodyBytesMax = configuration.limits.bodyBytesMax
    settings.headerTimeoutSeconds = configuration.limits.headerTimeoutSeconds
    settings.bodyTimeoutSeconds = configuration.limits.bodyTimeoutSeconds
    settings.idleTimeoutSeconds = configuration.limits.idleTimeoutSeconds
    settings.multiDevice = configuration.chat.multiDevice
    settings.echoPath = configuration.server.webSocketEchoPath
    settings.corsOrigins = configuration.server.corsOrigins
    settings.webSocketOrigins = configuration.server.webSocketOrigins
    return settings
}
