// From accept to free: how connections begin, what time does to them, and how they end.
//
//     open ──finish──► finishing ──all sent──► lingering ──peer ends, or time──► closed ──► free
//       └───────────────────────────close───────────────────────────────────────┘
//
// An orderly end sends what is queued, shuts our side down and waits for the peer's, because
// closing a socket with unread bytes would make the kernel destroy what the peer has not read yet.

import Base
import CLinux
import Glibc

extension EventLoop {
    // MARK: names

    /// The name under which other threads may speak of this connection.
    package func key(of slot: UInt32) -> ConnectionKey {
        unsafe ConnectionKey(
            reactor: index, generation: table.at(slot).pointee.generation, slot: slot)
    }

    /// The slot of a connection that is still there.
    package func slot(of key: ConnectionKey) -> UInt32? {
        let slot = key.slot
        guard key.reactor == index, Int(slot) < table.slotCount else { return nil }
        let connection = unsafe table.at(slot)
        guard unsafe connection.pointee.generation == key.generation,
            unsafe connection.pointee.descriptor >= 0,
            unsafe !connection.pointee.flags.contains(.closed)
        else { return nil }
        return slot
    }

    package func session(_ slot: UInt32) -> (any Session)? { unsafe table.at(slot).pointee.session }

    package func address(_ slot: UInt32) -> PeerAddress { unsafe table.at(slot).pointee.address }

    /// An upgrade: `session` gets what comes from here on.
    package func replaceSession(_ session: any Session, _ slot: UInt32) {
        unsafe table.at(slot).pointee.session = session
    }

    // MARK: beginning

    static func openSpare() -> Descriptor? {
        let number = unsafe linux_open("/dev/null", O_RDONLY, 0)
        return number >= 0 ? Descriptor(number) : nil
    }

    func acceptConnections() {
        guard let listening = listener?.descriptor else { return }
        for _ in 0..<ReactorLimits.acceptsPerTurn {
            var storage = sockaddr_storage()
            var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
            let number = unsafe linux_accept4(listening, &storage, &length)
            if number >= 0 {
                begin(Descriptor(number), PeerAddress(storage))
            } else if errno == EMFILE || errno == ENFILE {
                refuseForLackOfDescriptors(listening)
            } else if errno != ECONNABORTED && errno != EINTR {
                return
            }
        }
    }

    private func begin(_ descriptor: consuming Descriptor, _ address: PeerAddress) {
        statistics.accepted.add()
        guard let slot = table.take() else {
            statistics.count(.tableFull)
            return
        }
        let connection = unsafe table.at(slot)
        let number = descriptor.number
        do throws(SystemError) {
            unsafe connection.pointee.descriptor = number
            try poller.add(number, .readable, data: key(of: slot).bits)
        } catch {
            unsafe connection.pointee.descriptor = -1
            table.give(slot)
            statistics.count(.socketError)
            return
        }
        _ = descriptor.release()
        unsafe connection.pointee.address = address
        unsafe connection.pointee.receivedTick = tick
        unsafe connection.pointee.sentTick = tick
        statistics.open.store(table.count)
        unsafe connection.pointee.session = delegate.accepted(on: self, slot)
    }

    /// Out of descriptors, the waiting connection would make epoll report the listener for ever:
    /// the spare descriptor is given up for a moment to take it and close it.
    private func refuseForLackOfDescriptors(_ listening: CInt) {
        statistics.count(.noDescriptor)
        if spare == nil { spare = Self.openSpare() }
        guard let given = spare.take() else { return }
        _ = consume given
        let number = accept(listening, nil, nil)
        if number >= 0 { _ = Descriptor(number) }
        spare = Self.openSpare()
    }

    // MARK: time

    /// `Session.timePassed` is called once, `seconds` from now or up to one second later.
    package func wake(_ slot: UInt32, afterSeconds seconds: Int) {
        let ticks = UInt32(clamping: seconds * ReactorLimits.ticksPerSecond)
        unsafe table.at(slot).pointee.wakeTick = tick &+ ticks
    }

    package func cancelWake(_ slot: UInt32) { unsafe table.at(slot).pointee.wakeTick = .max }

    /// Whole seconds since something came from, and since something was sent to, this connection.
    package func silence(_ slot: UInt32) -> (received: Int, sent: Int) {
        let connection = unsafe table.at(slot)
        let perSecond = UInt32(ReactorLimits.ticksPerSecond)
        return unsafe (
            Int((tick &- connection.pointee.receivedTick) / perSecond),
            Int((tick &- connection.pointee.sentTick) / perSecond)
        )
    }

    /// Moves the coarse clock, and looks at the share of the table that is due with each tick.
    func advanceClock() {
        let length = UInt64(ReactorLimits.tickMilliseconds) * 1_000_000
        // A loop that was held up (a suspended process) does not make up for lost ticks one by one.
        if monotonicNanoseconds > nextTickNanoseconds + 64 * length {
            let lost = (monotonicNanoseconds - nextTickNanoseconds) / length - 8
            nextTickNanoseconds += lost * length
            tick &+= UInt32(truncatingIfNeeded: lost)
        }
        while monotonicNanoseconds >= nextTickNanoseconds {
            nextTickNanoseconds += length
            tick &+= 1
            sweep()
            unsafe delegate.ticked(on: self)
        }
    }

    private func sweep() {
        let parts = ReactorLimits.ticksPerSweep
        let part = Int(tick) % parts
        let count = table.slotCount
        for slot in UInt32(count * part / parts)..<UInt32(count * (part + 1) / parts) {
            let connection = unsafe table.at(slot)
            guard unsafe connection.pointee.wakeTick <= tick,
                unsafe connection.pointee.descriptor >= 0
            else { continue }
            unsafe connection.pointee.wakeTick = .max
            if unsafe connection.pointee.flags.contains(.closed) { continue }
            if unsafe connection.pointee.flags.contains(.finishing) {
                close(slot, .lingerTimeout)
            } else {
                unsafe connection.pointee.session?.timePassed(on: self, slot)
            }
        }
    }

    /// The session goes on in the next turn (`Session.proceed`).
    package func schedule(_ slot: UInt32) {
        let connection = unsafe table.at(slot)
        if unsafe !connection.pointee.flags.isDisjoint(with: [.scheduled, .closed, .finishing]) {
            return
        }
        unsafe connection.pointee.flags.insert(.scheduled)
        scheduled.append(slot)
    }

    // MARK: ending

    /// An orderly end: what is queued is sent, then our side is shut down.
    package func finish(_ slot: UInt32, _ reason: CloseReason) {
        let connection = unsafe table.at(slot)
        if unsafe !connection.pointee.flags.isDisjoint(with: [.finishing, .closed]) { return }
        unsafe connection.pointee.flags.insert(.finishing)
        end(slot, reason)
        unsafe connection.pointee.wakeTick = tick &+ lingerTicks
        if unsafe connection.pointee.pending == 0, unsafe connection.pointee.unsent == nil {
            endOutput(slot)
        } else {
            setDeaf(slot, false)
        }
    }

    /// How long an orderly end may take; when the server itself goes away, not long.
    private var lingerTicks: UInt32 {
        let seconds = isDraining ? ReactorLimits.drainLingerSeconds : ReactorLimits.lingerSeconds
        return UInt32(seconds * ReactorLimits.ticksPerSecond)
    }

    /// Our side is complete: the peer sees the end, we wait for its own.
    func endOutput(_ slot: UInt32) {
        let connection = unsafe table.at(slot)
        unsafe connection.pointee.flags.insert(.lingering)
        if unsafe connection.pointee.flags.contains(.inputEnded) {
            close(slot, unsafe connection.pointee.reason)
            return
        }
        _ = unsafe shutdown(connection.pointee.descriptor, CInt(SHUT_WR))
        setDeaf(slot, false)
    }

    /// The end, now: what is queued is lost.
    package func close(_ slot: UInt32, _ reason: CloseReason) {
        let connection = unsafe table.at(slot)
        if unsafe connection.pointee.flags.contains(.closed) { return }
        let wasOver = unsafe connection.pointee.flags.contains(.finishing)
        unsafe connection.pointee.flags.insert(.closed)
        closed.append(slot)
        if !wasOver { end(slot, reason) }
    }

    /// The session's part of the end, once.
    private func end(_ slot: UInt32, _ reason: CloseReason) {
        let connection = unsafe table.at(slot)
        unsafe connection.pointee.reason = reason
        statistics.count(reason)
        let session = unsafe connection.pointee.session
        unsafe connection.pointee.session = nil
        unsafe connection.pointee.unparsed = nil
        session?.ended(reason, on: self, slot)
    }

    /// `Session.gone` is called when the socket is closed: until then its TCP can be asked what has
    /// arrived.
    package func tellWhenGone(_ session: any Session, _ slot: UInt32) { departing[slot] = session }

    func freeClosed() {
        if closed.isEmpty { return }
        for slot in closed {
            if !departing.isEmpty, let session = departing.removeValue(forKey: slot) {
                session.gone(on: self, slot)
            }
            let connection = unsafe table.at(slot)
            _ = unsafe Descriptor(connection.pointee.descriptor)
            table.give(slot)
        }
        closed.removeAll(keepingCapacity: true)
        statistics.open.store(table.count)
    }

    // MARK: shutdown

    /// No more connections; every session says goodbye. The loop ends with its last connection.
    package func drain() {
        isDraining = true
        if let listening = listener?.descriptor {
            try? poller.remove(listening)
            listener = nil
        }
        for slot in 0..<UInt32(table.slotCount) {
            let connection = unsafe table.at(slot)
            if let session = unsafe connection.pointee.session {
                unsafe delegate.shutDown(session, on: self, slot)
            } else if unsafe connection.pointee.descriptor >= 0 {
                unsafe connection.pointee.wakeTick = min(
                    connection.pointee.wakeTick, tick &+ lingerTicks)
            }
        }
    }

    /// The drain time is over: whatever is still there ends now.
    package func abort() {
        for slot in 0..<UInt32(table.slotCount) {
            if unsafe table.at(slot).pointee.descriptor >= 0 { close(slot, .shutdown) }
        }
        isDraining = true
    }
}
