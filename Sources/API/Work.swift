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
        let origin = origin
        let (user, claims) = (user, claims)
        let hub = chat.hub
        let isTaken = server.workers.submit {
            let result = job()
            hub.post(to: origin.connection) { loop in
                ReactorContext.of(loop).resume(origin) { exchange throws(Failure) in
                    exchange.user = user
                    exchange.claims = claims
                    return try finish(exchange, result)
                }
            }
        }
        if !isTaken { throw Failure(.rateLimited, "Too many requests wait for a worker.") }
        return .elsewhere
    }
}
