// A REST body's fields: present, absent, null, of the wrong type, repeated, or no object at all.

import Testing
import Wire

@Suite struct JSONFieldsTests {
    @Test func readsEveryType() throws {
        let body =
            "{\"s\":\"a\\u00e9\",\"i\":-7,\"b\":true,\"n\":null,\"o\":{\"x\":1},\"a\":[ ],\"u\":0}"
        let fields = try JSONFields(body.utf8.span, names: ["s", "i", "b", "n", "o", "a", "z"])
        #expect(try fields.string("s") == "aé")
        #expect(try fields.integer("i") == -7)
        #expect(try fields.bool("b"))
        #expect(fields.isPresent("n") && fields.isNull("n"))
        #expect(!fields.isPresent("z") && !fields.isNull("z"))
        #expect(try fields.optionalString("n") == nil)
        #expect(try fields.optionalInteger("z") == nil)
        #expect(try fields.optionalBool("n") == nil)
        let place = try #require(try fields.optionalObject("o"))
        let nested = try JSONFields(body.utf8.span.extracting(place), names: ["x"])
        #expect(try nested.integer("x") == 1)
        #expect(try fields.optionalArray("a")?.count == 3)
        #expect(try fields.optionalToken("s")?.hasEscapes == true)
    }

    @Test func saysWhatIsWrong() throws {
        let body = "{\"s\":1,\"i\":\"1\",\"f\":42.0,\"b\":0,\"n\":null}"
        let fields = try JSONFields(body.utf8.span, names: ["s", "i", "f", "b", "n", "z"])
        #expect(defect { () throws(FieldDefect) in try fields.string("s") } == "s must be a string")
        #expect(
            defect { () throws(FieldDefect) in try fields.integer("i") } == "i must be an integer")
        #expect(
            defect { () throws(FieldDefect) in try fields.integer("f") } == "f must be an integer")
        #expect(
            defect { () throws(FieldDefect) in try fields.bool("b") } == "b must be true or false")
        #expect(defect { () throws(FieldDefect) in try fields.string("n") } == "n is required")
        #expect(defect { () throws(FieldDefect) in try fields.string("z") } == "z is required")
        #expect(
            defect { () throws(FieldDefect) in try fields.optionalObject("s") }
                == "s must be an object")
        #expect(
            defect { () throws(FieldDefect) in try fields.optionalArray("s") }
                == "s must be an array")
    }

    @Test func lastOneWinsAndStrangersPass() throws {
        let strangers = (0..<100).map { "\"x\($0)\":[{}]," }.joined()
        let body = "{\"a\":1,\(strangers)\"\\u0061\":\"last\"}"
        let fields = try JSONFields(body.utf8.span, names: ["a"])
        #expect(try fields.string("a") == "last")
    }

    @Test(
        arguments: [
            ("", .unexpectedEnd), ("[]", .notObject), ("1", .notObject), ("[", .unexpectedEnd),
            ("{\"a\":1", .unexpectedEnd), ("{\"a\":1}x", .trailingBytes),
            ("{\"x\":[01]}", .unexpectedByte),
            ("[1]]", .trailingBytes), ("{\"x\":\"\\ud800\"}", .loneSurrogate),
        ] as [(String, JSONDefect)])
    func refuses(body: String, defect: JSONDefect) {
        #expect(throws: defect) { try JSONFields(body.utf8.span, names: ["a"]).isPresent("a") }
    }

    private func defect<Value>(_ read: () throws(FieldDefect) -> Value) -> String? {
        do throws(FieldDefect) {
            _ = try read()
            return nil
        } catch {
            return "\(error.field) \(error.message)"
        }
    }
}
