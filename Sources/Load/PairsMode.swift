// Pairs of users: the even client of each sends to the odd one.
//
//     client 2k ── message ──► server ──► client 2k + 1   receipt
//         ▲                      │
//         └── echo, then ack ────┘
//
// Checked for every message: receipt, echo and ack come once each, the echo before the ack; both
// receivers have the messages in the order of sending, `seq` rising by one; all three tell the same
// `id` and `seq`; the content is what was sent, to the byte.

import Base

final class PairsMode: LoadMode {
    private final class Pair {
        let template: MessageTemplate
        let name: UInt32
        var window: SendWindow
        var receipts = DeliveryOrder()
        var echoes = DeliveryOrder()
        /// `seq` less the counter, which never changes.
        var base: Int64?

        init(_ template: consuming MessageTemplate, name: UInt32, _ window: SendWindow) {
            self.template = template
            self.name = name
            self.window = window
        }
    }

    private let state: RunState
    private var pairs: [Pair] = []
    private var nextPair = 0

    /// `names`: one for each client, in their order.
    init(_ options: LoadOptions, _ state: RunState, names: [String], seed: UInt64) {
        self.state = state
        var random = SeededRandom(seed: seed)
        for index in 0..<options.pairs {
            let template = MessageTemplate(
                run: state.run, sender: UInt32(index), target: .user(names[index * 2 + 1]),
                contentBytes: options.contentBytes, &random)
            let window = SendWindow(
                limit: options.inFlight, wanted: state.wanted(inGroup: false))
            pairs.append(Pair(template, name: UInt32(index), window))
        }
    }

    var outstanding: Int { pairs.reduce(0) { $0 + $1.window.outstanding } }

    func fill(on loop: LoadLoop) {
        let now = Clock.monotonicNanoseconds()
        for pair in pairs { sendWhatFits(pair, on: loop, now) }
    }

    func send(due time: UInt64, on loop: LoadLoop) -> Bool {
        for _ in pairs {
            let pair = pairs[nextPair]
            nextPair = nextPair + 1 == pairs.count ? 0 : nextPair + 1
            if pair.window.hasRoom {
                send(pair, on: loop, time)
                return true
            }
        }
        return false
    }

    private func sendWhatFits(_ pair: Pair, on loop: LoadLoop, _ now: UInt64) {
        while state.maySend, pair.window.hasRoom { send(pair, on: loop, now) }
    }

    private func send(_ pair: Pair, on loop: LoadLoop, _ time: UInt64) {
        let client = loop.clients[Int(pair.name) &* 2]
        let counter = pair.window.send(at: time)
        pair.template.appendFrame(
            counter: counter, time: time,
            maskKey: UInt32(truncatingIfNeeded: loop.random.next()), to: &client.out)
        state.sent &+= 1
        state.budget &-= 1
        loop.wantsToSend(client)
    }

    func received(
        _ payload: Span<UInt8>, _ client: LoadClient, on loop: LoadLoop, now: UInt64
    ) {
        guard let fields = MessageFields.read(payload) else {
            state.tally.add(.unreadable, about: "client \(client.index)")
            return
        }
        let pair = pairs[client.index &>> 1]
        let before = pair.window.done
        switch fields.type {
        case 2: message(fields, payload, pair, client.index, now)
        case 3: acknowledged(fields, payload, pair, client.index, now)
        default: state.note(fields, payload, client: client.index)
        }
        if pair.window.done != before {
            state.finished &+= Int(pair.window.done &- before)
            if state.isClosedLoop { sendWhatFits(pair, on: loop, now) }
        }
    }

    @inline(__always)
    private func message(
        _ fields: MessageFields, _ payload: Span<UInt8>, _ pair: Pair, _ client: Int, _ now: UInt64
    ) {
        let content = payload.extracting(fields.content)
        guard let stamp = MessageStamp(content), stamp.run == state.run else {
            state.foreign += 1
            return
        }
        guard stamp.sender == pair.name else {
            state.tally.add(.unknownMessage, about: "client \(client) got one of \(stamp.sender)")
            return
        }
        if !pair.template.hasFiller(of: content)
            || (pair.window.time(of: stamp.counter) ?? stamp.time) != stamp.time
        {
            state.tally.add(.contentChanged, about: "client \(client), message \(stamp.counter)")
        }
        let isEcho = client & 1 == 0
        let isNext =
            isEcho ? pair.echoes.takeNext(stamp.counter) : pair.receipts.takeNext(stamp.counter)
        if !isNext {
            let outcome =
                isEcho ? pair.echoes.note(stamp.counter) : pair.receipts.note(stamp.counter)
            DeliveryOrder.count(
                outcome, in: &state.tally, about: "client \(client), message \(stamp.counter)")
            if outcome == .doubled { return }
        }
        if !state.isBare {
            let base = fields.sequence &- Int64(truncatingIfNeeded: stamp.counter)
            if pair.base == nil { pair.base = base }
            if pair.base != base {
                state.tally.add(
                    .sequenceBroken, about: "client \(client), seq \(fields.sequence)")
                pair.base = base
            }
        }
        if let finding = pair.window.note(
            isEcho ? .echo : .receipt, stamp.counter, id: fields.id, sequence: fields.sequence)
        {
            state.tally.add(finding, about: "client \(client), message \(stamp.counter)")
        }
        if !isEcho {
            state.deliveries &+= 1
            state.receipt.record(from: stamp.time, until: now)
        }
    }

    @inline(__always)
    private func acknowledged(
        _ fields: MessageFields, _ payload: Span<UInt8>, _ pair: Pair, _ client: Int, _ now: UInt64
    ) {
        let status = payload.extracting(fields.status)
        if status.count == 6, status[0] == UInt8(ascii: "f") {
            state.failed(fields, payload, client: client)
            return
        }
        let named =
            state.isBare
            ? pair.window.oldestWithoutAck
            : pair.template.counter(ofID: payload.extracting(fields.messageID))
        guard let counter = named, client & 1 == 0 else {
            // Acks of heartbeats are none of ours.
            if status.count != 8 { state.tally.add(.unknownMessage, about: "client \(client)") }
            return
        }
        let time = pair.window.time(of: counter)
        if let finding = pair.window.note(
            .ack, counter, id: fields.id, sequence: fields.sequence)
        {
            state.tally.add(finding, about: "client \(client), message \(counter)")
        }
        state.acks &+= 1
        if let time { state.acknowledgement.record(from: time, until: now) }
    }

    func ended(_ client: LoadClient, _ failure: LoadFailure, on loop: LoadLoop) {
        state.fail(failure.text)
    }

    func conclude() {
        for (index, pair) in pairs.enumerated() {
            let sent = pair.window.sent
            let missing =
                Int(sent - min(sent, pair.receipts.next)) + Int(sent - min(sent, pair.echoes.next))
            if missing > 0 { state.tally.add(.lost, missing, about: "pair \(index)") }
        }
    }
}
