// Bytes in: one recv(2) an event into the buffer that all connections share, and from there
// straight into the session. Only what a session leaves is kept with the connection.

import Base
import CLinux
import Glibc

extension EventLoop {
    func readable(_ slot: UInt32, isBroken: Bool) {
        let connection = unsafe table.at(slot)
        let flags = unsafe connection.pointee.flags
        if flags.contains(.closed) { return }
        if flags.contains(.paused), !flags.contains(.finishing) {
            // Level-triggered events of a connection that nobody reads would spin.
            if isBroken { close(slot, .peerReset) } else { setDeaf(slot, true) }
            return
        }
        // What is held is offered later in this turn. Reading more before that would add a whole
        // read for each request that is answered, and let the peer fill the memory.
        if flags.contains(.held), flags.isDisjoint(with: .finishing), !isBroken { return }
        input.removeAll()
        if let rest = unsafe connection.pointee.unparsed {
            input.append(rest.bytes.span)
        }
        let descriptor = unsafe connection.pointee.descriptor
        var received = 0
        unsafe input.append(upTo: ReactorLimits.receiveBytes) {
            received = unsafe recv(descriptor, $0.baseAddress, $0.count, 0)
            return max(received, 0)
        }
        if received > 0 {
            unsafe connection.pointee.receivedTick = tick
            statistics.bytesReceived.add(UInt64(received))
            if flags.contains(.finishing) { return }
            unsafe connection.pointee.unparsed = nil
            feed(slot)
        } else if received == 0 {
            // What came before the end and waited while the session was paused goes first; if that
            // makes the session pause again, the end is read again later.
            if unsafe connection.pointee.unparsed != nil, !flags.contains(.finishing) {
                offerRemainder(slot)
                if unsafe !connection.pointee.flags.isDisjoint(with: [.paused, .closed]) { return }
            }
            peerEnded(slot)
        } else if errno != EAGAIN && errno != EINTR {
            close(slot, .peerReset)
        }
    }

    private func peerEnded(_ slot: UInt32) {
        let connection = unsafe table.at(slot)
        let flags = unsafe connection.pointee.flags
        if flags.contains(.lingering) {
            close(slot, unsafe connection.pointee.reason)
        } else {
            unsafe connection.pointee.flags.insert(.inputEnded)
            setDeaf(slot, true)
            if !flags.contains(.finishing) {
                unsafe connection.pointee.session?.inputEnded(on: self, slot)
            }
        }
    }

    /// Offers what waited while the session was paused.
    func offerRemainder(_ slot: UInt32) {
        let connection = unsafe table.at(slot)
        unsafe connection.pointee.flags.remove(.held)
        guard let rest = unsafe connection.pointee.unparsed else { return }
        unsafe connection.pointee.unparsed = nil
        input.removeAll()
        input.append(rest.bytes.span)
        feed(slot)
    }

    /// Gives the session what is in `input`, and a new session (an upgrade) what the old one left.
    private func feed(_ slot: UInt32) {
        let connection = unsafe table.at(slot)
        while let session = unsafe connection.pointee.session {
            let used = session.receive(&input, on: self, slot)
            input.removeFirst(used)
            let wasReplaced = unsafe connection.pointee.session !== session
            let isPaused = unsafe connection.pointee.flags.contains(.paused)
            if input.isEmpty || !wasReplaced || isPaused { break }
        }
        if !input.isEmpty,
            unsafe connection.pointee.flags.isDisjoint(with: [.finishing, .closed])
        {
            let rest = input.withSpan { Remainder($0) }
            unsafe connection.pointee.unparsed = rest
        }
    }

    /// The session takes no bytes until `resume`.
    package func pause(_ slot: UInt32) {
        unsafe table.at(slot).pointee.flags.insert(.paused)
    }

    /// The session takes bytes again; what waited is offered in the next turn.
    package func resume(_ slot: UInt32) {
        let connection = unsafe table.at(slot)
        guard unsafe connection.pointee.flags.contains(.paused) else { return }
        unsafe connection.pointee.flags.remove(.paused)
        setDeaf(slot, false)
        if unsafe connection.pointee.unparsed != nil {
            unsafe connection.pointee.flags.insert(.held)
            schedule(slot)
        }
    }

    /// Tells epoll whether bytes of this connection are wanted. After the peer's end they never
    /// are.
    func setDeaf(_ slot: UInt32, _ deaf: Bool) {
        let connection = unsafe table.at(slot)
        let flags = unsafe connection.pointee.flags
        let wanted = deaf || flags.contains(.inputEnded)
        if flags.contains(.deaf) == wanted || flags.contains(.closed) { return }
        if wanted {
            unsafe connection.pointee.flags.insert(.deaf)
        } else {
            unsafe connection.pointee.flags.remove(.deaf)
        }
        updateInterest(slot)
    }

    func updateInterest(_ slot: UInt32) {
        let connection = unsafe table.at(slot)
        let flags = unsafe connection.pointee.flags
        var interest: Poller.Interest = []
        if !flags.contains(.deaf) { interest.insert(.readable) }
        if flags.contains(.awaitsWritable) { interest.insert(.writable) }
        do throws(SystemError) {
            try poller.change(
                unsafe connection.pointee.descriptor, interest, data: key(of: slot).bits)
        } catch {
            close(slot, .socketError)
        }
    }
}
