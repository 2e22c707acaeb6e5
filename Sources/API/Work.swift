// Handing the slow part of a request to a worker, and going on with the rest on the reactor.

import Base
import Chat
import Hub
import Reactor

extension Exchange {
    /// Runs `job` on a worker, then `then` with what it gave on this reactor, as if the request had
    /// just come; unless the connection is over by then.
    func work<Result: Sendable>(
        _ job: @escaping @Sendable () -> Result,
        then finish: @escaping @Sendable (Exchange, Result) throws(Failure) -> Outcome
    ) throws(Failure) -> Outcome {
        let resumption = Resumption(self)
        let isTaken = server.workers.submit {
            let result = job()
            resumption.resume { exchange throws(Failure) in try finish(exchange, result) }
        }
        if !isTaken { throw Self.tooManyWait }
        return .elsewhere
    }

    /// Runs `slice` on workers until it says true, then `then`. Whoever waits for a worker gets his
    /// turn after each slice.
    func work(
        inSlices slice: @escaping @Sendable () -> Bool,
        then finish: @escaping @Sendable (Exchange) throws(Failure) -> Outcome
    ) throws(Failure) -> Outcome {
        let isTaken = Self.submit(slice, server.workers, Resumption(self), finish)
        if !isTaken { throw Self.tooManyWait }
        return .elsewhere
    }

    private static func submit(
        _ slice: @escaping @Sendable () -> Bool, _ workers: WorkerPool,
        _ resumption: Resumption,
        _ finish: @escaping @Sendable (Exchange) throws(Failure) -> Outcome
    ) -> Bool {
        workers.submit {
            if slice() {
                resumption.resume(finish)
            } else if !submit(slice, workers, resumption, finish) {
                resumption.resume { _ throws(Failure) in throw tooManyWait }
            }
        }
    }

    private static var tooManyWait: Failure {
        Failure(.rateLimited, "Too many requests wait for a worker.")
    }
}

/// What it takes to go on with a request on its reactor.
private struct Resumption: Sendable {
    let origin: Origin
    let user: UInt32
    let claims: TokenClaims?
    let hub: Hub

    init(_ exchange: Exchange) {
        origin = exchange.origin
        user = exchange.user
        claims = exchange.claims
        hub = exchange.chat.hub
    }

    func resume(_ finish: @escaping @Sendable (Exchange) throws(Failure) -> Outcome) {
        let (origin, user, claims) = (origin, user, claims)
        hub.post(to: origin.connection) { loop in
            ReactorContext.of(loop).resume(origin) { exchange throws(Failure) in
                exchange.user = user
                exchange.claims = claims
                return try finish(exchange)
            }
        }
    }
}
