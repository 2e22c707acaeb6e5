// Bytes out: staged into the arena of the turn, appended to connections as numbers, and sent at the
// end of the turn with one send(2) a connection. Only what the kernel does not take is copied.

package import Base
import CLinux
import Glibc

extension EventLoop {
    /// Puts one message into the arena; it can be sent to any number of connections this turn.
    package func stage(_ bytes: Span<UInt8>) -> StagedMessage {
        makeRoom()
        let start = outbox.arena.count
        outbox.arena.append(bytes)
        return outbox.staged(from: start)
    }

    /// Like `stage(_:)`, with bytes that `write` appends to the arena itself. It must not use the
    /// loop.
    package func stage(_ write: (inout ByteBuffer) -> Void) -> StagedMessage {
        makeRoom()
        let start = outbox.arena.count
        write(&outbox.arena)
        return outbox.staged(from: start)
    }

    /// Flushes in the middle of a turn that sends a lot, so that the arena stays bounded. What is
    /// staged during a flush (the farewell of a full outbox) is sent by that same flush.
    private func makeRoom() {
        if outbox.arena.count > ReactorLimits.turnBytesMax, !isFlushing { flush() }
    }

    /// Sends a staged message to one connection at the end of the turn.
    package func send(_ message: StagedMessage, to slot: UInt32) {
        let connection = unsafe table.at(slot)
        if unsafe !connection.pointee.flags.isDisjoint(with: [.finishing, .closed, .full]) {
            return
        }
        unsafe append(message, to: slot, connection)
    }

    @inline(__always)
    private func append(
        _ message: StagedMessage, to slot: UInt32, _ connection: UnsafeMutablePointer<Connection>
    ) {
        unsafe connection.pointee.pending = outbox.append(
            message, to: connection.pointee.pending)
        if unsafe !connection.pointee.flags.contains(.dirty) {
            unsafe connection.pointee.flags.insert(.dirty)
            dirty.append(slot)
        }
    }

    /// The fan-out: one message to every connection of a list, but for those that choose to have it
    /// later.
    package func send(
        _ message: StagedMessage, toAll slots: [UInt32], topic: UInt64, sequence: UInt64
    ) {
        for slot in slots {
            let connection = unsafe table.at(slot)
            let flags = unsafe connection.pointee.flags
            if flags.isDisjoint(with: [.finishing, .closed, .full, .choosing, .formed]) {
                unsafe append(message, to: slot, connection)
                continue
            }
            if !flags.isDisjoint(with: [.finishing, .closed, .full]) { continue }
            if flags.contains(.choosing) {
                guard let session = unsafe connection.pointee.session,
                    session.accepts(topic: topic, sequence: sequence)
                else { continue }
            }
            // Form 0 is the message itself.
            let form = unsafe connection.pointee.form
            unsafe append(inForm(message, form), to: slot, connection)
        }
        statistics.deliveries.add(UInt64(slots.count))
    }

    /// Like `send(_:to:)`, but asks a choosing session first, and in the connection's form.
    package func send(
        _ message: StagedMessage, toOne slot: UInt32, topic: UInt64, sequence: UInt64
    ) {
        let connection = unsafe table.at(slot)
        if unsafe connection.pointee.flags.contains(.choosing) {
            guard let session = unsafe connection.pointee.session,
                session.accepts(topic: topic, sequence: sequence)
            else { return }
        }
        send(inForm(message, unsafe connection.pointee.form), to: slot)
    }

    /// Bytes that wait to be sent to this connection, this turn's included.
    package func queuedBytes(_ slot: UInt32) -> Int {
        let connection = unsafe table.at(slot)
        let unsent = unsafe connection.pointee.unsent?.count ?? 0
        return unsafe unsent + outbox.count(connection.pointee.pending)
    }

    /// Bytes of this connection that the kernel has taken.
    package func bytesWritten(_ slot: UInt32) -> UInt64 {
        unsafe table.at(slot).pointee.bytesWritten
    }

    /// Of these, the ones that the peer's TCP has acknowledged. A system call.
    package func bytesAcknowledged(_ slot: UInt32) -> UInt64 {
        let connection = unsafe table.at(slot)
        let outstanding = unsafe linux_unacknowledged(connection.pointee.descriptor)
        let written = unsafe connection.pointee.bytesWritten
        return outstanding < 0 ? 0 : written - min(written, UInt64(outstanding))
    }

    /// Slots that may be in use; those that are not have no session.
    package var slotCount: Int { table.slotCount }

    /// The session hears through `proceed` when all that is queued has left.
    package func proceedWhenDrained(_ slot: UInt32) {
        unsafe table.at(slot).pointee.flags.insert(.wantsDrain)
    }

    /// Most bytes that may wait for the peer before `outboxIsFull`.
    package func setOutboundBytesMax(_ bytes: Int, _ slot: UInt32) {
        unsafe table.at(slot).pointee.outboundBytesMax = UInt32(clamping: bytes)
    }

    /// Whether the session is asked about each message of a fan-out.
    package func setChoosing(_ choosing: Bool, _ slot: UInt32) {
        if choosing {
            unsafe table.at(slot).pointee.flags.insert(.choosing)
        } else {
            unsafe table.at(slot).pointee.flags.remove(.choosing)
        }
    }

    // MARK: flush

    /// Sends everything that is staged. Sessions may add to it while it runs (a full outbox).
    func flush() {
        isFlushing = true
        defer { isFlushing = false }
        var index = 0
        while index < dirty.count {
            flush(dirty[index])
            index += 1
        }
        dirty.removeAll(keepingCapacity: true)
        outbox.removeAll()
        forms.forget()
    }

    private func flush(_ slot: UInt32) {
        let connection = unsafe table.at(slot)
        unsafe connection.pointee.flags.remove(.dirty)
        let node = unsafe connection.pointee.pending
        unsafe connection.pointee.pending = 0
        if unsafe connection.pointee.flags.contains(.closed) { return }
        if node != 0 { unsafe put(node, slot, connection) }
        if unsafe connection.pointee.flags.contains(.closed) { return }
        if unsafe connection.pointee.unsent == nil {
            drained(slot)
        } else {
            checkFull(slot)
        }
    }

    /// Sends the bytes of a node, and keeps what the kernel does not take.
    private func put(
        _ node: UInt32, _ slot: UInt32, _ connection: UnsafeMutablePointer<Connection>
    ) {
        if let unsent = unsafe connection.pointee.unsent {
            outbox.withBytes(of: node) { unsent.append($0) }
            return
        }
        let descriptor = unsafe connection.pointee.descriptor
        let (sent, rest) = outbox.withBytes(of: node) { bytes -> (Int, Remainder?) in
            let sent = Self.write(bytes, to: descriptor)
            if sent < 0 || sent == bytes.count { return (sent, nil) }
            return (sent, Remainder(bytes.extracting(sent..<bytes.count)))
        }
        guard sent >= 0 else {
            close(slot, .peerReset)
            return
        }
        unsafe connection.pointee.sentTick = tick
        unsafe connection.pointee.bytesWritten += UInt64(sent)
        statistics.sends.add()
        statistics.bytesSent.add(UInt64(sent))
        if let rest {
            unsafe connection.pointee.unsent = rest
            unsafe connection.pointee.flags.insert(.awaitsWritable)
            updateInterest(slot)
        }
    }

    /// Bytes taken by the kernel (0: none now), or -1 when the connection is broken.
    private static func write(_ bytes: Span<UInt8>, to descriptor: CInt) -> Int {
        while true {
            let sent = unsafe bytes.withUnsafeBytes {
                unsafe Glibc.send(descriptor, $0.baseAddress, $0.count, CInt(MSG_NOSIGNAL))
            }
            if sent >= 0 { return sent }
            if errno == EINTR { continue }
            return errno == EAGAIN ? 0 : -1
        }
    }

    private func checkFull(_ slot: UInt32) {
        let connection = unsafe table.at(slot)
        let flags = unsafe connection.pointee.flags
        if !flags.isDisjoint(with: [.full, .finishing, .closed]) { return }
        guard let unsent = unsafe connection.pointee.unsent,
            unsafe unsent.count > Int(connection.pointee.outboundBytesMax)
        else { return }
        let session = unsafe connection.pointee.session
        session?.outboxIsFull(on: self, slot)
        unsafe connection.pointee.flags.insert(.full)
    }

    func writable(_ slot: UInt32) {
        let connection = unsafe table.at(slot)
        guard unsafe !connection.pointee.flags.contains(.closed),
            let unsent = unsafe connection.pointee.unsent
        else { return }
        let descriptor = unsafe connection.pointee.descriptor
        let sent = unsent.withBytes { Self.write($0, to: descriptor) }
        guard sent >= 0 else {
            close(slot, .peerReset)
            return
        }
        unsent.used += sent
        unsafe connection.pointee.sentTick = tick
        unsafe connection.pointee.bytesWritten += UInt64(sent)
        statistics.bytesSent.add(UInt64(sent))
        if unsent.count > 0 { return }
        unsafe connection.pointee.unsent = nil
        unsafe connection.pointee.flags.remove([.awaitsWritable, .full])
        updateInterest(slot)
        if unsafe connection.pointee.pending == 0 { drained(slot) }
    }

    /// Nothing waits for this connection any more.
    private func drained(_ slot: UInt32) {
        let connection = unsafe table.at(slot)
        let flags = unsafe connection.pointee.flags
        if flags.contains(.finishing) {
            if !flags.contains(.lingering) { endOutput(slot) }
        } else if flags.contains(.wantsDrain) {
            unsafe connection.pointee.flags.remove(.wantsDrain)
            schedule(slot)
        }
    }
}
