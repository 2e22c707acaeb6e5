// Deflating for every window: what comes out inflates to what went in, is shorter, keeps to the
// window, and depends on nothing that was deflated before; frames that are short, grow or are no
// whole message stay as they are.

import Base
import TestSupport
import Testing
import Wire

@Suite struct WebSocketDeflaterTests {
    private func inflated(_ payload: [UInt8], _ inflater: Inflater) -> [UInt8]? {
        guard inflater.inflate(payload.span, bytesMax: 1 << 24) == .whole else { return nil }
        return inflater.withOutput { span in span.indices.map { span[$0] } }
    }

    @Test func roundTrips() {
        var random = Seed.random("Deflater round trips")
        let inflater = Inflater()
        let deflaters = (9...15).map { Deflater(windowBits: $0) }
        for turn in 0..<600 {
            let longest = turn % 20 == 0 ? 70_000 : 3_000
            let size = Int.random(in: 0...longest, using: &random)
            let message =
                turn % 5 == 0
                ? DeflateSample.noise(size, &random) : DeflateSample.text(size, &random)
            for deflater in deflaters {
                guard let payload = DeflateSample.deflate(message, deflater) else {
                    #expect(turn % 5 == 0 || message.count < 200, "text that does not shrink")
                    continue
                }
                #expect(payload.count < message.count)
                #expect(inflated(payload, inflater) == message)
                // Nothing is carried over from the message before.
                let alone = Deflater(
                    windowBits: 9 + (deflaters.firstIndex { $0 === deflater } ?? 0))
                if turn % 50 == 1 { #expect(DeflateSample.deflate(message, alone) == payload) }
            }
        }
    }

    /// A repetition that lies further back than the window reaches is not used.
    @Test(arguments: 9...15)
    func theWindowIsKept(bits: Int) {
        var random = SeededRandom(seed: UInt64(bits))
        let deflater = Deflater(windowBits: bits)
        let block = DeflateSample.noise(1 << bits, &random)
        #expect(DeflateSample.deflate(block + block, deflater) == nil)
        let near = Array(block[..<((1 << bits) - 300)])
        let payload = DeflateSample.deflate(near + near, deflater) ?? []
        #expect(!payload.isEmpty && payload.count < near.count + near.count / 8 + 64)
    }

    private func frames(
        _ deflater: WebSocketDeflater, _ bytes: [UInt8], windowBits: UInt8 = 15
    ) -> [UInt8] {
        var output = ByteBuffer()
        deflater.append(frames: bytes.span, windowBits: windowBits, to: &output)
        return copy(of: output)
    }

    @Test func framesOfAServer() {
        var random = Seed.random("WebSocketDeflater frames")
        let (deflater, inflater) = (WebSocketDeflater(), Inflater())
        for _ in 0..<200 {
            let bits = UInt8.random(in: 9...15, using: &random)
            var stream: [UInt8] = []
            var wanted: [Seen] = []
            for _ in 0..<Int.random(in: 1...6, using: &random) {
                let size = Int.random(in: 0...4_000, using: &random)
                let isText = Bool.random(using: &random)
                let payload =
                    isText
                    ? DeflateSample.text(size, &random) : DeflateSample.noise(size, &random)
                stream += frame(isText ? 1 : 2, payload, key: nil)
                wanted.append(isText ? .text(payload) : .binary(payload))
            }
            var session = Session(role: .client, allowsCompression: true)
            session.feed(frames(deflater, stream, windowBits: bits))
            #expect(session.seen.count == wanted.count)
            for (seen, message) in zip(session.seen, wanted) {
                switch (seen, message) {
                case (.compressed(let payload), .text(let text)):
                    #expect(text.count >= WebSocketDeflater.payloadBytesMin)
                    #expect(inflated(payload, inflater) == text)
                default:
                    #expect(seen == message)
                    if case .text(let text) = seen {
                        #expect(text.count < WebSocketDeflater.payloadBytesMin)
                    }
                }
            }
        }
    }

    @Test func whatStaysAsItIs() {
        let deflater = WebSocketDeflater()
        let long = [UInt8](repeating: 65, count: WebSocketDeflater.payloadBytesMin)
        let short = Array(long.dropLast())
        #expect(frames(deflater, frame(1, long, key: nil)).count < 40)
        for same in [
            frame(1, short, key: nil), frame(9, utf8("ping"), key: nil), frame(8, [], key: nil),
            frame(1, long, final: false, key: nil), frame(0, long, key: nil),
            frame(1, long, reserved: 4, key: nil), frame(1, long), [], utf8("no frame at all"),
            Array(frame(1, long, key: nil).dropLast()),
        ] {
            #expect(frames(deflater, same) == same)
            var output = ByteBuffer()
            let isDeflated = deflater.append(frame: same.span, windowBits: 15, to: &output)
            #expect(!isDeflated && output.isEmpty)
        }
    }
}
