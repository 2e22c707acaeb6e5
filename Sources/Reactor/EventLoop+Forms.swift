// Messages that some connections take in another form than the one they were staged in (deflated,
// for those who agreed on it). A form is a number that means something to the delegate alone.
//
//     arena  │ message │ … │ message in form 15 │ message in form 10 │
//                ▲               ▲ made when the first connection needs it, for all that follow
//              form 0
//
// Only the forms of one message are known at a time: a fan-out asks for the same message again and
// again. A connection without a form pays nothing for any of this.

import Base

/// The forms of one staged message that have been made.
struct MessageForms {
    /// Forms are numbers below this.
    static let formsMax = 16

    /// Where the message begins in the arena; `.max` while there is none. Empty messages, which
    /// would begin where the next one does, are not noted.
    private var offset = UInt32.max
    private var made: InlineArray<16, StagedMessage?> = .init(repeating: nil)

    func find(_ message: StagedMessage, _ form: UInt8) -> StagedMessage? {
        offset == message.offset ? made[Int(form)] : nil
    }

    mutating func note(_ result: StagedMessage, of message: StagedMessage, _ form: UInt8) {
        if offset != message.offset {
            offset = message.offset
            made = .init(repeating: nil)
        }
        made[Int(form)] = result
    }

    /// The arena begins anew.
    mutating func forget() { offset = .max }
}

extension EventLoop {
    /// What is sent to this connection together with others, or by way of the hub, is put into
    /// `form` by the delegate first; 0 for as it is.
    package func setForm(_ form: UInt8, _ slot: UInt32) {
        precondition(form < MessageForms.formsMax, "a form of too high a number")
        let connection = unsafe table.at(slot)
        unsafe connection.pointee.form = form
        if form == 0 {
            unsafe connection.pointee.flags.remove(.formed)
        } else {
            unsafe connection.pointee.flags.insert(.formed)
        }
    }

    /// The message in `form`, which may be the message itself.
    @inline(__always)
    func inForm(_ message: StagedMessage, _ form: UInt8) -> StagedMessage {
        if form == 0 || message.length == 0 { return message }
        if let known = forms.find(message, form) { return known }
        return makeForm(message, form)
    }

    /// Never flushes, unlike `stage`: the message has to stay where it is. So the arena may go
    /// beyond its bound, by the forms of one message.
    private func makeForm(_ message: StagedMessage, _ form: UInt8) -> StagedMessage {
        let result = outbox.reform(message) { bytes, output in
            unsafe delegate.append(bytes, inForm: form, to: &output)
        }
        forms.note(result, of: message, form)
        return result
    }
}
