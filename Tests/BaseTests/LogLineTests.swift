// The two formats, byte for byte, and that nothing in a value can break out of its line.

import Base
import Testing

@Suite struct LogLineTests {
    private func line(
        _ format: LogFormat, _ message: String, _ fields: LogFields = [:],
        level: LogLevel = .info
    ) -> String {
        var line = LogLine(level, message, at: 1_795_414_826_123, format: format)
        for (key, value) in fields { line.append(key, value) }
        let bytes = line.finish()
        let span = bytes.span
        return String(decoding: span.indices.map { span[$0] }, as: UTF8.self)
    }

    @Test func text() {
        let fields: LogFields = [
            "address": "0.0.0.0:8080", "note": "two words", "port": 8080, "on": true,
            "ratio": 0.5, "empty": "", "quote": "a\"b\\c", "bad": Double.infinity,
            "user": "灵犀", "error": SystemError("open", number: 2),
        ]
        #expect(
            line(.text, "listening", fields)
                == "2026-11-23T06:20:26.123Z INFO  listening address=0.0.0.0:8080 "
                + "note=\"two words\" port=8080 on=true ratio=0.5 empty=\"\" "
                + "quote=\"a\\\"b\\\\c\" bad=inf user=灵犀 "
                + "error=\"open: No such file or directory\"\n")
        #expect(line(.text, "x", level: .warning) == "2026-11-23T06:20:26.123Z WARN  x\n")
        #expect(line(.text, "x", level: .error) == "2026-11-23T06:20:26.123Z ERROR x\n")
    }

    @Test func json() {
        let fields: LogFields = ["port": -1, "on": false, "text": "a\"b\\", "big": UInt64.max]
        #expect(
            line(.json, "say \"hi\"", fields, level: .debug)
                == "{\"time\":\"2026-11-23T06:20:26.123Z\",\"level\":\"debug\","
                + "\"message\":\"say \\\"hi\\\"\",\"port\":-1,\"on\":false,"
                + "\"text\":\"a\\\"b\\\\\",\"big\":18446744073709551615}\n")
    }

    @Test(arguments: LogFormat.allCases)
    func aLineIsOneLine(format: LogFormat) {
        let evil = "a\nb\r\u{1B}[2J\u{0}\u{7F}\u{85}\u{9B}\u{2028}\u{2029}c"
        let escaped =
            "a\\u000ab\\u000d\\u001b[2J\\u0000\\u007f\\u0085\\u009b\\u2028\\u2029c"
        let text = line(format, evil, ["k": evil])
        #expect(text.unicodeScalars.filter { $0.value < 0x20 }.count == 1)
        #expect(text.hasSuffix("\n"))
        #expect(text.contains("\(escaped) k=") || text.contains("\"message\":\"\(escaped)\""))
    }

    @Test(arguments: LogFormat.allCases)
    func lengthIsBounded(format: LogFormat) {
        let worst = String(repeating: "\u{1}", count: 100_000)
        let text = line(
            format, worst,
            ["a": worst, "b": 1, "c": worst, "d": String(repeating: "灵", count: 9_999)])
        #expect(text.utf8.count <= LogLine.bytesMax)
        let end = format == .text ? " omitted=2\n" : ",\"omitted\":2}\n"
        #expect(text.hasSuffix(end))
        #expect(text.contains(format == .text ? " b=1" : ",\"b\":1"))
        let cut = line(format, "m", ["d": String(repeating: "灵", count: 9_999)])
        #expect(cut.contains("灵…"))
        #expect(cut.utf8.count < 2_200)
    }
}
