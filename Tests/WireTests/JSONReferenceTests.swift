// The reader against Foundation's on random and on damaged texts: both must accept or both refuse.
// Where they differ by decision, the text is left out: encodings other than UTF-8 and byte order
// marks (Foundation guesses them), depth and the size of numbers (each has bounds of its own), and
// a comma before a closing bracket (which Foundation lets pass).

import Base
import Foundation
import TestSupport
import Testing
import Wire

@Suite struct JSONReferenceTests {
    @Test func agreesOnDamagedTexts() {
        var random = Seed.random("json-damaged")
        var refused = 0
        for _ in 0..<6_000 {
            var text = JSONSample.random(&random).text()
            for _ in 0..<Int.random(in: 0...2, using: &random) { damage(&text, &random) }
            guard !isOutOfScope(text) else { continue }
            let defect = JSONSample.defect(text)
            let reference = try? JSONSerialization.jsonObject(
                with: Data(text), options: [.fragmentsAllowed])
            let shown = String(decoding: text, as: UTF8.self)
            #expect((defect == nil) == (reference != nil), "\(shown) \(text)")
            if defect != nil { refused += 1 }
        }
        #expect(refused > 500)
    }

    @Test func agreesOnStrings() throws {
        var random = Seed.random("json-strings")
        for _ in 0..<2_000 {
            let content = JSONSample.text(&random)
            let text = JSONSample.array([.string(content)]).text()
            let reference = try JSONSerialization.jsonObject(with: Data(text)) as? [String]
            #expect(reference.map { $0.flatMap { Array($0.utf8) } } == content)
        }
    }

    private func damage(_ text: inout [UInt8], _ random: inout SeededRandom) {
        let at = Int.random(in: 0...text.count, using: &random)
        let interesting =
            Array("{}[]\",:\\/u0123456789eE+-. \n\ttrfalsn\u{1}é小".utf8) + [0xFF, 0xC0]
        let byte = interesting[Int.random(in: 0..<interesting.count, using: &random)]
        switch Int.random(in: 0..<4, using: &random) {
        case 0: text.insert(byte, at: at)
        case 1: if at < text.count { text[at] = byte }
        case 2: if at < text.count { text.remove(at: at) }
        default: text.removeSubrange(at...)
        }
    }

    private func isOutOfScope(_ text: [UInt8]) -> Bool {
        if text.starts(with: [0xEF]) || text.starts(with: [0xFF]) || text.prefix(4).contains(0) {
            return true
        }
        let solid = text.filter { ![0x20, 0x09, 0x0A, 0x0D].contains($0) }
        let closing: [UInt8] = [UInt8(ascii: "]"), UInt8(ascii: "}")]
        if zip(solid, solid.dropFirst()).contains(where: { a, b in
            a == UInt8(ascii: ",") && closing.contains(b)
        }) {
            return true
        }
        // Digits that may make a number too large for a Double.
        return text.split(whereSeparator: { !"0123456789eE+-.".utf8.contains($0) })
            .contains { $0.count > 20 || ($0.contains { $0 | 0x20 == 0x65 } && $0.count > 4) }
    }
}
