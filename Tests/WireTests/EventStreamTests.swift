// Event streams: written so that nothing can forge a field, read the same however they are cut.

import Base
import TestSupport
import Testing
import Wire

@Suite struct EventStreamTests {
    struct Event: Equatable, CustomStringConvertible {
        var name = "", data = "", id = ""
        var description: String { "[\(name)|\(data)|\(id)]" }
    }

    @Test func writesFields() {
        var buffer = ByteBuffer()
        buffer.append(eventData: "{}".utf8.span)
        buffer.append(eventData: "a\nb\r\nc\rd\n".utf8.span, id: "7f:1", name: "note")
        buffer.append(eventData: "".utf8.span, id: "x\r\ndata: no\n\u{0}y")
        buffer.append(eventComment: "")
        buffer.append(eventComment: "a\nb")
        buffer.append(eventRetryMilliseconds: 1_500)
        #expect(
            text(of: buffer.span) == "data: {}\n\n"
                + "id: 7f:1\nevent: note\ndata: a\ndata: b\ndata: c\ndata: d\ndata: \n\n"
                + "id: xdata: noy\ndata: \n\n" + ": \n\n" + ": a\n: b\n\n" + "retry: 1500\n\n")
    }

    static let streams: [(String, [Event])] = [
        ("data: a\n\n", [Event(data: "a")]),
        ("data:a\r\rdata:  b\r\n\r\n", [Event(data: "a"), Event(data: " b")]),
        ("\u{FEFF}data: a\n\n", [Event(data: "a")]),
        ("\u{FEFF}\u{FEFF}data: a\n\ndata: b\n\n", [Event(data: "b")]),
        ("\n\r\n\rdata: a\r\n\n", [Event(data: "a")]),
        ("data: a\ndata: b\ndata\ndata:\n\n", [Event(data: "a\nb\n\n")]),
        ("data\n\ndata\ndata\n\ndata:", [Event(), Event(data: "\n")]),
        ("data: a\r\ndata: b\r\n\r\n", [Event(data: "a\nb")]),
        (": comment\n:\ndata: a\n:x\n\n", [Event(data: "a")]),
        ("event: e\n\ndata: a\n\n", [Event(data: "a")]),
        (
            "event: e\nevent: f\ndata: a\n\ndata: b\n\n",
            [Event(name: "f", data: "a"), Event(data: "b")]
        ),
        (
            "id: 1\ndata: a\n\ndata: b\n\nid\ndata: c\n\n",
            [Event(data: "a", id: "1"), Event(data: "b", id: "1"), Event(data: "c")]
        ),
        ("id: 1\nid: 2\u{0}\ndata: a\n\n", [Event(data: "a", id: "1")]),
        ("DATA: a\ndata : b\n data: c\nfoo: d\n\ndata: e\n\n", [Event(data: "e")]),
        ("data: \u{1F600}:灵犀\r\n\r\n", [Event(data: "\u{1F600}:灵犀")]),
        ("data: lost\n", []), ("data: lost", []), ("", []), ("\u{FEFF}", []),
    ]

    @Test func readsTheSameOnEverySplit() {
        for (stream, events) in EventStreamTests.streams {
            let bytes = Array(stream.utf8)
            #expect(read([bytes]) == events, "\(stream)")
            #expect(read(bytes.map { [$0] }) == events, "\(stream)")
            for first in 0...bytes.count {
                for second in first...bytes.count {
                    let chunks = [bytes[..<first], bytes[first..<second], bytes[second...]]
                    #expect(
                        read(chunks.map { Array($0) }) == events, "\(stream) \(first) \(second)")
                }
            }
        }
    }

    @Test func takesRetryOfDigitsOnly() {
        var reader = EventStreamReader(lineBytesMax: 100, eventBytesMax: 100)
        let steps: [(String, Int?)] = [
            ("retry: x\n", nil), ("retry:\n", nil), ("retry: 250\n", 250), ("retry: -1\n", 250),
            ("retry: 1e3\n", 250), ("retry: 99999999999999999999\n", 250), ("retry:0\n", 0),
        ]
        for (line, wanted) in steps {
            var offset = 0
            #expect(reader.next(line.utf8.span, &offset) == .incomplete)
            #expect(reader.retryMilliseconds == wanted)
        }
    }

    @Test func boundsLinesAndEvents() {
        // At the bound, past it in one piece, past it byte by byte.
        let cases: [(String, EventStreamReader.Step)] = [
            ("data: 34567890\n\n", .event), ("data: 345678901", .tooLong),
            (":" + String(repeating: "x", count: 14) + "\n", .tooLong),
            ("data:1234\ndata:12345\n\n", .event), ("data:1234\ndata:123456\n\n", .tooLong),
        ]
        for (stream, wanted) in cases {
            for isBytewise in [false, true] {
                var reader = EventStreamReader(lineBytesMax: 14, eventBytesMax: 10)
                var last = EventStreamReader.Step.incomplete
                let bytes = Array(stream.utf8)
                for chunk in isBytewise ? bytes.map({ [$0] }) : [bytes] {
                    var offset = 0
                    last = reader.next(chunk.span, &offset)
                    if last == .event { break }
                }
                #expect(last == wanted, "\(stream)")
                if wanted == .tooLong {
                    var offset = 0
                    #expect(reader.next("data: a\n\n".utf8.span, &offset) == .tooLong)
                }
            }
        }
    }

    @Test func readsBackWhatWasWritten() {
        var random = Seed.random("event-stream")
        var buffer = ByteBuffer()
        var wanted: [Event] = []
        for number in 0..<300 {
            let data = String(decoding: JSONSample.text(&random), as: UTF8.self)
            buffer.append(eventData: data.utf8.span, id: "run:\(number)", name: "e")
            if number % 7 == 0 { buffer.append(eventComment: data) }
            let scalars = data.replacing("\r\n", with: "\n").replacing("\r", with: "\n")
            wanted.append(Event(name: "e", data: scalars, id: "run:\(number)"))
        }
        let span = buffer.span
        var chunks: [[UInt8]] = []
        var start = 0
        while start < span.count {
            let end = min(span.count, start + Int.random(in: 1..<100, using: &random))
            chunks.append((start..<end).map { span[$0] })
            start = end
        }
        #expect(read(chunks) == wanted)
    }

    private func read(_ chunks: [[UInt8]]) -> [Event] {
        var reader = EventStreamReader(lineBytesMax: 1_000, eventBytesMax: 1_000)
        var events: [Event] = []
        for chunk in chunks {
            var offset = 0
            while reader.next(chunk.span, &offset) == .event {
                events.append(
                    Event(
                        name: text(of: reader.name), data: text(of: reader.data),
                        id: text(of: reader.lastID)))
            }
        }
        return events
    }

    private func text(of span: Span<UInt8>) -> String {
        String(decoding: span.indices.map { span[$0] }, as: UTF8.self)
    }
}
