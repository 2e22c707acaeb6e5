// What a command does to the world outside of the tables, as bytes that ride with its record
// through the log: a frame for recipients, an answer for the one who asked, a change of
// membership. The log carries them unread; reactors read them, in log order, once the record is
// durable.
//
//     0        4      5      6       8        16       24      32     36      40      44
//     │ length │ kind │flags │ zero  │ lsn    │ origin │ topic │ seq  │ userA │ userB │ group
//     48           52             56              60        64
//     │ frameBytes │ answerBytes  │ otherBytes    │ request │ frame │ answer │ other answer
//
// All numbers little-endian. `frame` is a finished WebSocket frame, the same for every recipient.
// `answer` goes to the origin alone; where `other` is not empty, it is sent instead of `answer`
// when no recipient was online (one is "delivered", the other "stored").

package import Base
package import Reactor

package struct Effect {
    package enum Kind: UInt8, Sendable {
        /// To userB and userA (its sender), then the answer.
        case privateMessage = 1
        /// To every member of the group, then the answer.
        case groupMessage = 2
        /// The answer only.
        case answer = 3
        /// userA is in the group from here on; then the frame to every member.
        case joined = 4
        /// The frame to every member; userA is out of the group from before it.
        case left = 5
        /// The frame to all connections of userA and, unless it is 0, of userB.
        case userEvent = 6
        /// The group is no more: the frame to every member, then nobody is in it.
        case dissolved = 7
        /// All connections of userA end: the account has changed.
        case ended = 8
        /// The frame to every member.
        case groupEvent = 9
        /// The frame to every member; userA is out of the group from behind it.
        case putOut = 10
    }

    package var kind: Kind
    package var lsn: UInt64 = 0
    /// The connection that caused this and waits for the answer.
    package var origin = ConnectionKey.none
    /// Which of the origin's requests is answered.
    package var request: UInt32 = 0
    /// The conversation, for connections that are still catching up with it.
    package var topic: UInt64 = 0
    package var sequence: UInt32 = 0
    package var userA: UInt32 = 0
    package var userB: UInt32 = 0
    package var group: UInt32 = 0
    /// Set by the distributor: a recipient other than the sender has a live connection.
    package var recipientIsOnline = false
    package var frame: Range<Int> = 0..<0
    package var answer: Range<Int> = 0..<0
    package var otherAnswer: Range<Int> = 0..<0

    package init(_ kind: Kind) { self.kind = kind }

    static let headerBytes = 64
    static let flagsOffset = 5
    static let onlineFlag: UInt8 = 1

    /// Appends the effect to `buffer`: the header, then the three parts as their closures write
    /// them.
    package func append(
        to buffer: inout ByteBuffer, frame: (inout ByteBuffer) -> Void = { _ in },
        answer: (inout ByteBuffer) -> Void = { _ in },
        otherAnswer: (inout ByteBuffer) -> Void = { _ in }
    ) {
        let start = buffer.count
        buffer.append(littleEndian: UInt32(0))
        buffer.append(kind.rawValue)
        buffer.append(recipientIsOnline ? Self.onlineFlag : 0)
        buffer.append(littleEndian: UInt16(0))
        buffer.append(littleEndian: lsn)
        buffer.append(littleEndian: origin.bits)
        buffer.append(littleEndian: topic)
        buffer.append(littleEndian: sequence)
        buffer.append(littleEndian: userA)
        buffer.append(littleEndian: userB)
        buffer.append(littleEndian: group)
        buffer.append(littleEndian: UInt64(0))
        buffer.append(littleEndian: UInt32(0))
        buffer.append(littleEndian: request)
        let frameStart = buffer.count
        frame(&buffer)
        let answerStart = buffer.count
        answer(&buffer)
        let otherStart = buffer.count
        otherAnswer(&buffer)
        buffer.set(littleEndian: UInt32(answerStart - frameStart), at: start + 48)
        buffer.set(littleEndian: UInt32(otherStart - answerStart), at: start + 52)
        buffer.set(littleEndian: UInt32(buffer.count - otherStart), at: start + 56)
        buffer.set(littleEndian: UInt32(buffer.count - start), at: start)
    }

    /// The effect at `offset`, and where the next one starts; nil at the end.
    package static func read(
        _ buffer: borrowing ByteBuffer, at offset: Int
    ) -> (effect: Effect, next: Int)? {
        guard offset + headerBytes <= buffer.count else { return nil }
        let length = Int(buffer.get(UInt32.self, at: offset))
        guard let kind = Kind(rawValue: buffer.get(UInt8.self, at: offset + 4)) else {
            preconditionFailure("an effect of unknown kind")
        }
        var effect = Effect(kind)
        effect.recipientIsOnline =
            buffer.get(UInt8.self, at: offset + flagsOffset) & onlineFlag != 0
        effect.lsn = buffer.get(UInt64.self, at: offset + 8)
        effect.origin = ConnectionKey(bits: buffer.get(UInt64.self, at: offset + 16))
        effect.topic = buffer.get(UInt64.self, at: offset + 24)
        effect.sequence = buffer.get(UInt32.self, at: offset + 32)
        effect.userA = buffer.get(UInt32.self, at: offset + 36)
        effect.userB = buffer.get(UInt32.self, at: offset + 40)
        effect.group = buffer.get(UInt32.self, at: offset + 44)
        effect.request = buffer.get(UInt32.self, at: offset + 60)
        let frameEnd = offset + headerBytes + Int(buffer.get(UInt32.self, at: offset + 48))
        let answerEnd = frameEnd + Int(buffer.get(UInt32.self, at: offset + 52))
        let otherEnd = answerEnd + Int(buffer.get(UInt32.self, at: offset + 56))
        effect.frame = offset + headerBytes..<frameEnd
        effect.answer = frameEnd..<answerEnd
        effect.otherAnswer = answerEnd..<otherEnd
        return (effect, offset + length)
    }
}
