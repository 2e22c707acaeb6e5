// Eight hexadecimal digits at a time: what a message carries of itself is written and read for
// every message, so digit by digit would be most of the generator's work.
//
//     0x00C0FFEE  ◄──►  "00c0ffee" as one word, its first digit lowest
//
// Digits are lower-case. Reading refuses everything else, upper case included: it reads only what
// was written here.

import CLinux
import Glibc

enum HexadecimalText {
    private static let ones: UInt64 = 0x0101_0101_0101_0101

    /// The eight digits of `value`.
    @inline(__always)
    static func word(_ value: UInt32) -> UInt64 {
        // One digit's value in each byte: split in halves, quarters, and nibbles.
        var spread = UInt64(value.byteSwapped)
        spread = (spread | spread &<< 16) & 0x0000_FFFF_0000_FFFF
        spread = (spread | spread &<< 8) & 0x00FF_00FF_00FF_00FF
        spread = (spread &>> 4 | spread &<< 8) & 0x0F0F_0F0F_0F0F_0F0F
        // 6 more takes digits above 9 past 15.
        let letters = (spread &+ 6 &* ones) &>> 4 & ones
        return spread &+ 0x30 &* ones &+ letters &* 0x27
    }

    /// The value of eight digits, or nil.
    @inline(__always)
    static func value(_ word: UInt64) -> UInt32? {
        let isLetter = word &>> 6 & ones
        let digits = (word & 0x0F0F_0F0F_0F0F_0F0F) &+ isLetter &* 9
        var packed = (digits &<< 4 | digits &>> 8) & 0x00FF_00FF_00FF_00FF
        packed = (packed | packed &>> 8) & 0x0000_FFFF_0000_FFFF
        packed = packed | packed &>> 16
        let value = UInt32(truncatingIfNeeded: packed).byteSwapped
        // Whatever was no digit does not come back as it was.
        return self.word(value) == word ? value : nil
    }
}

extension Span<UInt8> {
    /// The eight bytes at `offset`, the first lowest. The caller has looked that they are there:
    /// `0 <= offset` and `offset + 8 <= count`.
    @inline(__always)
    func eightBytes(at offset: Int) -> UInt64 {
        UInt64(
            littleEndian: unsafe bytes.unsafeLoadUnaligned(
                fromUncheckedByteOffset: offset, as: UInt64.self))
    }

    /// The value of the eight digits at `offset`, or nil.
    @inline(__always)
    func hexadecimal(at offset: Int) -> UInt32? {
        guard offset >= 0, offset &+ 8 <= count else { return nil }
        return HexadecimalText.value(eightBytes(at: offset))
    }

    /// Whether both hold the same bytes.
    @inline(__always)
    func isEqual(to other: Span<UInt8>) -> Bool {
        guard count == other.count else { return false }
        return unsafe withUnsafeBytes { one in
            unsafe other.withUnsafeBytes { two in
                guard let left = one.baseAddress, let right = two.baseAddress else { return true }
                return unsafe memcmp(left, right, one.count) == 0
            }
        }
    }
}
