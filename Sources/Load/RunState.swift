// What both modes count while a run goes on. One thread owns it.
//
//     warm-up ──► measured ──► draining: nothing new is sent, what is under way still counts
//                 │                      for the verification, though no more for the rates

final class RunState {
    /// New for each run, and in each message.
    let run: UInt32
    let isBare: Bool
    /// Each finished message sends the next (closed loop); false where a schedule does.
    let isClosedLoop: Bool
    var isSending = true
    /// Messages that may still be sent.
    var budget: Int
    var tally = FindingTally()
    /// Ends the run at once.
    var failure: String?

    var sent = 0
    /// Messages that have all that they wait for.
    var finished = 0
    var deliveries = 0
    var acks = 0
    /// Messages of other runs: not counted, not an error.
    var foreign = 0
    /// From the sending, or the moment for which it was due, to the receipt.
    var receipt = LatencyRecord()
    var acknowledgement = LatencyRecord()

    init(_ options: LoadOptions, run: UInt32) {
        self.run = run
        isBare = options.isBare
        isClosedLoop = options.rate == nil
        budget = options.messages ?? Int.max
    }

    var maySend: Bool { isSending && budget > 0 }

    /// What a message needs to be finished. The bare reference sends no numbered acks in a group.
    func wanted(inGroup: Bool) -> SendWindow.Part {
        isBare && inGroup ? [.receipt] : [.receipt, .echo, .ack]
    }

    func resetLatencies() {
        receipt.reset()
        acknowledgement.reset()
    }

    func fail(_ text: String) {
        if failure == nil { failure = text }
    }

    /// A system event, or a frame of a type that is of no interest here.
    func note(_ fields: MessageFields, _ payload: Span<UInt8>, client: Int) {
        guard fields.type == 5 else { return }
        let event = String(decoding: Array(payload.extracting(fields.event)), as: UTF8.self)
        if event == "kicked" || event == "error" {
            let text = String(decoding: Array(payload), as: UTF8.self)
            tally.add(.systemError, about: "client \(client): \(text)")
        }
    }

    /// An ack that says `failed` ends the run: what it stands for will not be delivered.
    func failed(_ fields: MessageFields, _ payload: Span<UInt8>, client: Int) {
        let reason = String(decoding: Array(payload.extracting(fields.reason)), as: UTF8.self)
        tally.add(.ackFailed, about: "client \(client): \(reason)")
        fail("a message was refused: \(reason)")
    }
}

/// What a run drives: who sends what to whom, and what has to come of it.
protocol LoadMode: LoadHandler {
    /// Fills every sender's window (closed loop).
    func fill(on loop: LoadLoop)
    /// Sends one message that was due at `time`; false when no sender has room.
    func send(due time: UInt64, on loop: LoadLoop) -> Bool
    /// Messages that are not finished.
    var outstanding: Int { get }
    /// At the end: counts what never came as lost.
    func conclude()
}

extension LoadMode {
    func opened(_ client: LoadClient, on loop: LoadLoop) {}
}
