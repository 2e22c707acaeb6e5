// Chunked bodies: good and bad ones in every split, limits to the byte, and random round trips.

import Base
import TestSupport
import Testing
import Wire

@Suite struct HTTPChunkedBodyTests {
    typealias Outcome = HTTPChunkedBody.Outcome

    /// Decodes in pieces that end at `cuts`; what came out, the outcome, and bytes taken in all.
    private func decode(
        _ text: [UInt8], cuts: some Sequence<Int> = [], limit: Int = 1_000_000
    ) -> (text: String, outcome: Outcome, consumed: Int) {
        var body = HTTPChunkedBody()
        var out = ByteBuffer()
        var guarded = GuardedBytes(capacity: text.count)
        var at = 0
        var outcome = Outcome.needMore
        for cut in Array(cuts) + [text.count] where outcome == .needMore && cut >= at {
            guarded.place(text[at..<cut].span)
            let step = body.decode(guarded.span, into: &out, limit: limit)
            if step.outcome == .needMore { #expect(step.consumed == cut - at) }
            at += step.consumed
            outcome = step.outcome
        }
        let count = out.count
        #expect(body.decoded == count)
        return (out.text, outcome, at)
    }

    @Test(arguments: [
        ("0\r\n\r\n", ""),
        ("5\r\nhello\r\n0\r\n\r\n", "hello"),
        ("5\r\nhello\r\n1\r\n!\r\n000\r\n\r\n", "hello!"),
        ("A\r\n0123456789\r\na\r\n0123456789\r\n0\r\n\r\n", "01234567890123456789"),
        ("0000000000000003\r\n\r\n\0\r\n0\r\n\r\n", "\r\n\0"),
        ("3;a=b;c=\"d e\"\tf\r\nabc\r\n0;x\r\n\r\n", "abc"),
        ("3;\r\nabc\r\n0\r\nDigest: x\tü\r\nContent-Length: 9\r\nEmpty:\r\n\r\n", "abc"),
    ])
    func good(text: String, decoded: String) {
        let bytes = Array(text.utf8)
        let next = bytes + Array("GET /".utf8)
        #expect(decode(next) == (decoded, .done, bytes.count))
        for cut in bytes.indices {
            #expect(decode(Array(bytes[..<cut])).outcome == .needMore, "prefix of \(cut)")
            #expect(decode(next, cuts: [cut]) == (decoded, .done, bytes.count), "cut at \(cut)")
        }
        #expect(decode(next, cuts: next.indices) == (decoded, .done, bytes.count))
    }

    @Test(arguments: [
        ("\r\n0\r\n\r\n", "no size"),
        (";x\r\n", "an extension for a size"),
        ("+1\r\na\r\n", "a sign"),
        ("-1\r\na\r\n", "negative"),
        ("0x1\r\na\r\n", "a prefix"),
        (" 1\r\na\r\n", "a blank before"),
        ("1 \r\na\r\n", "a blank behind"),
        ("1 ;x\r\na\r\n", "a blank before an extension"),
        ("g\r\n", "no hex digit"),
        ("00000000000000001\r\na\r\n", "seventeen digits"),
        ("1\na\n0\n\n", "bare LF"),
        ("1\r\r\na\r\n", "two CR"),
        ("1;a\nb\r\na\r\n", "LF in an extension"),
        ("1;a\u{0}\r\na\r\n", "NUL in an extension"),
        ("1\r\nab\r\n", "more data than said"),
        ("2\r\na\r\n0\r\n\r\n", "less data than said"),
        ("1\r\na\n0\r\n\r\n", "LF behind data"),
        ("1\r\na0\r\n\r\n", "nothing behind data"),
        ("0\r\n\n", "LF at the end"),
        ("0\r\n: x\r\n\r\n", "a trailer without a name"),
        ("0\r\nX : y\r\n\r\n", "a blank before the colon of a trailer"),
        ("0\r\n X: y\r\n\r\n", "a trailer that begins with a blank"),
        ("0\r\nX\r\n\r\n", "a trailer without a colon"),
        ("0\r\nX: \u{1}\r\n\r\n", "a control byte in a trailer"),
        ("0\r\nX: y\nZ: a\r\n\r\n", "LF in a trailer"),
    ])
    func bad(text: String, why: String) {
        let bytes = Array(text.utf8)
        let whole = decode(bytes)
        #expect(whole.outcome == .invalid, "\(why)")
        for cut in bytes.indices { #expect(decode(bytes, cuts: [cut]) == whole, "\(why)") }
        #expect(decode(bytes, cuts: bytes.indices) == whole, "\(why)")
    }

    @Test func theLimitHoldsToTheByte() {
        let text = Array("3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n".utf8)
        #expect(decode(text, limit: 7).outcome == .done)
        // Refused where the size is read, before the data.
        #expect(decode(text, limit: 6) == ("abc", .tooLarge, 10))
        #expect(decode(text, limit: 0).outcome == .tooLarge)
        #expect(decode(text, limit: -1).outcome == .tooLarge)
        #expect(decode(Array("ffffffffffffffff\r\n".utf8), limit: .max).outcome == .tooLarge)
        #expect(decode(Array("8000000000000000\r\n".utf8), limit: .max).outcome == .tooLarge)
    }

    @Test func extensionsAndTrailersAreBounded() {
        func bytes(_ text: String, _ count: Int) -> String { String(repeating: text, count: count) }
        let most = HTTPChunkedBody.extensionBytesMax
        #expect(decode(Array("0;\(bytes("x", most))\r\n\r\n".utf8)).outcome == .done)
        #expect(decode(Array("0;\(bytes("x", most + 1))\r\n\r\n".utf8)).outcome == .invalid)
        // Over the whole body, not for each chunk.
        let many = bytes("1;xxxxxxxx\r\na\r\n", most / 8)
        #expect(decode(Array("\(many)0\r\n\r\n".utf8)).outcome == .done)
        #expect(decode(Array("\(many)0;x\r\n\r\n".utf8)).outcome == .invalid)
        // "X:", the value, two line ends and the last CR count; the body's last LF does not.
        let value = HTTPChunkedBody.trailerBytesMax - 5
        #expect(decode(Array("0\r\nX:\(bytes("v", value))\r\n\r\n".utf8)).outcome == .done)
        #expect(decode(Array("0\r\nX:\(bytes("v", value + 1))\r\n\r\n".utf8)).outcome == .invalid)
    }

    @Test func nothingIsTakenAfterTheEnd() {
        var body = HTTPChunkedBody()
        var out = ByteBuffer()
        let end = Array("0\r\n\r\n".utf8)
        let first = body.decode(end.span, into: &out, limit: 9)
        #expect(first.outcome == .done)
        let again = body.decode(end.span, into: &out, limit: 9)
        #expect(again == HTTPChunkedBody.Step(consumed: 0, outcome: .done))
    }

    @Test func randomRoundTrips() {
        var random = Seed.random("chunkedRoundTrips")
        for _ in 0..<300 {
            let data = (0..<Int.random(in: 0...3_000, using: &random)).map { _ in
                UInt8.random(in: 0x20...0x7E, using: &random)
            }
            var encoded = ByteBuffer()
            var at = 0
            while at < data.count {
                let end = Int.random(in: at...min(data.count, at + 400), using: &random)
                encoded.append(chunk: data[at..<end].span)
                at = end
            }
            encoded.appendLastChunk()
            let text = Array(encoded.text.utf8)
            let cuts = (0..<Int.random(in: 0...40, using: &random))
                .map { _ in Int.random(in: 0...text.count, using: &random) }.sorted()
            let expected = String(decoding: data, as: UTF8.self)
            #expect(
                decode(text, cuts: cuts, limit: data.count) == (expected, .done, text.count))
        }
    }
}
