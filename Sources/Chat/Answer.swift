// The plain answer of a command: a JSON text to whoever asked.

import Base
import Hub
import Reactor
package import Store

extension Chat {
    /// Appends the effect that carries an answer and nothing else.
    func appendAnswer(
        _ origin: Origin, to effects: inout ByteBuffer, _ json: (inout ByteBuffer) -> Void
    ) {
        var effect = Effect(.answer)
        effect.origin = origin.connection
        effect.request = origin.request
        effect.append(to: &effects, answer: { appendAnswer(origin, body: &$0, json) })
    }

    /// Writes an answer in its origin's form; nothing when nobody waits.
    func appendAnswer(
        _ origin: Origin, body buffer: inout ByteBuffer, _ json: (inout ByteBuffer) -> Void
    ) {
        if origin.connection == .none { return }
        var text = ByteBuffer(capacity: 256)
        json(&text)
        EventEncoder.appendAnswer(text.span, form: origin.form, to: &buffer)
    }

    /// Answers at once when everything up to `reading` is durable; otherwise the answer waits in
    /// the log for that. True when it was answered at once by `send`.
    package func answer(
        _ origin: Origin, after reading: Reading, status: UInt16, _ body: Span<UInt8>
    ) -> Bool {
        if reading.lsn <= log.released { return true }
        var effect = Effect(.answer)
        effect.origin = origin.connection
        effect.request = origin.request
        // Span cannot be captured by a closure that escapes; this one does not.
        log.attach { effects in
            effect.append(
                to: &effects,
                answer: { buffer in
                    switch origin.form {
                    case .frame: buffer.append(body)
                    case .response:
                        ResponseAnswer.append(status: status, to: &buffer) { $0.append(body) }
                    }
                })
        }
        return false
    }
}
