// Folding one scalar at a time, for the texts in which that is all there is to it: every scalar
// folds to one scalar, and none of them combines with another. That is nearly every text; the rest
// (combining marks, Hangul jamo, ß) is left to `Folding.fold`, which knows strings.
//
//     scalar   0 ... 0xFFFF ─► what it folds to; 0: not one by one
//              beyond        ─► itself, for ideographs and pictures; else not one by one
//
// 128 KiB, made from `Folding.fold` itself when it is first needed, so the two cannot disagree.

package import Base

package struct FoldingTable: Sendable {
    package static let shared = FoldingTable()

    private let folded: [UInt16]

    private init() {
        folded = (0...0xFFFF).map { Self.entry(UInt32($0)) }
    }

    /// Ranges without case, marks or composition: filled without a look at each.
    private static let constant: [ClosedRange<UInt32>] = [
        0x3400...0x4DBF, 0x4E00...0x9FFF, 0xAC00...0xD7A3, 0xE000...0xF8FF,
    ]
    /// Jamo make syllables of each other.
    private static let jamo: [ClosedRange<UInt32>] = [
        0x1100...0x11FF, 0xA960...0xA97C, 0xD7B0...0xD7FB,
    ]

    private static func entry(_ value: UInt32) -> UInt16 {
        if constant.contains(where: { $0 ~= value }) { return UInt16(value) }
        guard let scalar = Unicode.Scalar(value), !jamo.contains(where: { $0 ~= value }) else {
            return 0
        }
        let scalars = Folding.fold(String(Character(scalar))).unicodeScalars
        guard let first = scalars.first, scalars.count == 1, !isMark(scalar), !isMark(first) else {
            return 0
        }
        return UInt16(exactly: first.value) ?? 0
    }

    private static func isMark(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .nonspacingMark, .spacingMark, .enclosingMark: true
        default: false
        }
    }

    /// Appends the folded form of `text`, which is UTF-8. False when it does not fold scalar by
    /// scalar; what was appended by then is of no use.
    package func append(_ text: Span<UInt8>, to buffer: inout ByteBuffer) -> Bool {
        var at = 0
        let count = text.count
        buffer.reserve(count)
        while at < count {
            let end = Self.appendASCII(text, from: at, to: &buffer)
            if end == count { return true }
            guard let length = appendScalar(text, at: end, to: &buffer) else { return false }
            at = end + length
        }
        return true
    }

    /// Appends letters in lower case up to the first byte that is not ASCII; its place.
    private static func appendASCII(
        _ text: Span<UInt8>, from start: Int, to buffer: inout ByteBuffer
    ) -> Int {
        var at = start
        while at + 8 <= text.count {
            let word = text.integer(UInt64.self, at: at)
            if word & 0x8080_8080_8080_8080 != 0 { break }
            // Bit 7 of a byte: at least A; not above Z.
            let atLeastA = word &+ 0x3F3F_3F3F_3F3F_3F3F
            let aboveZ = word &+ 0x2525_2525_2525_2525
            let upper = atLeastA & ~aboveZ & 0x8080_8080_8080_8080
            buffer.append(littleEndian: word | upper >> 2)
            at += 8
        }
        while at < text.count, text[at] < 0x80 {
            let byte = text[at]
            buffer.append(byte >= 0x41 && byte <= 0x5A ? byte | 0x20 : byte)
            at += 1
        }
        return at
    }

    /// Appends what the scalar at `at`, which is not ASCII, folds to; the bytes it has.
    private func appendScalar(
        _ text: Span<UInt8>, at: Int, to buffer: inout ByteBuffer
    ) -> Int? {
        let lead = text[at]
        if lead >= 0xF0 { return appendBeyond(text, at: at, to: &buffer) }
        let length = lead >= 0xE0 ? 3 : 2
        guard lead >= 0xC2, at + length <= text.count else { return nil }
        var value = UInt32(lead & (length == 3 ? 0x0F : 0x1F))
        for place in 1..<length { value = value << 6 | UInt32(text[at + place] & 0x3F) }
        let target = folded[Int(value)]
        if target == 0 { return nil }
        if UInt32(target) == value {
            for place in 0..<length { buffer.append(text[at + place]) }
        } else {
            Self.append(target, to: &buffer)
        }
        return length
    }

    private func appendBeyond(
        _ text: Span<UInt8>, at: Int, to buffer: inout ByteBuffer
    ) -> Int? {
        guard at + 4 <= text.count else { return nil }
        var value = UInt32(text[at] & 0x07)
        for place in 1..<4 { value = value << 6 | UInt32(text[at + place] & 0x3F) }
        // Pictures, and ideographs but for the compatibility ones at the end of plane 2.
        guard 0x1F000...0x1FAFF ~= value || 0x20000...0x2F7FF ~= value else { return nil }
        for place in 0..<4 { buffer.append(text[at + place]) }
        return 4
    }

    private static func append(_ value: UInt16, to buffer: inout ByteBuffer) {
        if value < 0x80 {
            buffer.append(UInt8(value))
        } else if value < 0x800 {
            buffer.append(UInt8(0xC0 | value >> 6))
            buffer.append(UInt8(0x80 | value & 0x3F))
        } else {
            buffer.append(UInt8(0xE0 | value >> 12))
            buffer.append(UInt8(0x80 | value >> 6 & 0x3F))
            buffer.append(UInt8(0x80 | value & 0x3F))
        }
    }
}
