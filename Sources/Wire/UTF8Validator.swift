// Whether bytes that come in pieces are UTF-8 (Unicode 15, table 3-7: no overlong form, no
// surrogate, nothing above U+10FFFF). A piece may end anywhere, inside a code point too.
//
//     lead      second    third     fourth
//     00..7F
//     C2..DF    80..BF
//     E0        A0..BF    80..BF
//     E1..EF    80..BF    80..BF              but ED: second 80..9F
//     F0        90..BF    80..BF    80..BF
//     F1..F3    80..BF    80..BF    80..BF
//     F4        80..8F    80..BF    80..BF
//
// State: how many continuation bytes are due, and the range that the next of them must be in. Whole
// sequences are taken from eight bytes at a time: ASCII eight (or 32) at once, and two three-byte
// sequences, which is what Chinese text consists of, at once. The bytes around the ends of a piece,
// and the first that is wrong, go one by one. A fault is found at the byte that makes it certain.

package struct UTF8Validator: Equatable, Sendable {
    private var due: UInt8 = 0
    private var lowest: UInt8 = 0x80
    private var highest: UInt8 = 0xBF

    package init() {}

    /// Whether the bytes so far could end here.
    package var isComplete: Bool { due == 0 }

    /// Takes the next piece; false when it, with what came before, begins no UTF-8. After that
    /// every answer is false.
    package mutating func consume(_ bytes: Span<UInt8>) -> Bool {
        var at = 0
        while due > 0, at < bytes.count {
            guard step(bytes[at]) else { return false }
            at += 1
        }
        at = Self.endOfWholeSequences(in: bytes, from: at)
        while at < bytes.count {
            guard step(bytes[at]) else { return false }
            at += 1
        }
        return true
    }

    private mutating func step(_ byte: UInt8) -> Bool {
        if due == 0 {
            lowest = 0x80
            highest = 0xBF
            switch byte {
            case 0x00...0x7F: break
            case 0xC2...0xDF: due = 1
            case 0xE0...0xEF:
                due = 2
                if byte == 0xE0 { lowest = 0xA0 }
                if byte == 0xED { highest = 0x9F }
            case 0xF0...0xF4:
                due = 3
                if byte == 0xF0 { lowest = 0x90 }
                if byte == 0xF4 { highest = 0x8F }
            default: return fail()
            }
            return true
        }
        guard byte >= lowest, byte <= highest else { return fail() }
        due -= 1
        lowest = 0x80
        highest = 0xBF
        return true
    }

    /// An empty range with something due: no byte passes any more.
    private mutating func fail() -> Bool {
        due = 1
        lowest = 0xFF
        highest = 0
        return false
    }

    /// Where in `bytes`, of which `start` begins a sequence, fewer than eight bytes are left or
    /// one is wrong; always at the beginning of a sequence.
    private static func endOfWholeSequences(in bytes: Span<UInt8>, from start: Int) -> Int {
        let highBits: UInt64 = 0x8080_8080_8080_8080
        return unsafe bytes.withUnsafeBytes { memory in
            guard let base = memory.baseAddress else { return start }
            // Invariant of every load below: at + the size loaded <= the count of bytes.
            @inline(__always) func word(_ at: Int) -> UInt64 {
                unsafe UInt64(littleEndian: base.loadUnaligned(fromByteOffset: at, as: UInt64.self))
            }
            let count = memory.count
            var at = start
            while at &+ 8 <= count {
                let next = word(at)
                if next & highBits == 0 {
                    at &+= 8
                    while at &+ 32 <= count {
                        let all = word(at) | word(at &+ 8) | word(at &+ 16) | word(at &+ 24)
                        if all & highBits != 0 { break }
                        at &+= 32
                    }
                } else if next & 0xC0C0_F0C0_C0F0 == 0x8080_E080_80E0 {
                    guard isThreeByteLead(next), isThreeByteLead(next >> 24) else { return at }
                    at &+= 6
                } else {
                    let length = sequenceLength(next)
                    if length == 0 { return at }
                    at &+= length
                }
            }
            return at
        }
    }

    /// Of a lead byte (lowest) and its second byte that have the form of three bytes: neither
    /// overlong (E0 80..9F) nor a surrogate (ED A0..BF).
    @inline(__always)
    private static func isThreeByteLead(_ word: UInt64) -> Bool {
        let bits = word & 0x200F
        return bits != 0 && bits != 0x200D
    }

    /// The length of the run of ASCII, or else of the one sequence, that `word` begins with; 0 when
    /// it is wrong.
    @inline(__always)
    private static func sequenceLength(_ word: UInt64) -> Int {
        if word & 0x80 == 0 {
            return (word & 0x8080_8080_8080_8080).trailingZeroBitCount >> 3
        }
        if word & 0xC0_C0F0 == 0x80_80E0 { return isThreeByteLead(word) ? 3 : 0 }
        // C0 and C1 would be overlong.
        if word & 0xC0E0 == 0x80C0 { return word & 0x1E != 0 ? 2 : 0 }
        if word & 0xC0C0_C0F8 == 0x8080_80F0 {
            // The code point's highest five bits: 0 is overlong, 17 and more is past U+10FFFF.
            let plane = (word & 0x07) << 2 | (word >> 12) & 0x03
            return plane >= 1 && plane <= 16 ? 4 : 0
        }
        return 0
    }
}
