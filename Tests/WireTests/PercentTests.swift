// Percent-decoding, query fields and header lists.

import Base
import TestSupport
import Testing
import Wire

@Suite struct PercentTests {
    private func decode(_ text: String, plus: Bool = false) -> Result<String, PercentFailure> {
        var guarded = GuardedBytes(capacity: text.utf8.count)
        guarded.place(Array(text.utf8).span)
        var out = ByteBuffer()
        out.append("kept")
        do throws(PercentFailure) {
            let range = try Percent.decode(guarded.span, plusIsSpace: plus, into: &out)
            let end = out.count
            #expect(range.lowerBound == 4 && range.upperBound == end)
            return .success(String(out.text.dropFirst(4)))
        } catch {
            let text = out.text
            #expect(text == "kept")
            return .failure(error)
        }
    }

    @Test(arguments: [
        ("", ""), ("abc", "abc"), ("a%20b", "a b"), ("%e7%81%B5%E7%8a%80", "灵犀"),
        ("灵犀", "灵犀"),
        ("%2525", "%25"), ("%00", "\0"), ("a+b", "a+b"), ("%F0%9F%98%80", "😀"),
    ])
    func good(text: String, decoded: String) {
        #expect(decode(text) == .success(decoded))
    }

    @Test(
        arguments: [
            ("%", .badEscape), ("%4", .badEscape), ("abc%", .badEscape), ("%g0", .badEscape),
            ("%0g", .badEscape), ("%%41", .badEscape), ("% 1", .badEscape), ("%+1", .badEscape),
            ("%ff", .notUTF8), ("%E7%81", .notUTF8),
            ("%C0%80", .notUTF8), ("%ED%A0%80", .notUTF8),
            ("%F4%90%80%80", .notUTF8), ("%81", .notUTF8), ("%E7+%81", .notUTF8),
        ] as [(String, PercentFailure)])
    func bad(text: String, failure: PercentFailure) {
        #expect(decode(text) == .failure(failure))
        #expect(decode(text, plus: true) == .failure(failure))
    }

    @Test func plusIsASpaceInQueries() {
        #expect(decode("a+b%2B", plus: true) == .success("a b+"))
    }

    private func fields(_ query: String) -> [String] {
        let bytes = Array(query.utf8)
        var fields = QueryFields()
        var found: [String] = []
        while let field = fields.next(in: bytes.span) {
            let name = String(decoding: bytes[field.name], as: UTF8.self)
            found.append(name + ":" + String(decoding: bytes[field.value], as: UTF8.self))
        }
        return found
    }

    @Test func queryFields() {
        #expect(fields("") == [])
        #expect(fields("&&") == [])
        #expect(fields("a=1&b=2") == ["a:1", "b:2"])
        #expect(fields("a&b=&=c&d==e=") == ["a:", "b:", ":c", "d:=e="])
        #expect(fields("&a=1&&b=2&") == ["a:1", "b:2"])
    }

    @Test(
        arguments: [
            ("keyword=%E7%81%B5+x&limit=5", "灵 x"), ("limit=5&keyword", ""), ("keyword=", ""),
            ("%6beywor%64=a&keyword=b", "a"), ("keyword=a&keyword=b", "a"), ("keywords=a", nil),
            ("keywor=a", nil), ("Keyword=a", nil), ("x=keyword=a", nil), ("", nil),
            ("%6=&keyword=a", "a"),
        ] as [(String, String?)])
    func lookUp(query: String, expected: String?) {
        var out = ByteBuffer()
        out.append("kept")
        let bytes = Array(query.utf8)
        switch QueryFields.value(named: "keyword", in: bytes.span, into: &out) {
        case .absent: #expect(expected == nil)
        case .value(let range):
            let value = String(decoding: Array(out.text.utf8)[range], as: UTF8.self)
            #expect(value == expected)
        case .invalid: Issue.record("\(query) is valid")
        }
    }

    @Test func lookUpOfWhatIsInvalid() {
        var out = ByteBuffer()
        let bytes = Array("a=%zz&b=%ff&c=1".utf8)
        let a = QueryFields.value(named: "a", in: bytes.span, into: &out)
        #expect(a == .invalid(.badEscape))
        let b = QueryFields.value(named: "b", in: bytes.span, into: &out)
        #expect(b == .invalid(.notUTF8))
        let c = QueryFields.value(named: "c", in: bytes.span, into: &out)
        #expect(c == .value(0..<1))
    }

    @Test func headerLists() {
        let bytes = Array("x, gzip ,,\tbr;q=1 , ".utf8)
        var list = HTTPList(2..<bytes.count)
        var found: [String] = []
        while let element = list.next(in: bytes.span) {
            found.append(String(decoding: bytes[element], as: UTF8.self))
        }
        #expect(found == ["gzip", "br;q=1"])
    }
}
