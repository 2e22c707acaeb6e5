// What is kept of a request between its head and its body, or between its run and its answer: the
// head itself is gone from the receive buffer by then.

import Base
import Chat
import Wire

/// What was decided about a request from its head.
struct RequestPlan {
    enum Step {
        case run(Int)
        case refuse(Failure)
        /// OPTIONS: 204 with these methods.
        case options(String)
    }
    var step: Step
    var allow = ""
    var claims: TokenClaims?
    var user: UInt32 = 0
    var isHead = false
    var keepAlive = true
    var minorVersion = 1
    var requestID: UInt64 = 0
    var corsOrigin = ""
    /// Set where the route is the WebSocket's.
    var upgrade: UpgradeRequest?
}

/// A request whose body has not come whole.
final class PendingRequest {
    let plan: RequestPlan
    var query = ByteBuffer()
    var body = ByteBuffer()
    var chunked: HTTPChunkedBody?
    var remaining = 0

    init(_ plan: RequestPlan) { self.plan = plan }
}
