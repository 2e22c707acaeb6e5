// Inflating: the RFC's examples (RFC 7692, section 7.2.3), several blocks, last blocks, what is cut
// off or damaged, and bombs. Every input is read with its end at the end of accessible memory.

import Base
import TestSupport
import Testing
import Wire

@Suite struct InflaterTests {
    enum Result: Equatable {
        case message([UInt8])
        case tooBig, invalid
    }

    private func inflate(
        _ payload: [UInt8], bytesMax: Int = 1 << 20, _ inflater: Inflater = Inflater()
    ) -> Result {
        var guarded = GuardedBytes(capacity: payload.count)
        guarded.place(payload.span)
        switch inflater.inflate(guarded.span, bytesMax: bytesMax) {
        case .whole:
            return .message(inflater.withOutput { span in span.indices.map { span[$0] } })
        case .tooBig: return .tooBig
        case .invalid: return .invalid
        }
    }

    private func hello(_ payload: [UInt8]) { #expect(inflate(payload) == .message(utf8("Hello"))) }

    @Test func examplesOfTheRFC() {
        // One block, 7.2.3.1; without compression, 7.2.3.3; two blocks, 7.2.3.5.
        hello([0xF2, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00])
        hello([0x00, 0x05, 0x00, 0xFA, 0xFF, 0x48, 0x65, 0x6C, 0x6C, 0x6F, 0x00])
        hello([0xF2, 0x48, 0x05, 0x00, 0x00, 0x00, 0xFF, 0xFF, 0xCA, 0xC9, 0xC9, 0x07, 0x00])
        // A last block, 7.2.3.4, with the octet that the RFC asks for behind it, and without.
        hello([0xF3, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00, 0x00])
        hello([0xF3, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00])
        // An empty message, 7.2.3.6, and one that says so by having no payload.
        #expect(inflate([0x00]) == .message([]))
        #expect(inflate([]) == .message([]))
    }

    /// A last block ends neither the message nor the window: the second part is a reference to the
    /// first, which a context that is shared between messages would make (7.2.3.2).
    @Test func aLastBlockIsNotTheEnd() {
        let last: [UInt8] = [0xF3, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00]
        let reference: [UInt8] = [0xF2, 0x00, 0x11, 0x00, 0x00]
        #expect(inflate(last + last) == .message(utf8("HelloHello")))
        #expect(inflate(last + reference) == .message(utf8("HelloHello")))
        #expect(inflate(reference) == .invalid, "nothing is left of the message before")
        let empty: [UInt8] = [0x03, 0x00]
        #expect(inflate(Array(repeating: empty, count: 20_000).flatMap { $0 }) == .message([]))
    }

    /// A message that was cut off is refused as a rule. By chance the four bytes that are put on
    /// end a block, and what comes out then is open (RFC 7692 has no checksum); but it is bounded,
    /// and the next message is read as if nothing had been.
    @Test func aStartOfAMessageSpoilsNothing() {
        var random = Seed.random("Inflater prefixes")
        let inflater = Inflater()
        for _ in 0..<20 {
            let message = DeflateSample.text(Int.random(in: 20...600, using: &random), &random)
            guard let payload = DeflateSample.deflate(message) else { continue }
            #expect(inflate(payload, inflater) == .message(message))
            var refused = 0
            for count in 1..<payload.count {
                let result = inflate(Array(payload[..<count]), inflater)
                if case .message(let part) = result {
                    #expect(part.count <= message.count + 4)
                } else {
                    refused += 1
                }
            }
            #expect(refused > payload.count / 2)
            #expect(inflate(payload, inflater) == .message(message), "the inflater is spoilt")
        }
        #expect(inflate([0xF2, 0x48, 0xCD, 0xC9], inflater) == .invalid)
        #expect(inflate([0xF2], inflater) == .invalid)
    }

    @Test func whatIsNoDeflateData() {
        #expect(inflate([0x07]) == .invalid, "the block type that does not exist")
        #expect(inflate([0x00, 0x05, 0x00, 0xFA, 0xFE, 0x48]) == .invalid, "a wrong complement")
        #expect(inflate(utf8("{\"type\":1}")) == .invalid)
        #expect(inflate([0xFF, 0xFF, 0xFF, 0xFF]) == .invalid)
        // The header and checksum of zlib's own format have no place here.
        let format: [UInt8] = [
            0x78, 0x9C, 0xF3, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00, 5, 0x8C, 1, 0xF5,
        ]
        #expect(inflate(format) == .invalid)
    }

    @Test func limits() {
        for size in [0, 1, 511, 65_535, 65_536, 65_537, 300_000] {
            let zeros = [UInt8](repeating: 0, count: size)
            let payload = DeflateSample.deflate(zeros) ?? [0x00]
            let wanted: Result = size < 6 ? .message([]) : .message(zeros)
            if size > 6 { #expect(inflate(payload, bytesMax: size) == wanted) }
            if size > 6 { #expect(inflate(payload, bytesMax: size - 1) == .tooBig) }
            if size > 6 { #expect(inflate(payload, bytesMax: 0) == .tooBig) }
        }
        #expect(inflate([0x00], bytesMax: 0) == .message([]))
    }

    /// 100 MB of zeros in 100 kB: refused once the limit is reached, with memory as for the limit.
    @Test func aBombStopsAtTheLimit() {
        let zeros = [UInt8](repeating: 0, count: 10_000_000)
        guard let part = DeflateSample.deflate(zeros) else {
            Issue.record("zeros do not shrink")
            return
        }
        let bomb = Array(repeating: part + [0, 0, 0xFF, 0xFF], count: 10).flatMap { $0 }
        let inflater = Inflater()
        #expect(inflate(bomb, bytesMax: 65_536, inflater) == .tooBig)
        #expect(inflater.withOutput { $0.count } == 65_537)
        #expect(inflate([0x00], inflater) == .message([]))
    }

    /// Any bytes: an outcome, and an inflater that is good for the next message.
    @Test func damage() {
        var random = Seed.random("Inflater damage")
        let inflater = Inflater()
        for _ in 0..<3_000 {
            let message = DeflateSample.text(Int.random(in: 6...400, using: &random), &random)
            guard var payload = DeflateSample.deflate(message) else { continue }
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                let place = Int.random(in: 0..<payload.count, using: &random)
                payload[place] ^= 1 << UInt8.random(in: 0...7, using: &random)
            }
            if case .message(let bytes) = inflate(payload, bytesMax: 1_000, inflater) {
                #expect(bytes.count <= 1_000)
            }
        }
        hello([0xF2, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00])
    }
}
