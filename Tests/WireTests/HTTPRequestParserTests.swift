// The request head parser on the tables of good and bad heads, cut in every way, at the edge of
// accessible memory; limits, pipelining, and mutated requests by seed.

import Base
import TestSupport
import Testing
import Wire

/// A parser with its scratch and a guarded place for the bytes, as an event loop has one.
final class ParserBench {
    private let parser: HTTPRequestParser
    private(set) var head = HTTPRequestHead()
    private var bytes = GuardedBytes(capacity: 70_000)

    init(limits: HTTPLimits = HTTPLimits()) { parser = HTTPRequestParser(limits: limits) }

    private static func parse(
        _ text: ArraySlice<UInt8>, _ scanned: inout Int, _ parser: HTTPRequestParser,
        _ bytes: inout GuardedBytes, _ head: inout HTTPRequestHead
    ) -> HTTPParseResult {
        bytes.place(text.span)
        return parser.parse(bytes.span, scanned: &scanned, into: &head)
    }

    func offer(_ text: ArraySlice<UInt8>, _ scanned: inout Int) -> HTTPParseResult {
        Self.parse(text, &scanned, parser, &bytes, &head)
    }

    func offer(_ text: [UInt8]) -> HTTPParseResult {
        var scanned = 0
        return offer(text[...], &scanned)
    }

    /// Offers the prefixes that end at `cuts`, and then all; the first result that is not
    /// `incomplete`, or else that.
    func offer(_ text: [UInt8], cuts: some Sequence<Int>) -> HTTPParseResult {
        var scanned = 0
        for cut in cuts {
            let result = offer(text[..<cut], &scanned)
            if result != .incomplete { return result }
        }
        return offer(text[...], &scanned)
    }

    /// What the last head says, in the words of `HTTPRequestExamples`.
    func facts(_ text: [UInt8]) -> String {
        func words(_ range: Range<Int>) -> String { String(decoding: text[range], as: UTF8.self) }
        let body =
            switch head.body {
            case .none: "none"
            case .length(let length): "\(length)"
            case .chunked: "chunked"
            }
        var facts = "\(head.method.name) \(words(head.path)) ?\(words(head.query))"
        facts += " 1.\(head.minorVersion) \(body) \(head.keepAlive ? "kept" : "closed")"
        facts += " \(head.authority.map(words) ?? "-")"
        if head.expectsContinue { facts += " continue" }
        if head.connectionUpgrade { facts += " upgrade" }
        if head.upgradeWebSocket { facts += " websocket" }
        if head.pathIsEscaped { facts += " escaped" }
        return facts
    }
}

@Suite struct HTTPRequestParserTests {
    @Test(arguments: HTTPRequestExamples.good)
    func good(_ example: GoodHead) {
        let bench = ParserBench()
        let text = Array(example.text.utf8)
        #expect(bench.offer(text) == .head(text.count))
        #expect(bench.facts(text) == example.facts)
        for cut in text.indices {
            #expect(bench.offer(Array(text[..<cut])) == .incomplete, "prefix of \(cut)")
            #expect(bench.offer(text, cuts: [cut]) == .head(text.count), "split at \(cut)")
        }
        #expect(bench.offer(text, cuts: text.indices) == .head(text.count), "byte by byte")
        #expect(bench.facts(text) == example.facts)
    }

    @Test(arguments: HTTPRequestRefusals.all)
    func bad(_ example: BadHead) {
        let bench = ParserBench()
        let text = example.text
        let refusal = HTTPParseResult.invalid(example.failure)
        #expect(bench.offer(text) == refusal)
        for cut in text.indices {
            let prefix = bench.offer(Array(text[..<cut]))
            #expect(prefix == .incomplete || prefix == refusal, "prefix of \(cut)")
            #expect(bench.offer(text, cuts: [cut]) == refusal, "split at \(cut)")
        }
        #expect(bench.offer(text, cuts: text.indices) == refusal, "byte by byte")
    }

    @Test func faultsAreSeenBeforeTheHeadIsComplete() {
        let bench = ParserBench()
        for text in ["\u{16}", "GET x", "GET / HTTP/2", "GET / HTTP/1.1\r\nHost: a\r\nX :", "{"] {
            #expect(bench.offer(Array(text.utf8)) != .incomplete, "\(text)")
        }
        // A head that trickles in is looked at again when it has doubled.
        let text = Array("GET / HTTP/1.1\r\nHost: a\r\nX Y: ".utf8)
        let endless = text + [UInt8](repeating: 0x61, count: 200)
        #expect(bench.offer(endless, cuts: 1..<65) == .invalid(.headerSpace))
    }

    @Test func headersAreFoundInAnyCase() {
        let bench = ParserBench()
        let text = Array(
            get("X-Forwarded-For: 1.2.3.4", "x-odd:  v  ", "x-forwarded-for: 5.6.7.8, 9.9.9.9")
                .utf8)
        #expect(bench.offer(text) == .head(text.count))
        func words(_ range: Range<Int>?) -> String? {
            range.map { String(decoding: text[$0], as: UTF8.self) }
        }
        #expect(bench.head.headerCount == 4)
        #expect(words(bench.head.value(.host)) == "a")
        #expect(words(bench.head.value(.forwardedFor)) == "1.2.3.4")
        #expect(words(bench.head.value(named: "x-odd", in: text.span)) == "v")
        #expect(words(bench.head.value(named: "host", in: text.span)) == "a")
        #expect(bench.head.value(named: "x-od", in: text.span) == nil)
        #expect(bench.head.value(.expect) == nil)
        let first = bench.head.line(.forwardedFor)
        let second = first.flatMap { bench.head.line(.forwardedFor, from: $0 + 1) }
        #expect(first == 1 && second == 3)
        #expect(words(second.map { bench.head.value(at: $0) }) == "5.6.7.8, 9.9.9.9")
        #expect(bench.head.line(.forwardedFor, from: 4) == nil)
        #expect(words(bench.head.name(at: 2)) == "x-odd")
    }

    @Test func everyKnownNameIsTold() {
        let bench = ParserBench()
        for name in HTTPHeaderName.allCases {
            let value =
                switch name {
                case .host, .contentLength: "7"
                case .transferEncoding: "chunked"
                case .expect: "100-continue"
                default: "x"
                }
            let line = "\(name.text): \(value)"
            let text = Array((name == .host ? get() : get(line.uppercased())).utf8)
            #expect(bench.offer(text) == .head(text.count), "\(name)")
            #expect(bench.head.value(name) != nil, "\(name)")
        }
    }

    @Test func pipelinedRequests() {
        let bench = ParserBench()
        let heads = HTTPRequestExamples.good.map { Array($0.text.utf8) }
        var rest = heads.flatMap { $0 }[...]
        for (head, example) in zip(heads, HTTPRequestExamples.good) {
            var scanned = 0
            #expect(bench.offer(rest, &scanned) == .head(head.count))
            #expect(scanned == 0)
            #expect(bench.facts(head) == example.facts)
            rest = rest.dropFirst(head.count)
        }
        #expect(rest.isEmpty)
    }

    @Test func limitsHoldToTheByte() {
        func result(_ text: String, _ limits: HTTPLimits) -> HTTPParseResult {
            let bench = ParserBench(limits: limits)
            let bytes = Array(text.utf8)
            let whole = bench.offer(bytes)
            #expect(bench.offer(bytes, cuts: bytes.indices) == whole)
            return whole
        }
        let text = head("GET /1234 HTTP/1.1", "Host: a", "X: y")
        let size = text.utf8.count
        #expect(result(text, HTTPLimits(headBytesMax: size, targetBytesMax: 5)) == .head(size))
        #expect(
            result(text, HTTPLimits(headBytesMax: size - 1, targetBytesMax: 5))
                == .invalid(.headTooLarge))
        #expect(result(text, HTTPLimits(targetBytesMax: 4)) == .invalid(.targetTooLong))
        #expect(result(text, HTTPLimits(headersMax: 2)) == .head(size))
        #expect(result(text, HTTPLimits(headersMax: 1)) == .invalid(.headersTooMany))
        let long = head("GET http://a/34567 HTTP/1.1", "Host: a")
        #expect(result(long, HTTPLimits(targetBytesMax: 14)) == .head(long.utf8.count))
        #expect(result(long, HTTPLimits(targetBytesMax: 13)) == .invalid(.targetTooLong))
        let body = post("Content-Length: 100")
        #expect(result(body, HTTPLimits(bodyBytesMax: 100)) == .head(body.utf8.count))
        #expect(result(body, HTTPLimits(bodyBytesMax: 99)) == .invalid(.bodyTooLarge))
    }

    @Test func anEndlessTargetIsRefused() {
        let bench = ParserBench()
        let path = Array("GET /".utf8) + [UInt8](repeating: 0x61, count: 20_000)
        #expect(bench.offer(path) == .invalid(.targetTooLong))
        #expect(bench.offer(path, cuts: path.indices) == .invalid(.targetTooLong))
    }

    @Test func aForeignScannedDoesNoHarm() {
        let bench = ParserBench()
        let text = Array(get().utf8)
        for wrong in [-1, Int.min, Int.max, text.count + 1] {
            var scanned = wrong
            #expect(bench.offer(text[...], &scanned) == .head(text.count))
        }
    }

    /// Nothing but the three results, ranges within the head, and the same result for every cut.
    @Test func mutatedRequests() {
        var random = Seed.random("mutatedRequests")
        let bench = ParserBench()
        let seeds =
            HTTPRequestExamples.good.map { Array($0.text.utf8) }
            + HTTPRequestRefusals.all.map(\.text)
        let spice = Array("\r\n\t :%/.?#,;\0\u{7f}0aZ\"*[]@-".utf8) + [0x80, 0xFF]
        for _ in 0..<20_000 {
            var text = seeds.randomElement(using: &random) ?? []
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                let place = Int.random(in: 0..<max(text.count, 1), using: &random)
                let byte = spice.randomElement(using: &random) ?? 0
                switch Int.random(in: 0..<4, using: &random) {
                case 0 where !text.isEmpty:
                    text[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
                case 1 where !text.isEmpty: text.remove(at: place)
                case 2 where !text.isEmpty: text[place] = byte
                default: text.insert(byte, at: min(place, text.count))
                }
            }
            let whole = bench.offer(text)
            if case .head(let length) = whole {
                #expect(length <= text.count)
                #expect(bench.head.target.upperBound <= length && !bench.head.path.isEmpty)
                for place in 0..<bench.head.headerCount {
                    #expect(bench.head.value(at: place).upperBound <= length)
                }
            }
            let cuts = (0..<3).map { _ in Int.random(in: 0...text.count, using: &random) }.sorted()
            let cut = bench.offer(text, cuts: cuts)
            if cut == whole { continue }
            // Only a refusal may be put off, and then until the head is complete at the latest.
            #expect(cut == .incomplete, "\(text) cut at \(cuts)")
            let complete = bench.offer(text + Array("\r\n\r\n".utf8), cuts: cuts + [text.count])
            #expect(complete == whole, "\(text) cut at \(cuts)")
        }
    }
}
