// Opens the WebSockets of a run, a few at a time, and waits until each is known to be live: the
// server has answered a heartbeat, so whatever it refuses (a bad token closes with 4001 after the
// handshake) has been seen. The bare reference is live once its handshake is done.
//
//     connect ──► upgrade ──► heartbeat ──► answered
//        └──────── at most 64 in here ────────┘

import Base
import Wire

final class LoadConnecting: LoadHandler {
    private static let atOnce = 64
    private static let silenceSeconds: UInt64 = 20

    private let targets: [String]
    private let isBare: Bool
    private var isLive: [Bool]
    private var live = 0
    private var failure: LoadFailure?

    private init(_ targets: [String], isBare: Bool) {
        self.targets = targets
        self.isBare = isBare
        isLive = Array(repeating: false, count: targets.count)
    }

    /// One connection for each request target, in their order. The caller gives the loop a handler
    /// of its own before the next turn.
    static func open(
        _ targets: [String], _ address: LoadAddress, seed: UInt64, isBare: Bool
    ) throws(LoadFailure) -> LoadLoop {
        let connecting = LoadConnecting(targets, isBare: isBare)
        let loop = try LoadLoop(address, seed: seed, handler: connecting)
        do throws(LoadFailure) {
            try connecting.run(loop)
            return loop
        } catch {
            loop.closeAll()
            throw error
        }
    }

    private func run(_ loop: LoadLoop) throws(LoadFailure) {
        var last = Clock.monotonicNanoseconds()
        var shown = last
        var seen = 0
        while live < targets.count {
            while loop.clients.count < targets.count, loop.clients.count - live < Self.atOnce {
                _ = try loop.connect(.upgrading)
            }
            loop.turn(milliseconds: 100)
            if let failure { throw failure }
            let now = Clock.monotonicNanoseconds()
            if live > seen {
                seen = live
                last = now
            }
            if now > last + Self.silenceSeconds * 1_000_000_000 {
                throw .timedOut("\(live) of \(targets.count) connections, then none for 20 s")
            }
            if now > shown + 1_000_000_000 {
                shown = now
                Terminal.note("connecting: \(live) of \(targets.count)")
            }
        }
    }

    /// Called twice: when the connection is there, and when it is a WebSocket.
    func opened(_ client: LoadClient, on loop: LoadLoop) {
        if client.phase == .upgrading {
            loop.upgrade(client, target: targets[client.index])
        } else if isBare {
            becomeLive(client.index)
        } else {
            let heartbeat = "{\"type\":1,\"msg_id\":\"ready\"}"
            let key = UInt32(truncatingIfNeeded: loop.random.next())
            client.out.append(webSocketFrame: .text, heartbeat.utf8.span, maskKey: key)
            loop.wantsToSend(client)
        }
    }

    func received(
        _ payload: Span<UInt8>, _ client: LoadClient, on loop: LoadLoop, now: UInt64
    ) {
        guard let fields = MessageFields.read(payload), fields.type == 3 else { return }
        let id = payload.extracting(fields.messageID)
        if id.isEqual(to: "ready".utf8.span) { becomeLive(client.index) }
    }

    private func becomeLive(_ index: Int) {
        if isLive[index] { return }
        isLive[index] = true
        live += 1
    }

    func ended(_ client: LoadClient, _ reason: LoadFailure, on loop: LoadLoop) {
        if failure == nil { failure = reason }
    }
}
