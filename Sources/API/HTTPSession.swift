// One connection that speaks HTTP/1.1. Requests are answered one at a time, in order: while one
// waits for the log, a worker or its body, nothing behind it is read.
//
//     idle ─head─► (body complete?) ──no──► body ─complete─► run ─► answered ─► idle
//                        └──────yes──────────────────────────► │
//                                                  waiting ◄───┘ log, worker
//
// A request that came whole is parsed and run in the shared receive buffer; only one that did not
// is kept, in `PendingRequest`.

import Base
import Chat
import Reactor
import Store
import Wire

final class HTTPSession: Session {
    unowned(unsafe) let context: ReactorContext
    private var scanned = 0
    private var headHasBegun = false
    private var pending: PendingRequest?
    /// The plan of the request that waits for its answer.
    var waiting: RequestPlan?
    private(set) var request: UInt32 = 0
    private var closesAfterAnswer = false
    private var isFinished = false
    /// The peer sends requests and does not read the answers: nothing is read until it has.
    private(set) var isBackedUp = false
    /// Bytes of answers that may wait while further requests of the connection are run.
    private static let queuedBytesMax = 256 * 1_024

    init(_ context: ReactorContext) { unsafe self.context = context }

    // MARK: input

    func receive(_ input: inout ByteBuffer, on loop: EventLoop, _ slot: UInt32) -> Int {
        var used = 0
        while waiting == nil, !isFinished, !isBackedUp, used < input.count || pending != nil {
            let step: Int
            if let pending {
                step = takeBody(pending, &input, used, on: loop, slot)
            } else {
                step = takeHead(&input, used, on: loop, slot)
            }
            used += step
            if step == 0 { break }
            if loop.session(slot) !== self { break }
        }
        return used
    }

    /// Bytes used; 0 when more must come first.
    private func takeHead(
        _ input: inout ByteBuffer, _ start: Int, on loop: EventLoop, _ slot: UInt32
    ) -> Int {
        let rest = input.span(start..<input.count)
        let context = unsafe context
        switch context.parser.parse(rest, scanned: &scanned, into: &context.head) {
        case .incomplete:
            if !headHasBegun {
                headHasBegun = true
                loop.wake(slot, afterSeconds: context.server.settings.headerTimeoutSeconds)
            }
            return 0
        case .invalid(let failure):
            refuse(failure, on: loop, slot)
            return input.count - start
        case .head(let length):
            scanned = 0
            headHasBegun = false
            return begin(input, start, length, on: loop, slot)
        }
    }

    /// The head is complete: decides, and runs the request if its body is here too.
    private func begin(
        _ input: borrowing ByteBuffer, _ start: Int, _ length: Int, on loop: EventLoop,
        _ slot: UInt32
    ) -> Int {
        let context = unsafe context
        request &+= 1
        let rest = input.span(start..<input.count)
        let plan = context.plan(rest, on: loop)
        let exchange = context.exchangeInUse
        let framing = context.head.body
        if case .length(let size) = framing, size <= rest.count - length {
            exchange.load(query: rest.extracting(context.head.query))
            exchange.load(body: rest.extracting(length..<length + size))
            run(plan, on: loop, slot)
            return length + size
        }
        if framing == .none {
            exchange.load(query: rest.extracting(context.head.query))
            exchange.load(body: rest.extracting(0..<0))
            run(plan, on: loop, slot)
            return length
        }
        if case .refuse = plan.step {
            // The body is not worth reading; what of it follows would look like a request.
            var last = plan
            last.keepAlive = false
            run(last, on: loop, slot)
            return rest.count
        }
        wait(for: framing, plan, rest.extracting(context.head.query), on: loop, slot)
        return length
    }

    private func wait(
        for framing: HTTPBodyFraming, _ plan: RequestPlan, _ query: Span<UInt8>,
        on loop: EventLoop, _ slot: UInt32
    ) {
        let pending = PendingRequest(plan)
        pending.query.append(query)
        if case .length(let size) = framing {
            pending.remaining = size
        } else {
            pending.chunked = HTTPChunkedBody()
        }
        self.pending = pending
        let context = unsafe context
        if context.head.expectsContinue {
            loop.send(loop.stage { $0.appendContinue() }, to: slot)
        }
        loop.wake(slot, afterSeconds: context.server.settings.bodyTimeoutSeconds)
    }

    private func takeBody(
        _ pending: PendingRequest, _ input: inout ByteBuffer, _ start: Int,
        on loop: EventLoop, _ slot: UInt32
    ) -> Int {
        let rest = input.span(start..<input.count)
        let context = unsafe context
        var used = 0
        var isComplete = false
        if pending.chunked != nil {
            let limit = context.server.settings.bodyBytesMax
            guard
                let step = pending.chunked?.decode(rest, into: &pending.body, limit: limit)
            else { return 0 }
            used = step.consumed
            switch step.outcome {
            case .needMore: return used
            case .done: isComplete = true
            case .invalid: return fail(pending, .invalidRequest, rest, on: loop, slot)
            case .tooLarge: return fail(pending, .payloadTooLarge, rest, on: loop, slot)
            }
        } else {
            used = min(pending.remaining, rest.count)
            pending.body.append(rest.extracting(0..<used))
            pending.remaining -= used
            isComplete = pending.remaining == 0
        }
        guard isComplete else { return used }
        self.pending = nil
        let exchange = context.exchangeInUse
        pending.query.withSpan { exchange.load(query: $0) }
        pending.body.withSpan { exchange.load(body: $0) }
        run(pending.plan, on: loop, slot)
        return used
    }

    private func fail(
        _ pending: PendingRequest, _ code: Failure.Code, _ rest: Span<UInt8>,
        on loop: EventLoop, _ slot: UInt32
    ) -> Int {
        self.pending = nil
        var plan = pending.plan
        plan.keepAlive = false
        answer(plan, failure: Failure(code), on: loop, slot)
        return rest.count
    }

    /// What cannot be parsed is answered, and the connection ends: nobody knows where the next
    /// request would begin.
    private func refuse(_ failure: HTTPParseFailure, on loop: EventLoop, _ slot: UInt32) {
        let code: Failure.Code =
            failure.status == .contentTooLarge ? .payloadTooLarge : .invalidRequest
        let body = Failure(code, "\(failure.sentence)")
        var plan = RequestPlan(step: .refuse(body), keepAlive: false)
        plan.requestID = unsafe context.requestID()
        answer(plan, failure: body, status: failure.status, on: loop, slot)
    }

    // MARK: running

    private func run(_ plan: RequestPlan, on loop: EventLoop, _ slot: UInt32) {
        let context = unsafe context
        loop.wake(slot, afterSeconds: context.server.settings.idleTimeoutSeconds)
        switch plan.step {
        case .refuse(let failure): answer(plan, failure: failure, on: loop, slot)
        case .options(let methods): answerOptions(plan, methods, on: loop, slot)
        case .run(let index):
            let exchange = context.exchangeInUse
            exchange.begin(plan, key: loop.key(of: slot), request: request)
            let route = context.router.routes[index]
            perform(plan, on: loop, slot, route.handler)
        }
    }

    /// Runs a handler and answers, or waits for the answer.
    private func perform(
        _ plan: RequestPlan, on loop: EventLoop, _ slot: UInt32,
        _ handler: (Exchange) throws(Failure) -> Outcome
    ) {
        let exchange = unsafe context.exchangeInUse
        do throws(Failure) {
            switch try handler(exchange) {
            case .answer:
                release(plan, .ok, HTTPMediaType.json, on: loop, slot)
            case .committed, .elsewhere:
                waiting = plan
                loop.pause(slot)
            case .upgrade:
                upgrade(plan, on: loop, slot)
            }
        } catch {
            exchange.json.removeAll()
            ErrorBody.append(error, to: &exchange.json)
            let status = HTTPStatus(rawValue: error.code.status) ?? .internalServerError
            release(plan, status, ErrorBody.contentType, on: loop, slot)
        }
    }

    /// Sends what is in the exchange, at once if nothing in it could still be lost; otherwise the
    /// answer waits in the log for what it has seen.
    private func release(
        _ plan: RequestPlan, _ status: HTTPStatus, _ type: StaticString, on loop: EventLoop,
        _ slot: UInt32
    ) {
        let exchange = unsafe context.exchangeInUse
        let isDurable = exchange.json.withSpan {
            exchange.chat.answer(
                exchange.origin, after: exchange.reading, status: status.rawValue, $0)
        }
        if isDurable {
            exchange.json.withSpan {
                write(plan, status, type: type, body: $0, on: loop, slot)
            }
        } else {
            waiting = plan
            loop.pause(slot)
        }
    }

    /// A worker is done with the slow part of `origin`'s request.
    func resume(
        _ origin: Origin, on loop: EventLoop, _ slot: UInt32,
        _ handler: (Exchange) throws(Failure) -> Outcome
    ) {
        guard let plan = waiting, origin.request == request else { return }
        waiting = nil
        unsafe context.exchangeInUse.begin(plan, key: loop.key(of: slot), request: request)
        perform(plan, on: loop, slot, handler)
        if waiting == nil, !isBackedUp { loop.resume(slot) }
    }

    func answer(
        _ bytes: Span<UInt8>, request: UInt32, topic: UInt64, sequence: UInt32,
        on loop: EventLoop, _ slot: UInt32
    ) {
        guard let plan = waiting, request == self.request,
            bytes.count >= ResponseAnswer.headerBytes
        else { return }
        waiting = nil
        let code = UInt16(bytes[0]) | UInt16(bytes[1]) << 8
        let status = HTTPStatus(rawValue: code) ?? .internalServerError
        write(
            plan, status, type: status == .ok ? HTTPMediaType.json : ErrorBody.contentType,
            body: bytes.extracting(ResponseAnswer.headerBytes...), on: loop, slot)
        if !isBackedUp { loop.resume(slot) }
    }

    private func upgrade(_ plan: RequestPlan, on loop: EventLoop, _ slot: UInt32) {
        let context = unsafe context
        do throws(Failure) {
            try context.upgrade(plan, on: loop, slot)
            isFinished = true
        } catch {
            answer(plan, failure: error, on: loop, slot)
        }
    }

    // MARK: output

    func answer(
        _ plan: RequestPlan, failure: Failure, status: HTTPStatus? = nil,
        _ reason: CloseReason? = nil, on loop: EventLoop, _ slot: UInt32
    ) {
        let json = unsafe context.exchangeInUse
        json.json.removeAll()
        ErrorBody.append(failure, status: status?.rawValue, to: &json.json)
        let status = status ?? HTTPStatus(rawValue: failure.code.status) ?? .internalServerError
        json.json.withSpan {
            write(plan, status, type: ErrorBody.contentType, body: $0, reason, on: loop, slot)
        }
    }

    private func answerOptions(
        _ plan: RequestPlan, _ methods: String, on loop: EventLoop, _ slot: UInt32
    ) {
        var plan = plan
        plan.allow = methods
        write(plan, .noContent, type: nil, body: "".utf8.span, on: loop, slot)
    }

    private func write(
        _ plan: RequestPlan, _ status: HTTPStatus, type: StaticString?, body: Span<UInt8>,
        _ reason: CloseReason? = nil, on loop: EventLoop, _ slot: UInt32
    ) {
        let context = unsafe context
        let closes = !plan.keepAlive || closesAfterAnswer || context.isDraining
        let response = loop.stage { buffer in
            context.withDate(on: loop) { date in
                ResponseWriter.append(
                    to: &buffer, plan, status, type: type, body: body, closes: closes, date: date)
            }
        }
        loop.send(response, to: slot)
        if closes {
            isFinished = true
            let isRefused = status == .badRequest && !plan.keepAlive
            loop.finish(slot, reason ?? (isRefused ? .badRequest : .finished))
        } else {
            loop.wake(slot, afterSeconds: context.server.settings.idleTimeoutSeconds)
            if loop.queuedBytes(slot) > Self.queuedBytesMax {
                isBackedUp = true
                loop.pause(slot)
                loop.proceedWhenDrained(slot)
            }
        }
    }

    // MARK: life

    func inputEnded(on loop: EventLoop, _ slot: UInt32) {
        if waiting != nil {
            closesAfterAnswer = true
        } else {
            isFinished = true
            loop.finish(slot, .peerClosed)
        }
    }

    func proceed(on loop: EventLoop, _ slot: UInt32) {
        // Resuming asks for a turn too, and what then ran may have backed up again.
        guard isBackedUp, loop.queuedBytes(slot) == 0 else { return }
        isBackedUp = false
        loop.resume(slot)
    }

    func timePassed(on loop: EventLoop, _ slot: UInt32) {
        if waiting != nil || loop.queuedBytes(slot) > 0 {
            // The log or a worker has it, or the peer is still reading.
            let settings = unsafe context.server.settings
            let isStuck = loop.silence(slot).sent >= settings.idleTimeoutSeconds && waiting == nil
            if isStuck {
                loop.close(slot, .tooSlow)
            } else {
                loop.wake(slot, afterSeconds: settings.idleTimeoutSeconds)
            }
        } else if pending != nil {
            timeOut(.bodyTimeout, on: loop, slot)
        } else if headHasBegun {
            timeOut(.headerTimeout, on: loop, slot)
        } else {
            isFinished = true
            loop.finish(slot, request == 0 ? .headerTimeout : .idle)
        }
    }

    /// A request that was begun and not completed in its time.
    private func timeOut(_ reason: CloseReason, on loop: EventLoop, _ slot: UInt32) {
        var plan = pending?.plan ?? RequestPlan(step: .refuse(Failure(.invalidRequest)))
        pending = nil
        plan.keepAlive = false
        if plan.requestID == 0 { plan.requestID = unsafe context.requestID() }
        let failure = Failure(.invalidRequest, "The request was not completed in time.")
        answer(plan, failure: failure, status: .requestTimeout, reason, on: loop, slot)
    }

    func accepts(topic: UInt64, sequence: UInt64) -> Bool { false }
    func outboxIsFull(on loop: EventLoop, _ slot: UInt32) {}
    func gone(on loop: EventLoop, _ slot: UInt32) {}
    func ended(_ reason: CloseReason, on loop: EventLoop, _ slot: UInt32) { isFinished = true }

    /// The server goes away: what is being answered is answered, the rest ends now.
    func shutDown(on loop: EventLoop, _ slot: UInt32) {
        if waiting != nil {
            closesAfterAnswer = true
        } else if loop.queuedBytes(slot) > 0 {
            isFinished = true
            loop.finish(slot, .shutdown)
        } else {
            loop.close(slot, .shutdown)
        }
    }
}
