// One group: some of its members send, every member receives everything.
//
//     client 0..<senders ── message ──► server ──► client 0..<members   (the sender's is its echo)
//                               ack ◄─────┘
//
// Checked for every receiver: each message once, in the one order that all share, `seq` rising by
// one in it, byte for byte what the others have; and for every message the echo before the ack,
// with the same `id` and `seq`.

import Base

final class FanoutMode: LoadMode {
    private final class Sender {
        let template: MessageTemplate
        let index: Int
        var window: SendWindow
        /// The counter of its next message in the shared order.
        var next: UInt64 = 0

        init(_ template: consuming MessageTemplate, index: Int, _ window: SendWindow) {
            self.template = template
            self.index = index
            self.window = window
        }
    }

    /// What a server's frame may have beyond the content, in bytes.
    static let envelopeBytes = 512

    private let state: RunState
    private var senders: [Sender] = []
    private var order: BroadcastOrder
    private var nextSender = 0
    /// `seq` less the position in the shared order, which never changes.
    private var base: Int64?

    init(_ options: LoadOptions, _ state: RunState, group: Int64, seed: UInt64) {
        self.state = state
        order = BroadcastOrder(
            receivers: options.members, capacity: options.senders * options.inFlight + 1,
            payloadBytesMax: options.contentBytes + Self.envelopeBytes)
        var random = SeededRandom(seed: seed)
        for index in 0..<options.senders {
            let template = MessageTemplate(
                run: state.run, sender: UInt32(index), target: .group(group),
                contentBytes: options.contentBytes, &random)
            let window = SendWindow(limit: options.inFlight, wanted: state.wanted(inGroup: true))
            senders.append(Sender(template, index: index, window))
        }
    }

    var outstanding: Int { senders.reduce(0) { $0 + $1.window.outstanding } }

    func fill(on loop: LoadLoop) {
        let now = Clock.monotonicNanoseconds()
        for sender in senders { sendWhatFits(sender, on: loop, now) }
    }

    func send(due time: UInt64, on loop: LoadLoop) -> Bool {
        for _ in senders {
            let sender = senders[nextSender]
            nextSender = nextSender + 1 == senders.count ? 0 : nextSender + 1
            if sender.window.hasRoom {
                send(sender, on: loop, time)
                return true
            }
        }
        return false
    }

    private func sendWhatFits(_ sender: Sender, on loop: LoadLoop, _ now: UInt64) {
        while state.maySend, sender.window.hasRoom { send(sender, on: loop, now) }
    }

    private func send(_ sender: Sender, on loop: LoadLoop, _ time: UInt64) {
        let client = loop.clients[sender.index]
        let counter = sender.window.send(at: time)
        sender.template.appendFrame(
            counter: counter, time: time,
            maskKey: UInt32(truncatingIfNeeded: loop.random.next()), to: &client.out)
        state.sent &+= 1
        state.budget &-= 1
        loop.wantsToSend(client)
    }

    func received(
        _ payload: Span<UInt8>, _ client: LoadClient, on loop: LoadLoop, now: UInt64
    ) {
        let receiver = client.index
        if order.isNext(payload, for: receiver) {
            let position = order.position(of: receiver)
            let entry = order.entry(at: position)
            order.deliverNext(position, to: receiver)
            delivered(entry, to: receiver, on: loop, now)
            return
        }
        guard let fields = MessageFields.read(payload) else {
            state.tally.add(.unreadable, about: "client \(receiver)")
            return
        }
        switch fields.type {
        case 4: message(fields, payload, receiver, on: loop, now)
        case 3: acknowledged(fields, payload, receiver, on: loop, now)
        default: state.note(fields, payload, client: receiver)
        }
    }

    /// A delivery that was read in full, in order or not.
    private func deliver(_ position: UInt64, to receiver: Int, on loop: LoadLoop, _ now: UInt64) {
        let entry = order.entry(at: position)
        let outcome = order.deliver(position, to: receiver)
        DeliveryOrder.count(
            outcome, in: &state.tally,
            about: "client \(receiver), message \(entry.counter) of \(entry.sender)")
        if outcome != .doubled { delivered(entry, to: receiver, on: loop, now) }
    }

    @inline(__always)
    private func delivered(
        _ entry: BroadcastOrder.Entry, to receiver: Int, on loop: LoadLoop, _ now: UInt64
    ) {
        state.deliveries &+= 1
        state.receipt.record(from: entry.time, until: now)
        if receiver == Int(entry.sender), !state.isBare { note(.echo, entry, on: loop, now) }
        while let finished = order.takeFinished() { note(.receipt, finished, on: loop, now) }
    }

    /// A message that is not, as it stands, the receiver's next: a new one, or something is wrong.
    private func message(
        _ fields: MessageFields, _ payload: Span<UInt8>, _ receiver: Int, on loop: LoadLoop,
        _ now: UInt64
    ) {
        let content = payload.extracting(fields.content)
        guard let stamp = MessageStamp(content), stamp.run == state.run else {
            state.foreign += 1
            return
        }
        let about = "client \(receiver), message \(stamp.counter) of \(stamp.sender)"
        guard stamp.sender < senders.count else {
            state.tally.add(.unknownMessage, about: about)
            return
        }
        let sender = senders[Int(stamp.sender)]
        let isWhole = sender.template.hasFiller(of: content)
        if let position = order.find(sender: stamp.sender, counter: stamp.counter) {
            let known = order.entry(at: position)
            if !isWhole || known.time != stamp.time {
                state.tally.add(.contentChanged, about: about)
            }
            if known.id != fields.id || known.sequence != fields.sequence {
                state.tally.add(.numbersDiffer, about: about)
            }
            deliver(position, to: receiver, on: loop, now)
            return
        }
        guard stamp.counter >= sender.next else {
            state.tally.add(.doubled, about: about)
            return
        }
        guard stamp.counter < sender.window.sent, order.hasRoom,
            payload.count <= order.payloadBytesMax
        else {
            state.tally.add(.unknownMessage, about: about)
            return
        }
        if !isWhole { state.tally.add(.contentChanged, about: about) }
        if stamp.counter > sender.next {
            state.tally.add(.lost, Int(stamp.counter - sender.next), about: about)
        }
        sender.next = stamp.counter + 1
        if !state.isBare { checkSequence(fields.sequence, about) }
        let position = order.end
        order.append(
            BroadcastOrder.Entry(
                sender: stamp.sender, counter: stamp.counter, time: stamp.time, id: fields.id,
                sequence: fields.sequence), payload)
        deliver(position, to: receiver, on: loop, now)
    }

    private func checkSequence(_ sequence: Int64, _ about: String) {
        let found = sequence &- Int64(truncatingIfNeeded: order.end)
        if base == nil { base = found }
        if base != found { state.tally.add(.sequenceBroken, about: about) }
        base = found
    }

    private func acknowledged(
        _ fields: MessageFields, _ payload: Span<UInt8>, _ client: Int, on loop: LoadLoop,
        _ now: UInt64
    ) {
        let status = payload.extracting(fields.status)
        if status.count == 6, status[0] == UInt8(ascii: "f") {
            state.failed(fields, payload, client: client)
            return
        }
        guard client < senders.count,
            let counter = senders[client].template.counter(
                ofID: payload.extracting(fields.messageID))
        else {
            // Acks of heartbeats (`received`) are none of ours.
            if status.count != 8 { state.tally.add(.unknownMessage, about: "client \(client)") }
            return
        }
        if let time = senders[client].window.time(of: counter) {
            state.acknowledgement.record(from: time, until: now)
        }
        state.acks &+= 1
        let entry = BroadcastOrder.Entry(
            sender: UInt32(client), counter: counter, id: fields.id, sequence: fields.sequence)
        note(.ack, entry, on: loop, now)
    }

    /// A part of a message has come; when that finishes it, its sender goes on.
    private func note(
        _ part: SendWindow.Part, _ entry: BroadcastOrder.Entry, on loop: LoadLoop, _ now: UInt64
    ) {
        let sender = senders[Int(entry.sender)]
        let before = sender.window.done
        if let finding = sender.window.note(
            part, entry.counter, id: entry.id, sequence: entry.sequence)
        {
            state.tally.add(finding, about: "message \(entry.counter) of \(entry.sender)")
        }
        if sender.window.done != before {
            state.finished &+= Int(sender.window.done &- before)
            if state.isClosedLoop { sendWhatFits(sender, on: loop, now) }
        }
    }

    func ended(_ client: LoadClient, _ failure: LoadFailure, on loop: LoadLoop) {
        state.fail(failure.text)
    }

    func conclude() {
        let missing = order.missingDeliveries
        if missing > 0 { state.tally.add(.lost, missing, about: "deliveries that never came") }
        for sender in senders where sender.window.sent > sender.next {
            let count = Int(sender.window.sent - sender.next)
            state.tally.add(.lost, count, about: "messages of sender \(sender.index)")
        }
    }
}
