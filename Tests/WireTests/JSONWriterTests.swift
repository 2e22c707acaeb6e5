// What the writer writes, to the byte, and that the reader gives back whatever was written.

import Base
import TestSupport
import Testing
import Wire

@Suite struct JSONWriterTests {
    @Test func mindsTheCommas() {
        var writer = JSONWriter(ByteBuffer())
        writer.beginObject()
        writer.key("a")
        writer.beginArray()
        writer.number(1)
        writer.number(Int64.min)
        writer.number(UInt64.max)
        writer.beginObject()
        writer.endObject()
        writer.beginArray()
        writer.endArray()
        writer.bool(true)
        writer.bool(false)
        writer.null()
        writer.raw("{\"x\":1}".utf8.span)
        writer.string("s")
        writer.endArray()
        writer.key("b")
        writer.string("é".utf8.span)
        writer.key(text: "c\n")
        writer.number(0)
        writer.endObject()
        let wanted =
            "{\"a\":[1,-9223372036854775808,18446744073709551615,{},[],true,false,null,"
            + "{\"x\":1},\"s\"],\"b\":\"é\",\"c\\n\":0}"
        #expect(writer.count == wanted.utf8.count)
        let buffer = writer.finish()
        #expect(text(of: buffer) == wanted)
    }

    @Test func goesOnBehindOtherBytes() {
        var buffer = ByteBuffer()
        buffer.append("data: " as StaticString)
        buffer.append(json: { $0.number(7) })
        buffer.append(json: { $0.string("x") })
        #expect(text(of: buffer) == "data: 7\"x\"")
    }

    @Test(arguments: [
        ("", "\"\""), ("plain", "\"plain\""), ("\"\\", "\"\\\"\\\\\""),
        ("\n\t\r\u{8}\u{C}", "\"\\n\\t\\r\\b\\f\""), ("/\u{7F}", "\"/\u{7F}\""),
        ("\u{0}\u{1F}\u{B}", "\"\\u0000\\u001F\\u000B\""),
        ("\u{2028}\u{2029}\u{FFFF}", "\"\u{2028}\u{2029}\u{FFFF}\""),
        ("灵犀\u{1F600}", "\"灵犀\u{1F600}\""), ("12345678\"", "\"12345678\\\"\""),
    ])
    func escapes(content: String, json: String) {
        var buffer = ByteBuffer()
        buffer.append(jsonString: content)
        #expect(text(of: buffer) == json)
    }

    @Test func findsEscapesAtEveryOffset() {
        for byte in UInt8.min..<0x80 {
            for offset in 0..<20 {
                var content = [UInt8](repeating: 0x21, count: 20)
                content[offset] = byte
                let sample = JSONSample.string(content)
                #expect((try? JSONSample.read(sample.text()).get()) == sample)
                let isPlain = byte >= 0x20 && byte != 0x22 && byte != 0x5C
                #expect((sample.text().count == 22) == isPlain)
            }
        }
    }

    @Test func readsBackWhatWasWritten() throws {
        var random = Seed.random("json-round-trip")
        for _ in 0..<3_000 {
            let sample = JSONSample.random(&random)
            #expect(try JSONSample.read(sample.text()).get() == sample)
        }
    }

    private func text(of buffer: borrowing ByteBuffer) -> String {
        let span = buffer.span
        return String(decoding: span.indices.map { span[$0] }, as: UTF8.self)
    }
}
