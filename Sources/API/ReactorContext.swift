// What the API keeps for each reactor: the parser and the buffers that all of its connections
// share, and the loop's phases that belong to us (new connections, commits, the clock).

package import Base
import Chat
package import Hub
package import Reactor
import Store
import Wire

package final class ReactorContext: LoopDelegate {
    package let server: ServerContext
    let router: Router
    let parser: HTTPRequestParser
    var head = HTTPRequestHead()
    package private(set) var exchange: Exchange?
    private(set) var hub: LoopHub?
    /// The text of the Date header, made once a second.
    let date = Remembered()
    /// Chat connections whose predecessor has not ended yet.
    var opening: [ConnectionKey: WebSocketSession] = [:]
    /// Chat connections that are over and wait for their peer's last acknowledgement, by slot.
    var departing: [UInt32: WebSocketSession] = [:]
    var isDraining = false
    /// For all compressed messages that come; made with the first.
    private(set) lazy var inflater = Inflater()
    let deflater = WebSocketDeflater()
    private var nextRequest: UInt64

    package init(server: ServerContext, router: Router) {
        self.server = server
        self.router = router
        parser = HTTPRequestParser(limits: HTTPLimits(bodyBytesMax: server.settings.bodyBytesMax))
        nextRequest = Random.bytes(8).reduce(0) { $0 << 8 | UInt64($1) }
    }

    /// Ties the context to its loop; both live until the end.
    package func attach(to loop: EventLoop, hub: Hub) {
        exchange = Exchange(server: server, loop: loop)
        let loopHub = LoopHub(hub: hub, loop: loop, mark: server.chat.log.releasedMark)
        self.hub = loopHub
        loop.attachment = loopHub
        unsafe loopHub.owner = self
    }

    /// The context of a loop that has one.
    package static func of(_ loop: EventLoop) -> ReactorContext {
        guard let owner = unsafe LoopHub.of(loop).owner else {
            preconditionFailure("a hub of nobody")
        }
        return unsafe unsafeDowncast(owner, to: ReactorContext.self)
    }

    var exchangeInUse: Exchange {
        guard let exchange else { preconditionFailure("a context that is not attached") }
        return exchange
    }

    var loopHub: LoopHub {
        guard let hub else { preconditionFailure("a context that is not attached") }
        return hub
    }

    // MARK: phases

    package func accepted(on loop: EventLoop, _ slot: UInt32) -> any Session {
        loop.wake(slot, afterSeconds: server.settings.headerTimeoutSeconds)
        loop.setOutboundBytesMax(.max, slot)
        return HTTPSession(self)
    }

    package func executed(on loop: EventLoop) { server.chat.log.commit() }

    package func ticked(on loop: EventLoop) {
        if loop.tick % UInt32(ReactorLimits.ticksPerSecond) == 0 { date.isStale = true }
        saveCursors(on: loop)
        server.chat.answerOverdue(
            at: loop.monotonicNanoseconds, next: UInt64(ReactorLimits.tickMilliseconds) * 1_000_000)
        if !departing.isEmpty {
            for (slot, session) in departing { session.depart(on: loop, slot) }
        }
    }

    /// Looks at the share of the connections that is due with this tick, so that they do not all
    /// come together. Each one's cursor is looked at twice an interval: what was noted the first
    /// time is confirmed the second time, so that no cursor on disk is older than the interval.
    private func saveCursors(on loop: EventLoop) {
        let ticks = server.chat.settings.cursorIntervalSeconds * ReactorLimits.ticksPerSecond
        let parts = max(ticks / 2, 1)
        let part = Int(loop.tick) % parts
        let count = loop.slotCount
        for slot in UInt32(count * part / parts)..<UInt32(count * (part + 1) / parts) {
            (loop.session(slot) as? WebSocketSession)?.saveCursor(on: loop, slot)
        }
    }

    package func shutDown(_ session: any Session, on loop: EventLoop, _ slot: UInt32) {
        isDraining = true
        switch session {
        case let session as WebSocketBase: session.end(.goingAway, .shutdown, on: loop, slot)
        case let session as HTTPSession: session.shutDown(on: loop, slot)
        default: loop.finish(slot, .shutdown)
        }
    }

    /// The forms of a message are the windows for which it is deflated.
    package func append(_ message: Span<UInt8>, inForm form: UInt8, to output: inout ByteBuffer) {
        _ = deflater.append(frame: message, windowBits: form, to: &output)
    }

    // MARK: requests

    /// The bytes of the Date header for a response of this turn.
    func withDate<R>(on loop: EventLoop, _ body: (Span<UInt8>) -> R) -> R {
        if date.isStale {
            date.text.removeAll()
            date.text.append(httpDate: loop.unixMilliseconds)
            date.isStale = false
        }
        return date.text.withSpan(body)
    }

    /// A name for a request that no other request has.
    func requestID() -> UInt64 {
        nextRequest &+= 1
        return nextRequest
    }

    /// Goes on with a request whose slow part is done, if its connection still waits for it.
    func resume(_ origin: Origin, _ handler: (Exchange) throws(Failure) -> Outcome) {
        let exchange = exchangeInUse
        let loop = unsafe exchange.loop
        guard let slot = loop.slot(of: origin.connection),
            let session = loop.session(slot) as? HTTPSession
        else { return }
        session.resume(origin, on: loop, slot, handler)
    }
}

/// A text that is made anew when it is stale.
final class Remembered {
    var text = ByteBuffer(capacity: 64)
    var isStale = true
}
