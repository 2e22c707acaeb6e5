// Effects as bytes: what was written is read, one behind the other, and who is online is noted in
// place.

import Base
import Hub
import Reactor
import TestSupport
import Testing

@Suite struct EffectTests {
    private func text(_ buffer: borrowing ByteBuffer, _ range: Range<Int>) -> [UInt8] {
        let span = buffer.span
        return range.map { span[$0] }
    }

    private func random(_ random: inout SeededRandom) -> Effect {
        let kinds: [Effect.Kind] = [
            .privateMessage, .groupMessage, .answer, .joined, .left, .userEvent, .dissolved, .ended,
            .groupEvent, .putOut,
        ]
        var effect = Effect(kinds[Int.random(in: 0..<kinds.count, using: &random)])
        effect.lsn = random.next()
        effect.origin = ConnectionKey(bits: random.next())
        effect.request = UInt32(truncatingIfNeeded: random.next())
        effect.topic = random.next()
        effect.sequence = UInt32(truncatingIfNeeded: random.next())
        effect.userA = UInt32(truncatingIfNeeded: random.next())
        effect.userB = UInt32(truncatingIfNeeded: random.next())
        effect.group = UInt32(truncatingIfNeeded: random.next())
        effect.recipientIsOnline = random.next() & 1 == 0
        return effect
    }

    @Test func readsWhatWasWritten() {
        var random = Seed.random("effects")
        for count in [0, 1, 2, 50] {
            var buffer = ByteBuffer()
            var written: [(Effect, [[UInt8]])] = []
            for _ in 0..<count {
                let effect = self.random(&random)
                let parts = (0..<3).map { _ in
                    (0..<Int.random(in: 0..<90, using: &random)).map {
                        UInt8(truncatingIfNeeded: $0 &* 7)
                    }
                }
                let (frame, answer, other) = (parts[0], parts[1], parts[2])
                effect.append(
                    to: &buffer, frame: { $0.append(frame.span) },
                    answer: { $0.append(answer.span) }, otherAnswer: { $0.append(other.span) })
                written.append((effect, parts))
            }
            var offset = 0
            for (effect, parts) in written {
                guard let (read, next) = Effect.read(buffer, at: offset) else {
                    Issue.record("an effect is gone")
                    return
                }
                #expect(read.kind == effect.kind && read.lsn == effect.lsn)
                #expect(read.origin == effect.origin && read.request == effect.request)
                #expect(read.topic == effect.topic && read.sequence == effect.sequence)
                #expect(read.userA == effect.userA && read.userB == effect.userB)
                #expect(read.group == effect.group)
                #expect(read.recipientIsOnline == effect.recipientIsOnline)
                #expect(text(buffer, read.frame) == parts[0])
                #expect(text(buffer, read.answer) == parts[1])
                #expect(text(buffer, read.otherAnswer) == parts[2])
                #expect(next == offset + 64 + parts.reduce(0) { $0 + $1.count })
                offset = next
            }
            #expect(Effect.read(buffer, at: offset) == nil)
        }
    }

    @Test func notesWhoIsOnline() {
        let hub = Hub(loops: [])
        _ = hub.online.register(user: 2, device: "default", key: ConnectionKey(bits: 1))
        hub.online.open(user: 2, key: ConnectionKey(bits: 1))
        var buffer = ByteBuffer()
        func add(_ kind: Effect.Kind, _ from: UInt32, _ to: UInt32) {
            var effect = Effect(kind)
            effect.userA = from
            effect.userB = to
            effect.append(to: &buffer, frame: { $0.append("frame") }, answer: { $0.append("a") })
        }
        add(.privateMessage, 1, 2)
        add(.privateMessage, 2, 1)
        add(.privateMessage, 3, 3)
        add(.answer, 1, 2)
        add(.userEvent, 2, 2)
        hub.markOnline(&buffer)
        var marks: [Bool] = []
        var offset = 0
        while let (effect, next) = Effect.read(buffer, at: offset) {
            marks.append(effect.recipientIsOnline)
            #expect(text(buffer, effect.frame) == Array("frame".utf8))
            offset = next
        }
        // Notes to oneself have arrived when they are stored.
        #expect(marks == [true, false, true, false, false])
    }
}
