// Answers that will not be given in time: the disk keeps their records, or what they have seen, for
// too long. They are taken out of the effects that wait, so that they cannot be given a second
// time, and go to the reactors of those who wait for them.
//
//     effects   │ message: frame, answer │ answer │ joined: frame, answer │
//     become    │ message: frame         │        │ joined: frame         │
//     answers   │ answer │ answer │ answer │

package import Base
package import Reactor

/// A session whose requests are answered by effects.
package protocol Requester: Session {
    /// Nobody knows when, or whether, `answer` can be given to `request`.
    func unanswered(
        _ answer: Span<UInt8>, request: UInt32, on loop: EventLoop, _ slot: UInt32)
}

extension Effect {
    /// Moves every answer that somebody waits for from `effects` to `answers`, as effects of their
    /// own. Returns how many.
    package static func takeAnswers(
        from effects: inout ByteBuffer, to answers: inout ByteBuffer
    ) -> Int {
        var kept = ByteBuffer(capacity: effects.count)
        var taken = 0
        var offset = 0
        while let (effect, next) = read(effects, at: offset) {
            if effect.answer.isEmpty {
                kept.append(effects.span(offset..<next))
            } else {
                taken += 1
                var answer = Effect(.answer)
                answer.origin = effect.origin
                answer.request = effect.request
                answer.append(to: &answers, answer: { $0.append(effects.span(effect.answer)) })
                if effect.kind != .answer { effect.appendWithoutAnswers(of: effects, to: &kept) }
            }
            offset = next
        }
        if taken > 0 { swap(&effects, &kept) }
        return taken
    }

    private func appendWithoutAnswers(
        of effects: borrowing ByteBuffer, to kept: inout ByteBuffer
    ) {
        var rest = self
        rest.origin = .none
        rest.append(to: &kept, frame: { $0.append(effects.span(frame)) })
    }
}

/// Answers on their way to the reactors, like a batch: each takes those of its own connections.
package final class Unanswered: Delivery, @unchecked Sendable {
    private let answers: ByteBuffer

    package init(_ answers: consuming ByteBuffer) { self.answers = answers }

    package func arrive(at loop: EventLoop) {
        var offset = 0
        while let (effect, next) = Effect.read(answers, at: offset) {
            offset = next
            guard let slot = loop.slot(of: effect.origin),
                let session = loop.session(slot) as? any Requester
            else { continue }
            answers.withSpan {
                session.unanswered(
                    $0.extracting(effect.answer), request: effect.request, on: loop, slot)
            }
        }
    }
}

extension Hub {
    package func distribute(_ unanswered: Unanswered) {
        for loop in loops { loop.post(.delivery(unanswered)) }
    }
}
