// A batch of the log as the reactors get it: where Store and Hub, which do not know of each other,
// meet.

import Base
package import Hub
package import Reactor
import Store

extension Batch: EffectBatch {
    package func arrive(at loop: EventLoop) {
        LoopHub.of(loop).handle(effects, lastLSN: lastLSN, mark: mark)
        release()
    }

    package func markOnline(by hub: Hub) { hub.markOnline(&effects) }
}
