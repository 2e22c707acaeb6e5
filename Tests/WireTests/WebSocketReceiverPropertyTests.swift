// Random conversations: whatever the messages, the fragmentation, the control frames between, the
// masks and the read boundaries, the same messages come out; and whatever the bytes are, the
// receiver neither stops the process nor keeps more than it says.

import Base
import TestSupport
import Testing
import Wire

@Suite struct WebSocketReceiverPropertyTests {
    /// Any byte string for binary; any text, of any script, for text.
    private func payload(text isText: Bool, _ random: inout SeededRandom) -> [UInt8] {
        let most = [0, 3, 40, 130, 300, 3_000].randomElement(using: &random) ?? 0
        let size = Int.random(in: 0...most, using: &random)
        var bytes: [UInt8] = []
        while bytes.count < size {
            if !isText {
                bytes.append(.random(in: 0...255, using: &random))
                continue
            }
            let top = [0x7F, 0x7FF, 0xFFFF, 0x10_FFFF].randomElement(using: &random) ?? 0x7F
            let value = UInt32.random(in: 0...UInt32(top), using: &random)
            if let scalar = Unicode.Scalar(value) { bytes += Array(String(scalar).utf8) }
        }
        return bytes
    }

    private func key(_ role: WebSocketRole, _ random: inout SeededRandom) -> [UInt8]? {
        role == .client ? nil : (0..<4).map { _ in UInt8.random(in: 0...255, using: &random) }
    }

    private func conversation(
        _ role: WebSocketRole, _ random: inout SeededRandom
    ) -> (stream: [UInt8], seen: [Seen]) {
        var stream: [UInt8] = []
        var seen: [Seen] = []
        func control() {
            let isPing = Bool.random(using: &random)
            let size = Int.random(in: 0...125, using: &random)
            let bytes = (0..<size).map { _ in UInt8.random(in: 0...255, using: &random) }
            stream += frame(isPing ? 9 : 10, bytes, key: key(role, &random))
            seen.append(isPing ? .ping(bytes) : .pong(bytes))
        }
        for _ in 0..<Int.random(in: 1...8, using: &random) {
            let isText = Bool.random(using: &random)
            let bytes = payload(text: isText, &random)
            var rest = bytes[...]
            var opcode: UInt8 = isText ? 1 : 2
            for _ in 0..<Int.random(in: 0...4, using: &random) {
                let piece = rest.prefix(Int.random(in: 0...max(1, rest.count), using: &random))
                stream += frame(opcode, Array(piece), final: false, key: key(role, &random))
                rest = rest.dropFirst(piece.count)
                opcode = 0
                while Int.random(in: 0..<3, using: &random) == 0 { control() }
            }
            stream += frame(opcode, Array(rest), key: key(role, &random))
            seen.append(isText ? .text(bytes) : .binary(bytes))
            while Int.random(in: 0..<3, using: &random) == 0 { control() }
        }
        return (stream, seen)
    }

    @Test func whatGoesInComesOut() {
        var random = Seed.random("WebSocketReceiver")
        for _ in 0..<1_500 {
            let role: WebSocketRole = Bool.random(using: &random) ? .server : .client
            let (stream, seen) = conversation(role, &random)
            let most = [1, 3, 20, 200, 5_000].randomElement(using: &random) ?? 1
            var session = Session(role: role)
            var rest = stream[...]
            while !rest.isEmpty {
                let piece = rest.prefix(Int.random(in: 0...most, using: &random))
                session.feed(piece)
                rest = rest.dropFirst(piece.count)
            }
            guard session.seen == seen, session.kept.isEmpty, session.keptMost <= 130 else {
                Issue.record("\(session.seen.count) events of \(seen.count)")
                return
            }
        }
    }

    /// However the bytes are cut, the answer is the same; also where they are wrong.
    @Test func damagedStreamsReadTheSameHoweverCut() {
        var random = Seed.random("WebSocketReceiver damage")
        for _ in 0..<1_500 {
            var (stream, _) = conversation(.server, &random)
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                let place = Int.random(in: 0..<stream.count, using: &random)
                stream[place] ^= 1 << UInt8.random(in: 0...7, using: &random)
            }
            var whole = Session(messageBytesMax: 2_000, fragmentsMax: 4)
            whole.feed(stream)
            var pieces = Session(messageBytesMax: 2_000, fragmentsMax: 4)
            var rest = stream[...]
            while !rest.isEmpty {
                let piece = rest.prefix(Int.random(in: 1...40, using: &random))
                pieces.feed(piece)
                rest = rest.dropFirst(piece.count)
            }
            guard whole.seen == pieces.seen, pieces.keptMost <= 130 else {
                Issue.record("\(whole.seen.count) events, \(pieces.seen.count) in pieces")
                return
            }
        }
    }
}
