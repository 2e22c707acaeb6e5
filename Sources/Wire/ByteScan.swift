// Scanning bytes eight at a time: the few loops in which a parser spends its time.
//
// A word holds eight bytes, the first of them lowest. Bit 7 of each byte of a "hit" word says that
// the byte matched. Borrows can only spoil hits above the first one, so the lowest is always exact.
// All loads are bounds-checked: a word is read only where eight bytes are left.

extension Span<UInt8> {
    /// The eight bytes at `offset`, the first lowest. Needs `offset + 8 <= count`.
    @inline(__always)
    func word(at offset: Int) -> UInt64 {
        unsafe UInt64(
            littleEndian: bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self))
    }

    /// Where the first control byte (below 0x20, or 0x7F) at or after `start` stands, or `count`.
    func firstControl(from start: Int) -> Int {
        var at = start
        while at &+ 8 <= count {
            let word = word(at: at)
            let low = (word &- 0x2020_2020_2020_2020) & ~word
            let rest = word ^ 0x7F7F_7F7F_7F7F_7F7F
            let delete = (rest &- 0x0101_0101_0101_0101) & ~rest
            let hit = (low | delete) & 0x8080_8080_8080_8080
            if hit != 0 { return at &+ hit.trailingZeroBitCount >> 3 }
            at &+= 8
        }
        while at < count {
            let byte = self[at]
            if byte < 0x20 || byte == 0x7F { return at }
            at &+= 1
        }
        return count
    }

    /// Where the first line feed at or after `start` stands, or `count`.
    func firstLineFeed(from start: Int) -> Int {
        var at = start
        while at &+ 8 <= count {
            let rest = word(at: at) ^ 0x0A0A_0A0A_0A0A_0A0A
            let hit = (rest &- 0x0101_0101_0101_0101) & ~rest & 0x8080_8080_8080_8080
            if hit != 0 { return at &+ hit.trailingZeroBitCount >> 3 }
            at &+= 8
        }
        while at < count {
            if self[at] == 0x0A { return at }
            at &+= 1
        }
        return count
    }

    /// Whether a header field may carry these bytes as its value: no control bytes but the tab.
    /// This is what keeps a value from ending its line (response splitting).
    package var isHeaderValue: Bool {
        var at = 0
        while true {
            at = firstControl(from: at)
            if at == count { return true }
            if self[at] != 0x09 { return false }
            at &+= 1
        }
    }

    /// Whether the bytes in `range` are `text` without regard to the case of ASCII letters. `text`
    /// is in lower case.
    package func equals(_ text: StaticString, ignoringCaseIn range: Range<Int>) -> Bool {
        guard range.count == text.utf8CodeUnitCount, range.lowerBound >= 0,
            range.upperBound <= count
        else { return false }
        var place = 0
        while place < range.count {
            var byte = self[range.lowerBound &+ place]
            if byte >= 0x41 && byte <= 0x5A { byte |= 0x20 }
            if unsafe byte != text.utf8Start[place] { return false }
            place &+= 1
        }
        return true
    }
}
