// The mask against a bytewise one: every length, every alignment, every rotation, in pieces, and
// with a guarded page behind. A test ends with its first fault, for a thousand would say no more.

import Base
import TestSupport
import Testing
import Wire

@Suite struct WebSocketMaskTests {
    private let key: UInt32 = 0xD4C3_B2A1

    private func bytewise(_ bytes: [UInt8], in range: Range<Int>, key: UInt32) -> [UInt8] {
        var result = bytes
        for index in range {
            let place = UInt32((index - range.lowerBound) % 4)
            result[index] ^= UInt8(truncatingIfNeeded: key >> (8 * place))
        }
        return result
    }

    @Test func everyLengthAtEveryPlace() {
        var page = PageEnd(capacity: 200)
        for length in 0...72 {
            for start in 0...16 {
                for behind in [0, 1, 7] {
                    let bytes = (0..<start + length + behind).map { UInt8($0 &* 7 & 255) }
                    let range = start..<start + length
                    let masked = page.with(bytes) { span in
                        var mask = WebSocketMask(key: key)
                        mask.apply(to: &span, in: range)
                    }
                    guard masked == bytewise(bytes, in: range, key: key) else {
                        Issue.record("\(length) bytes at \(start)")
                        return
                    }
                }
            }
        }
    }

    @Test func everyTwoSplitsAreOnePiece() {
        let bytes = (0..<40).map { UInt8(truncatingIfNeeded: $0 &* 11) }
        let whole = bytewise(bytes, in: 0..<40, key: key)
        for first in 0...40 {
            for second in first...40 {
                var pieces = bytes
                var span = pieces.mutableSpan
                var mask = WebSocketMask(key: key)
                mask.apply(to: &span, in: 0..<first)
                mask.apply(to: &span, in: first..<second)
                mask.apply(to: &span, in: second..<40)
                guard pieces == whole, mask == WebSocketMask(key: key) else {
                    Issue.record("split at \(first) and \(second)")
                    return
                }
            }
        }
    }

    @Test func randomRanges() {
        var random = Seed.random("WebSocketMask")
        for _ in 0..<2_000 {
            let count = Int.random(in: 0...5_000, using: &random)
            var bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
            let start = Int.random(in: 0...count, using: &random)
            let range = start..<Int.random(in: start...count, using: &random)
            let key = UInt32.random(in: 0...UInt32.max, using: &random)
            let wanted = bytewise(bytes, in: range, key: key)
            let before = bytes
            var span = bytes.mutableSpan
            var mask = WebSocketMask(key: key)
            mask.apply(to: &span, in: range)
            let isMasked = bytes == wanted
            span = bytes.mutableSpan
            mask = WebSocketMask(key: key)
            mask.apply(to: &span, in: range)
            guard isMasked, bytes == before else {
                Issue.record("\(range) with \(key)")
                return
            }
        }
    }
}
