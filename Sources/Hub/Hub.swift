// The hub: who is online, and the way of a committed batch to the reactors. Batches come in log
// order from one thread at a time, and each reactor gets all of them in that order.

package import Base
package import Reactor

/// What the log hands out: effects whose records are durable.
package protocol EffectBatch: Delivery {
    /// Notes in the effects which of their recipients are online. Called once, before the batch is
    /// handed to anybody.
    func markOnline(by hub: Hub)
    /// As many readers will say `release`.
    func retain(_ readers: Int)
}

package final class Hub: Sendable {
    package let online = Online()
    let loops: [EventLoop]

    package init(loops: [EventLoop]) { self.loops = loops }

    package var reactorCount: Int { loops.count }

    /// Hands a batch to every reactor. One caller at a time, in log order.
    package func distribute(_ batch: some EffectBatch) {
        batch.markOnline(by: self)
        batch.retain(loops.count)
        for loop in loops { loop.post(.delivery(batch)) }
    }

    /// Runs `task` on the reactor of a connection, which may be over by then.
    package func post(
        to key: ConnectionKey, _ task: @escaping @Sendable (EventLoop) -> Void
    ) {
        guard key.reactor < loops.count else { return }
        loops[key.reactor].post(.task(task))
    }

    /// Sets the online flag of every message among `effects`.
    package func markOnline(_ effects: inout ByteBuffer) {
        var offset = 0
        while let (effect, next) = Effect.read(effects, at: offset) {
            let isOnline =
                switch effect.kind {
                case .privateMessage:
                    // Notes to oneself have arrived when they are stored.
                    effect.userA == effect.userB || online.isOnline(effect.userB)
                case .groupMessage:
                    online.groupHasOthers(effect.group, than: effect.userA)
                default: false
                }
            if isOnline {
                effects.set(littleEndian: Effect.onlineFlag, at: offset + Effect.flagsOffset)
            }
            offset = next
        }
    }
}
