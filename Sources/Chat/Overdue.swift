// The five seconds of a disk that fails or hangs: whoever waits longer for the log is told that
// nothing can be stored now. What was asked for may still come to be; sending again tells.

import Base
import Hub
import Store

extension Chat {
    /// To be called by every reactor with each tick, `interval` nanoseconds apart.
    package func answerOverdue(at moment: UInt64, next interval: UInt64) {
        var answers = ByteBuffer()
        var count = 0
        log.expire(at: moment, next: interval) { effects in
            count += Effect.takeAnswers(from: &effects, to: &answers)
        }
        if count == 0 { return }
        overdueAnswers.add(UInt64(count))
        hub.distribute(Unanswered(answers))
    }
}
