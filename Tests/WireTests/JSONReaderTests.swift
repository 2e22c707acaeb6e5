// The grammar at its corners: what is JSON, what is not and why, and that no input traps.

import Base
import TestSupport
import Testing
import Wire

@Suite struct JSONReaderTests {
    @Test(arguments: [
        "0", "-0", "7", "-12", "1.0", "0.5e1", "1E400", "-1e-0", "1e+2", "9223372036854775808",
        "true", "false", "null", "\"\"", " \t\r\n1 \t\r\n", "[]", "[ ]", "{}", "{ }", "[[]]",
        "[1,2]", "[ 1 , 2 ]", "{\"\":0}", "{\"a\":{\"a\":[{}]}}", "{\"a\":1,\"a\":2}",
        "[\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0000\\uABCD\\uabcd\"]", "\"\\uD83D\\uDE00\"",
        "\"\u{7F}\u{80}\u{2028}\u{FFFF}\u{10FFFF}\"", "\"12345678\"", "\"1234567\\n\"",
    ])
    func accepts(text: String) {
        #expect(JSONSample.defect(Array(text.utf8)) == nil)
    }

    @Test(
        arguments: [
            ("", .unexpectedEnd), (" ", .unexpectedEnd), ("\u{FEFF}1", .unexpectedByte),
            ("01", .trailingBytes), ("-", .unexpectedEnd), ("-x", .malformedNumber),
            ("+1", .unexpectedByte), (".5", .unexpectedByte), ("1.", .unexpectedEnd),
            ("1.x", .malformedNumber), ("1e", .unexpectedEnd), ("1e+", .unexpectedEnd),
            ("1e+x", .malformedNumber), ("1.e1", .malformedNumber), ("-01", .trailingBytes),
            ("0x1", .trailingBytes), ("1_0", .trailingBytes), ("NaN", .unexpectedByte),
            ("Infinity", .unexpectedByte), ("-Infinity", .malformedNumber), ("1a", .trailingBytes),
            ("tru", .unexpectedEnd), ("trux", .unexpectedByte), ("truee", .trailingBytes),
            ("True", .unexpectedByte), ("nul", .unexpectedEnd), ("falsy", .unexpectedByte),
            ("[", .unexpectedEnd), ("]", .unexpectedByte), ("[1", .unexpectedEnd),
            ("[1,", .unexpectedEnd), ("[1,]", .unexpectedByte), ("[,1]", .unexpectedByte),
            ("[1 2]", .unexpectedByte), ("[1}", .unexpectedByte), ("[1]]", .trailingBytes),
            ("{", .unexpectedEnd), ("}", .unexpectedByte), ("{\"a\"}", .unexpectedByte),
            ("{\"a\":}", .unexpectedByte), ("{\"a\":1,}", .unexpectedByte),
            ("{\"a\" 1}", .unexpectedByte), ("{a:1}", .unexpectedByte), ("{1:1}", .unexpectedByte),
            ("{\"a\":1]", .unexpectedByte), ("{,}", .unexpectedByte),
            ("{\"a\":1 \"b\":2}", .unexpectedByte),
            ("{\"a\":1}{}", .trailingBytes), ("1 2", .trailingBytes), ("[1] x", .trailingBytes),
            ("1\u{0}", .trailingBytes), ("1\u{C}", .trailingBytes), ("1\u{A0}", .trailingBytes),
            ("\"", .unexpectedEnd), ("\"a", .unexpectedEnd), ("'a'", .unexpectedByte),
            ("\"\n\"", .controlCharacter), ("\"a\u{0}\"", .controlCharacter),
            ("\"1234567\u{1F}\"", .controlCharacter), ("\"\\x\"", .malformedEscape),
            ("\"\\u12\"", .malformedEscape), ("\"\\u12G4\"", .malformedEscape),
            ("\"\\U0041\"", .malformedEscape), ("\"\\uD800\"", .loneSurrogate),
            ("\"\\uDC00\"", .loneSurrogate), ("\"\\uD800\\n\"", .loneSurrogate),
            ("\"\\uD800x\\uDC00\"", .loneSurrogate), ("\"\\uD800\\uD800\"", .loneSurrogate),
            ("\"\\uDC00\\uD800\"", .loneSurrogate), ("/**/1", .unexpectedByte),
            ("[1]//", .trailingBytes),
        ] as [(String, JSONDefect)])
    func refuses(text: String, defect: JSONDefect) {
        #expect(JSONSample.defect(Array(text.utf8)) == defect)
    }

    @Test(
        arguments: [
            [0x80], [0xBF], [0xC0, 0x80], [0xC1, 0xBF], [0xC2], [0xC2, 0x20], [0xE0, 0x9F, 0xBF],
            [0xE1, 0x80], [0xE1, 0x80, 0xC0], [0xED, 0xA0, 0x80], [0xF0, 0x8F, 0xBF, 0xBF],
            [0xF0, 0x90, 0x80], [0xF4, 0x90, 0x80, 0x80], [0xF5, 0x80, 0x80, 0x80], [0xFF],
        ] as [[UInt8]])
    func refusesMalformedUTF8(bytes: [UInt8]) {
        for padding in 0..<9 {
            let front = [UInt8](repeating: 0x61, count: padding)
            #expect(JSONSample.defect([0x22] + front + bytes + [0x22]) == .malformedUTF8)
        }
    }

    @Test func boundsTheDepth() {
        for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
            let inside = open == "[" ? "" : "1"
            for (depth, defect) in [(64, nil), (65, .tooDeep), (5_000, .tooDeep)]
                as [(Int, JSONDefect?)]
            {
                let text =
                    String(repeating: open, count: depth) + inside
                    + String(repeating: close, count: depth)
                #expect(JSONSample.defect(Array(text.utf8)) == defect)
            }
        }
    }

    @Test func noPrefixIsComplete() {
        let good = [
            "{\"type\":2,\"msg_id\":\"m\\u00e9\",\"to\":\"小明\",\"content\":\"a\\n\u{1F600}\"}",
            "[true,false,null,-1.5e+10,\"\\uD83D\\uDE00\",{\"a\":[{},[]]}]",
        ]
        for text in good {
            let bytes = Array(text.utf8)
            #expect(JSONSample.defect(bytes) == nil)
            for length in bytes.indices {
                #expect(JSONSample.defect(Array(bytes[..<length])) != nil)
            }
        }
    }

    @Test(
        arguments: [
            ("0", 0), ("-0", 0), ("-1", -1), ("9223372036854775807", .max),
            ("-9223372036854775808", .min), ("9223372036854775808", nil),
            ("-9223372036854775809", nil), ("18446744073709551616", nil),
            ("99999999999999999999999", nil), ("42.0", nil), ("4e1", nil),
        ] as [(String, Int64?)])
    func readsIntegers(text: String, value: Int64?) {
        var reader = JSONReader(text.utf8.span)
        guard case .number(let number) = reader.next() else {
            Issue.record("no number")
            return
        }
        #expect(number.integer == value)
        #expect(number.range == 0..<text.utf8.count)
        #expect(Double(number, of: text.utf8.span) == Double(text))
    }

    @Test func passesOverNestedValues() {
        let text = Array(" [ {\"a\":[1,{}]} , [ ] ,\"x\"] ".utf8)
        var reader = JSONReader(text.span)
        #expect(reader.next() == .beginArray)
        var pieces: [String] = []
        loop: while true {
            switch reader.value() {
            case .object(let place), .array(let place):
                pieces.append(String(decoding: text[place.range], as: UTF8.self))
            case .string(let token): pieces.append(String(token, of: text.span))
            case .end: break loop
            default: pieces.append("?")
            }
        }
        #expect(pieces == ["{\"a\":[1,{}]}", "[ ]", "x"])
        #expect(reader.next() == .end)
        #expect(reader.next() == .end)
    }

    @Test func staysInvalid() {
        let text: StaticString = "[1,}]"
        var reader = JSONReader("\(text)".utf8.span)
        while true { if case .invalid = reader.next() { break } }
        #expect(reader.position == 3)
        #expect(reader.next() == .invalid(.unexpectedByte))
        #expect(reader.value() == .invalid(.unexpectedByte))
    }

    @Test func comparesNames() {
        let text = Array("[\"na\\u006de\",\"name\",\"nam\",\"names\",\"\\u006eame\\u0000\"]".utf8)
        var reader = JSONReader(text.span)
        var equal: [Bool] = []
        while true {
            let event = reader.next()
            if case .string(let token) = event {
                equal.append(token.equals("name", in: text.span))
            }
            if event == .end { break }
        }
        #expect(equal == [true, true, false, false, false])
    }
}
