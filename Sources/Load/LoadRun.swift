// One run, from the first message to the last answer.
//
//     fill or schedule ──► warm-up ──► measured ──► stop sending ──► drain ──► conclude
//
// Closed loop: each finished message sends the next. Open loop (`--rate`): messages are due on a
// schedule that waits for nobody, and latency counts from when a message was due, so that a server
// that stands still for a while is charged for everything that should have happened meanwhile.
// Bounded: a run in which nothing arrives for `silenceSeconds` while something is under way, or
// that does not drain in time, ends with what it has, and what is missing counts as lost.

import Base

struct LoadRun {
    private static let second: UInt64 = 1_000_000_000
    private static let silenceSeconds: UInt64 = 5
    private static let drainSeconds: UInt64 = 20
    /// Closer than this the next message is waited for awake, because epoll counts milliseconds.
    private static let spinNanoseconds: UInt64 = 2_000_000

    private struct Totals {
        let time: UInt64
        let messages: Int
        let deliveries: Int
        let acks: Int
        let own: UInt64
        let server: UInt64?
    }

    private let options: LoadOptions
    private let state: RunState
    private let mode: any LoadMode
    private let loop: LoadLoop
    private var due: UInt64 = 0
    private var scheduled: UInt64 = 0
    private var start: UInt64 = 0
    private var lastBytes: UInt64 = 0
    private var lastArrival: UInt64 = 0
    private var lastShown: UInt64 = 0
    /// The server owes something and does not send it.
    private var isStalled = false
    private var shownMessages = 0
    private var shownDeliveries = 0

    init(_ options: LoadOptions, _ state: RunState, _ mode: any LoadMode, _ loop: LoadLoop) {
        self.options = options
        self.state = state
        self.mode = mode
        self.loop = loop
    }

    mutating func run() -> LoadReport {
        start = Clock.monotonicNanoseconds()
        due = start
        lastArrival = start
        lastShown = start
        if state.isClosedLoop { mode.fill(on: loop) }
        let isCounted = options.messages != nil
        if !isCounted {
            let warm = start + nanoseconds(options.warmupSeconds)
            while state.failure == nil, Clock.monotonicNanoseconds() < warm { turn("warm-up") }
            state.resetLatencies()
        }
        let before = totals()
        let end = before.time + nanoseconds(options.seconds)
        if isCounted {
            while state.failure == nil, state.budget > 0 || mode.outstanding > 0 { turn("sending") }
        } else {
            while state.failure == nil, Clock.monotonicNanoseconds() < end { turn("measured") }
        }
        let after = totals()
        let (receipt, acknowledgement) = (state.receipt.summary, state.acknowledgement.summary)
        drain()
        // When a connection went, everything behind it is missing, and no news.
        if state.failure == nil || isStalled { mode.conclude() }
        return LoadReport(
            options: options, seconds: Double(after.time - before.time) / 1e9,
            messages: after.messages - before.messages,
            deliveries: after.deliveries - before.deliveries, acks: after.acks - before.acks,
            sent: state.sent, foreign: state.foreign, receipt: receipt,
            acknowledgement: acknowledgement,
            serverSeconds: difference(before.server, after.server),
            generatorSeconds: Double(after.own - before.own) / 1e9, tally: state.tally,
            failure: state.failure)
    }

    private func nanoseconds(_ seconds: Double) -> UInt64 { UInt64(seconds * 1e9) }

    private func difference(_ before: UInt64?, _ after: UInt64?) -> Double? {
        guard let before, let after, after >= before else { return nil }
        return Double(after - before) / 1e9
    }

    private func totals() -> Totals {
        let server = options.serverProcess.flatMap { ProcessTime.of(process: $0) }
        return Totals(
            time: Clock.monotonicNanoseconds(), messages: state.finished,
            deliveries: state.deliveries, acks: state.acks, own: ProcessTime.own(), server: server)
    }

    private mutating func drain() {
        state.isSending = false
        let end = Clock.monotonicNanoseconds() + Self.drainSeconds * Self.second
        while state.failure == nil, mode.outstanding > 0 {
            turn("draining")
            if Clock.monotonicNanoseconds() > end {
                isStalled = true
                state.fail("\(mode.outstanding) messages unfinished after \(Self.drainSeconds) s")
            }
        }
    }

    /// One turn of the loop, with what is due before it and what is to be said after it.
    private mutating func turn(_ phase: StaticString) {
        var wait: CInt = 100
        if let rate = options.rate, state.maySend {
            let now = Clock.monotonicNanoseconds()
            while due <= now, state.maySend, mode.send(due: due, on: loop) {
                scheduled += 1
                due = start + UInt64(Double(scheduled) * 1e9 / rate)
            }
            let left = due > now ? due - now : 0
            wait = left < Self.spinNanoseconds ? 0 : CInt(min(left / 1_000_000 - 1, 100))
        }
        loop.turn(milliseconds: wait)
        watch(phase)
    }

    private mutating func watch(_ phase: StaticString) {
        let now = Clock.monotonicNanoseconds()
        if loop.bytesReceived != lastBytes {
            lastBytes = loop.bytesReceived
            lastArrival = now
        } else if now > lastArrival + Self.silenceSeconds * Self.second {
            let outstanding = mode.outstanding
            if outstanding > 0 {
                isStalled = true
                state.fail(
                    "nothing came for \(Self.silenceSeconds) s, with \(outstanding) under way")
            }
            lastArrival = now
        }
        guard now >= lastShown + Self.second else { return }
        let seconds = Double(now - lastShown) / 1e9
        let messages = Int(Double(state.finished - shownMessages) / seconds)
        let deliveries = Int(Double(state.deliveries - shownDeliveries) / seconds)
        let elapsed = (now - start) / Self.second
        Terminal.note(
            "\(elapsed) s \(phase): \(messages) messages/s, \(deliveries) deliveries/s, "
                + "\(state.tally.total) errors")
        lastShown = now
        shownMessages = state.finished
        shownDeliveries = state.deliveries
    }
}
