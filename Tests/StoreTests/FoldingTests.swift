// Folding: texts that differ in case or canonical form alone are one, and the quick way, a scalar
// at a time, never says anything else than the whole text does.

import Base
import Store
import TestSupport
import Testing

@Suite struct FoldingTests {
    @Test(arguments: [
        ("Hello", "hELLO"), ("Straße", "STRASSE"), ("weiß", "WEIẞ"), ("ΟΔΟΣ", "οδος"),
        ("Åsa", "A\u{30a}SA"), ("\u{212b}", "å"), ("\u{212a}elvin", "kelvin"), ("ſ", "S"),
        ("Ǆ", "ǅ"), ("\u{1100}\u{1161}\u{11a8}", "각"), ("ﬃ", "FFI"), ("\u{f9d0}", "\u{985e}"),
        ("q\u{323}\u{307}", "Q\u{307}\u{323}"), ("ǰ", "J\u{30c}"), ("ΐ", "Ι\u{308}\u{301}"),
    ])
    func areOne(_ a: String, _ b: String) {
        #expect(Array(Folding.fold(a).utf8) == Array(Folding.fold(b).utf8))
    }

    @Test(arguments: [("Jose", "José"), ("가", "각"), ("a", "ä"), ("o", "ø"), ("小", "少")])
    func areTwo(_ a: String, _ b: String) {
        #expect(Array(Folding.fold(a).utf8) != Array(Folding.fold(b).utf8))
    }

    private func byTable(_ text: String) -> [UInt8]? {
        var buffer = ByteBuffer()
        guard FoldingTable.shared.append(text.utf8.span, to: &buffer) else { return nil }
        return buffer.withSpan { span in span.indices.map { span[$0] } }
    }

    @Test func theTableAgreesOnEveryScalar() {
        var folded = 0
        for value in UInt32(1)...0x10FFFF {
            guard let scalar = Unicode.Scalar(value) else { continue }
            let text = String(Character(scalar))
            guard let bytes = byTable(text) else { continue }
            folded += 1
            if bytes != Array(Folding.fold(text).utf8) { Issue.record("U+\(value)") }
        }
        // The quick way would be none if it left out much.
        #expect(folded > 100_000)
        for text in ["hello", "今天下午开会，好吗？", "Привет", "γειά", "café", "かな", "한국어", "👍"] {
            #expect(byTable(text) != nil, "\(text)")
        }
    }

    @Test func theTableAgreesOnTexts() {
        var random = Seed.random("folding")
        let ranges: [ClosedRange<UInt32>] = [
            0x20...0x7E, 0x20...0x7E, 0xA0...0x24F, 0x300...0x314, 0x370...0x3FF, 0x400...0x4FF,
            0x900...0x97F, 0x1100...0x11FF, 0x1E00...0x1FFF, 0x2100...0x214F, 0x3040...0x30FF,
            0x4E00...0x9FFF, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFF00...0xFF5E, 0x1F300...0x1F6FF,
        ]
        var quick = 0
        for _ in 0..<20_000 {
            var text = String.UnicodeScalarView()
            let few = (0..<3).map { _ in ranges[Int.random(in: 0..<ranges.count, using: &random)] }
            for _ in 0..<Int.random(in: 0...24, using: &random) {
                let range = few[Int.random(in: 0..<3, using: &random)]
                guard let scalar = Unicode.Scalar(UInt32.random(in: range, using: &random)) else {
                    continue
                }
                text.append(scalar)
            }
            guard let bytes = byTable(String(text)) else { continue }
            quick += 1
            if bytes != Array(Folding.fold(String(text)).utf8) { Issue.record("\(text)") }
        }
        #expect(quick > 2_000)
    }

    /// Bytes that are no text never trap.
    @Test func anyBytesAreBorne() {
        var random = Seed.random("folding-bytes")
        var keyword = Keyword("é")
        for _ in 0..<20_000 {
            let bytes = (0..<Int.random(in: 0...12, using: &random)).map { _ in
                UInt8.random(in: 0...255, using: &random)
            }
            _ = keyword.matches(bytes.span)
        }
    }
}
