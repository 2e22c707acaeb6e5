// A reactor: one thread, one epoll set, and everything about the connections that live here. A turn
// has visible phases, and each has its reason for standing where it does:
//
//     poll ─► read and execute ─► delegate.executed ─► mail ─► timers ─► flush ─► free
//
//     read and execute   every connection that has bytes; sessions that asked for another turn
//     executed           what the turn has changed is committed, in one write for all of it
//     mail               what is durable is handed out, so an effect follows its commit
//     flush              one send(2) a connection, however many messages came together
//     free               slots of connections that ended; not earlier, since events of this turn
//                        may still name them
//
// Only the loop's own thread may call its methods, but for `post`. No lock is held during a
// callback.

package import Base
import CLinux
import Glibc

/// What lives above the loop: makes sessions, commits at the end of a turn.
package protocol LoopDelegate: AnyObject {
    /// A connection was accepted: its session.
    func accepted(on loop: EventLoop, _ slot: UInt32) -> any Session
    /// All input of this turn has been executed.
    func executed(on loop: EventLoop)
    /// A tick of the coarse clock (`ReactorLimits.tickMilliseconds`) has passed.
    func ticked(on loop: EventLoop)
    /// The server is going away: the session says goodbye and ends the connection.
    func shutDown(_ session: any Session, on loop: EventLoop, _ slot: UInt32)
    /// Appends `message` in another form (`EventLoop.setForm`) to `output`, or nothing where it is
    /// to go as it is. It must not use the loop.
    func append(_ message: Span<UInt8>, inForm form: UInt8, to output: inout ByteBuffer)
}

// Sendable by confinement: all but `post`, the key's parts and the counters is for its own thread.
@safe
package final class EventLoop: @unchecked Sendable {
    package let index: Int
    package let statistics = ReactorStatistics()
    /// The hub's half of this reactor: reached by deliveries.
    package var attachment: AnyObject?

    /// When this turn began. Milliseconds since 1970, and nanoseconds of the monotonic clock.
    package private(set) var unixMilliseconds: Int64 = 0
    package private(set) var monotonicNanoseconds: UInt64 = 0
    /// The coarse clock of timers.
    package internal(set) var tick: UInt32 = 0

    unowned(unsafe) let delegate: any LoopDelegate
    let poller: Poller
    let mailbox: Mailbox
    var table: ConnectionTable
    var outbox = Outbox()
    var forms = MessageForms()
    var input: ByteBuffer
    /// Slots with something to send this turn.
    var dirty: [UInt32] = []
    var scheduled: [UInt32] = []
    var running: [UInt32] = []
    var closed: [UInt32] = []
    /// Sessions that want to know when the socket of their ended connection is closed.
    var departing: [UInt32: any Session] = [:]
    var mail: [Mail] = []
    var listener: Listener?
    var spare: Descriptor?
    var nextTickNanoseconds: UInt64 = 0
    var isDraining = false
    /// What sessions stage while a flush runs goes out with that flush.
    var isFlushing = false
    var isStopped = false

    static let listenerData = UInt64.max - 1
    static let mailboxData = UInt64.max - 2

    /// `delegate` must outlive the loop.
    package init(index: Int, delegate: any LoopDelegate, connectionsMax: Int) throws(SystemError) {
        precondition(index < ReactorLimits.reactorsMax)
        self.index = index
        unsafe self.delegate = delegate
        poller = try Poller()
        mailbox = try Mailbox()
        table = ConnectionTable(
            capacityMax: min(connectionsMax, ReactorLimits.connectionsPerReactor))
        input = ByteBuffer(capacity: ReactorLimits.receiveBytes + 64 * 1_024)
        spare = Self.openSpare()
        try poller.add(mailbox.descriptor, .readable, data: Self.mailboxData)
    }

    /// Accepts connections from here on; before `run`, or on the loop's thread.
    package func listen(_ listener: consuming Listener) throws(SystemError) {
        try poller.add(listener.descriptor, .readable, data: Self.listenerData)
        self.listener = consume listener
    }

    /// Hands something to this loop; any thread.
    package func post(_ item: Mail) { mailbox.post(item) }

    package var connectionCount: Int { table.count }

    /// Turns until the loop is stopped.
    package func run() {
        readClocks()
        nextTickNanoseconds = monotonicNanoseconds
        while !isStopped { turn() }
        unsafe delegate.executed(on: self)
    }

    private func turn() {
        let count = poller.wait(milliseconds: waitMilliseconds())
        mailbox.wakeUp()
        readClocks()
        for index in 0..<count { dispatch(poller.event(index)) }
        runScheduled()
        unsafe delegate.executed(on: self)
        openMail()
        advanceClock()
        flush()
        freeClosed()
        if isDraining, table.count == 0 { isStopped = true }
    }

    private func readClocks() {
        unixMilliseconds = Clock.unixMilliseconds()
        monotonicNanoseconds = Clock.monotonicNanoseconds()
    }

    /// How long the loop may sleep: not at all when there is work, else until the next tick.
    private func waitMilliseconds() -> CInt {
        // What later phases of the last turn have changed must not wait for the next event.
        unsafe delegate.executed(on: self)
        if !scheduled.isEmpty || !dirty.isEmpty || !closed.isEmpty { return 0 }
        guard mailbox.fallAsleep() else { return 0 }
        let now = Clock.monotonicNanoseconds()
        if now >= nextTickNanoseconds { return 0 }
        return CInt((nextTickNanoseconds - now) / 1_000_000 + 1)
    }

    private func dispatch(_ event: Poller.Event) {
        switch event.data {
        case Self.mailboxData: mailbox.clearEvent()
        case Self.listenerData: acceptConnections()
        default:
            let key = ConnectionKey(bits: event.data)
            guard let slot = slot(of: key) else { return }
            if event.isWritable { writable(slot) }
            if event.isReadable, self.slot(of: key) != nil {
                readable(slot, isBroken: event.isBroken)
            }
        }
    }

    /// Sessions that asked for this turn, and input that waited while they were paused.
    private func runScheduled() {
        if scheduled.isEmpty { return }
        swap(&scheduled, &running)
        for slot in running {
            let connection = unsafe table.at(slot)
            guard unsafe connection.pointee.flags.contains(.scheduled) else { continue }
            unsafe connection.pointee.flags.remove(.scheduled)
            guard let session = unsafe connection.pointee.session else { continue }
            session.proceed(on: self, slot)
            if unsafe connection.pointee.flags.isDisjoint(with: [.paused, .finishing, .closed]),
                unsafe connection.pointee.unparsed != nil
            {
                offerRemainder(slot)
            }
        }
        running.removeAll(keepingCapacity: true)
    }

    private func openMail() {
        mailbox.take(&mail)
        for item in mail {
            switch item {
            case .delivery(let delivery): delivery.arrive(at: self)
            case .task(let task): task(self)
            }
        }
        mail.removeAll(keepingCapacity: true)
    }
}
