// The validator against the standard library's: all inputs of up to two bytes, all combinations of
// boundary bytes up to four, every code point, random text and random damage, whole and in pieces.

import Base
import TestSupport
import Testing
import Wire

@Suite struct UTF8ValidatorTests {
    private func isValid(_ bytes: [UInt8]) -> Bool {
        var validator = UTF8Validator()
        return validator.consume(bytes.span) && validator.isComplete
    }

    private func reference(_ bytes: [UInt8]) -> Bool {
        String(validating: bytes, as: UTF8.self) != nil
    }

    /// Alone (byte by byte inside) and with ASCII around it (eight at a time inside).
    private func agrees(_ bytes: [UInt8]) -> Bool {
        let wanted = reference(bytes)
        let ascii = [UInt8](repeating: 0x41, count: 9)
        return isValid(bytes) == wanted && isValid(bytes + ascii) == wanted
            && isValid(ascii + bytes + ascii) == wanted
    }

    @Test func everyOneAndTwoBytes() {
        #expect(isValid([]))
        for first in 0...255 as ClosedRange<UInt8> {
            #expect(agrees([first]))
            for second in 0...255 as ClosedRange<UInt8> {
                if !agrees([first, second]) { Issue.record("\(first) \(second)") }
            }
        }
    }

    @Test func everyBoundaryUpToFourBytes() {
        let edges: [UInt8] = [
            0x00, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xC1, 0xC2, 0xDF, 0xE0, 0xE1,
            0xEC, 0xED, 0xEE, 0xEF, 0xF0, 0xF1, 0xF3, 0xF4, 0xF5, 0xFF,
        ]
        for first in edges {
            for second in edges {
                for third in edges {
                    #expect(agrees([first, second, third]))
                    for fourth in edges where !agrees([first, second, third, fourth]) {
                        Issue.record("\(first) \(second) \(third) \(fourth)")
                        return
                    }
                }
            }
        }
    }

    /// Two three-byte sequences are looked at together: each must be seen to be wrong.
    @Test func everyPairOfThreeByteSequences() {
        let leads: [UInt8] = [0xE0, 0xE1, 0xEC, 0xED, 0xEE, 0xEF, 0xF0]
        let edges: [UInt8] = [0x7F, 0x80, 0x9F, 0xA0, 0xBF, 0xC0]
        for lead in leads {
            for second in edges {
                for third in edges {
                    let odd = [lead, second, third]
                    #expect(agrees(odd + [0xE7, 0x81, 0xB5]))
                    #expect(agrees([0xE7, 0x81, 0xB5] + odd))
                    #expect(agrees(odd + odd))
                }
            }
        }
    }

    @Test func everyCodePoint() {
        var all: [UInt8] = []
        for value in 0...0x10FFFF as ClosedRange<UInt32> {
            if let scalar = Unicode.Scalar(value) {
                all += Array(String(scalar).utf8)
                continue
            }
            let surrogate: [UInt8] = [
                0xE0 | UInt8(value >> 12), 0x80 | UInt8(value >> 6 & 63), 0x80 | UInt8(value & 63),
            ]
            if isValid(surrogate) || isValid(surrogate + surrogate + surrogate) {
                Issue.record("a surrogate: \(value)")
            }
        }
        #expect(isValid(all))
    }

    @Test func faultsAreFoundAtTheirByte() {
        let cases: [[UInt8]] = [
            [0x80], [0xC0], [0xC1], [0xF5], [0xFF], [0xE0, 0x9F], [0xED, 0xA0], [0xF0, 0x8F],
            [0xF4, 0x90], [0xC2, 0x41], [0xE1, 0x80, 0x41], [0xF1, 0x80, 0x80, 0xC2],
        ]
        for bytes in cases {
            var validator = UTF8Validator()
            let good = Array(bytes.dropLast())
            #expect(validator.consume(good.span) == true)
            #expect(validator.isComplete == good.isEmpty)
            #expect(validator.consume([bytes[bytes.count - 1]].span) == false)
            // Nothing makes it good again.
            for byte in 0...255 as ClosedRange<UInt8> {
                #expect(validator.consume([byte].span) == false)
                #expect(!validator.isComplete)
            }
        }
    }

    @Test func randomTextInPieces() {
        var random = Seed.random("UTF8Validator")
        var page = PageEnd(capacity: 2_048)
        let ranges: [ClosedRange<UInt32>] = [
            0...0x7F, 0...0x7F, 0x80...0x7FF, 0x800...0xD7FF, 0x4E00...0x9FFF, 0xE000...0xFFFF,
            0x1_0000...0x10_FFFF,
        ]
        for _ in 0..<4_000 {
            var bytes: [UInt8] = []
            while bytes.count < Int.random(in: 0...400, using: &random) {
                let range = ranges.randomElement(using: &random) ?? 0...0x7F
                for _ in 0..<Int.random(in: 1...20, using: &random) {
                    let value = UInt32.random(in: range, using: &random)
                    if let scalar = Unicode.Scalar(value) { bytes += Array(String(scalar).utf8) }
                }
            }
            if Bool.random(using: &random), !bytes.isEmpty {
                let place = Int.random(in: 0..<bytes.count, using: &random)
                bytes[place] ^= 1 << UInt8.random(in: 0...7, using: &random)
            }
            let wanted = reference(bytes)
            var validator = UTF8Validator()
            var isGood = true
            var rest = bytes[...]
            while !rest.isEmpty {
                let piece = Array(rest.prefix(Int.random(in: 0...60, using: &random)))
                rest = rest.dropFirst(piece.count)
                _ = page.with(piece) { isGood = validator.consume($0.span) && isGood }
            }
            guard (isGood && validator.isComplete) == wanted, isValid(bytes) == wanted else {
                Issue.record("\(bytes)")
                return
            }
        }
        #expect(MemoryLayout<UTF8Validator>.size <= 8)
    }
}
