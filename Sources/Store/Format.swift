// The files of a data directory, version 1. All numbers are little-endian.
//
// identity          32 bytes, written once, after the first segment is on disk
//      0   8  "LINGXIid"
//      8   4  version, 1
//     12  16  random id of the data directory
//     28   4  CRC-32C of bytes 0 to 27
//
// NNNNNNNNNNNN.log  a segment; N is its number, decimal, rising, so names sort as LSNs do
//      0   8  "LINGXIlg"
//      8   4  version, 1
//     12  16  id of the data directory
//     28   8  number of this segment, as in the name
//     36   8  number of its predecessor, whose records come before; 0 when there is none
//     44   8  first LSN: of the first record here. What the predecessor holds from this LSN on was
//             cut off or written again here, and is never read
//     52   8  durable LSN: every record up to here was on disk when this header was written
//     60   4  CRC-32C of bytes 0 to 59
//     64      records without gaps, then zeros to the end of the file
//
// record
//      0   4  length of the whole record, 17 to 1,048,593
//      4   4  CRC-32C of bytes 8 to the end, begun from (length XOR salt); the salt is the CRC-32C
//             of the directory's id, so that a record hidden in a message never passes for one
//      8   8  LSN: one more than the record before
//     16   1  kind; 0 is a mark, the others are the tables' business
//     17      payload
//
// mark (length 25, kind 0): its LSN is that of the record after it, so it uses none; its payload
// is a durable LSN: when the mark was written, every record up to that one was on disk
// (fdatasync).
//
// Files come into being as NAME.new: full length, zeroed, synced, then renamed, then the directory
// is synced. So a .log file is never shorter than a header, and one that begins with zeros was not
// used yet. A segment is used only after the header of the one before it is on disk.
//
// Reading. The chain begins at the highest number whose header is good, and follows predecessors.
// Within a segment record n is valid when its length is within bounds and the file, its checksum
// is right and its LSN is n. Where record n is not valid, let d be the greatest durable LSN in any
// header or mark further on in the chain:
//   d >= n   it had been on disk: this is damage, and reading stops with file, offset and LSN;
//   d <  n   nothing from n on was promised to be on disk: the log ends at n - 1. When the rest of
//            the file is not all zeros, a torn tail was cut off, and that is said.
// A start never writes into an old segment: it trims the last one, syncs it and opens a new one, in
// which it writes the records again that no header and no mark proves to have been on disk.
//
// NNNNNNNNNNNN.snapshot   all state, written while serving; N rises. LZ4 frames, so `lz4 -d` reads
//                         it; what is ours stands in skippable frames
// head
//      0   4  0x184D2A50      4   4  52
//      8   8  "LINGXIsn"
//     16   4  version, 1
//     20  16  id of the data directory
//     36   8  number, as in the name
//     44   8  when it was begun, milliseconds since 1970
//     52   4  0
//     56   4  CRC-32C of bytes 8 to 55
// part, as often as needed; each is followed by one LZ4 frame with content size and checksum
//      0   4  0x184D2A51      4   4  36
//      8   4  number of the part: 0, 1, 2 …
//     12   4  stripe: 0 to 63, rising
//     16   8  LSN: every record up to here that touches the stripe is in it, and none after
//     24   4  flags: 1 in the last part of a stripe
//     28   4  bytes of the frame's content: items (SnapshotRows.swift), none of them split
//     32   4  bytes of the frame
//     36   4  CRC-32C of the frame
//     40   4  CRC-32C of bytes 8 to 39, begun from the salt
// end
//      0   4  0x184D2A52      4   4  32
//      8   4  parts
//     12   4  CRC-32C of all parts' 44 bytes, one after the other
//     16   8  lowest LSN of any stripe
//     24   8  highest LSN of any stripe; every record up to it was on disk before the snapshot got
//             its name
//     32   4  0
//     36   4  CRC-32C of bytes 8 to 35, begun from the salt
//
// A snapshot is good when all of this holds to the file's last byte. It is written as NAME.new,
// synced, renamed, and the directory synced; then the oldest ones go, and the segments that hold
// nothing after the lowest LSN of the oldest one that stays.
//
// Recovery takes the newest good snapshot, and applies the log from its lowest LSN + 1 on: each
// record to those of its stripes whose LSN is lower. A log that ends before the highest LSN has
// lost what was on disk: that is damage. Where the newest snapshot is not good, the one before it
// is taken, and so on; without any, the log must begin with LSN 1.

package enum Format {
    package static let version: UInt32 = 1
    static let snapshotMagic: StaticString = "LINGXIsn"
    static let identityMagic: StaticString = "LINGXIid"
    static let segmentMagic: StaticString = "LINGXIlg"
    static let identityBytes = 32
    static let identifierBytes = 16

    static let segmentHeaderBytes = 64
    package static let recordHeaderBytes = 17
    /// Most bytes of one record's payload.
    package static let payloadBytesMax = 1 << 20
    static let recordBytesMax = recordHeaderBytes + payloadBytesMax

    static let markKind: UInt8 = 0
    static let markBytes = recordHeaderBytes + 8

    /// Segments are allocated in this unit, and are this long at least.
    static let segmentBytesMin = 1 << 20
    /// What a segment is long while there is space enough.
    static let segmentBytesMax = 16 << 20
    /// A longer file is none of ours: after a failure one segment takes all that has to be written
    /// again, which is at most what two segments and the admitted records held.
    static let segmentBytesLimit = 128 << 20
    /// A segment takes at most this part of the free space.
    static let segmentShareOfFreeSpace = 64

    /// A part of a snapshot is closed past this much content.
    static let partBytes = 1 << 20
    /// No part has more: the largest row with all that belongs to it fits many times.
    static let partBytesLimit = 1 << 30

    static let segmentSuffix = ".log"
    static let snapshotSuffix = ".snapshot"
    static let newSuffix = ".new"
    static let numberDigits = 12

    /// The file name of segment `number`.
    static func segmentName(_ number: UInt64) -> String { name(number, segmentSuffix) }

    /// The file name of snapshot `number`.
    static func snapshotName(_ number: UInt64) -> String { name(number, snapshotSuffix) }

    private static func name(_ number: UInt64, _ suffix: String) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, numberDigits - digits.count)) + digits + suffix
    }

    /// The number of a segment by its file name; nil for other files.
    static func segmentNumber(_ name: String) -> UInt64? { Self.number(name, segmentSuffix) }

    /// The number of a snapshot by its file name; nil for other files.
    static func snapshotNumber(_ name: String) -> UInt64? { Self.number(name, snapshotSuffix) }

    private static func number(_ name: String, _ suffix: String) -> UInt64? {
        let text = name.utf8
        let length = text.count - suffix.utf8.count
        guard length >= numberDigits, name.hasSuffix(suffix) else { return nil }
        var number: UInt64 = 0
        for digit in text.prefix(length) {
            guard digit >= 48, digit <= 57 else { return nil }
            let (tens, over) = number.multipliedReportingOverflow(by: 10)
            let (sum, more) = tens.addingReportingOverflow(UInt64(digit - 48))
            if over || more { return nil }
            number = sum
        }
        // Only the name that we would give: no second spelling of the same number.
        return number > 0 && Self.name(number, suffix) == name ? number : nil
    }

    /// How long the next segment is to be, by the bytes that are free on the disk.
    static func segmentBytes(free: Int) -> Int {
        let share = free / segmentShareOfFreeSpace / segmentBytesMin * segmentBytesMin
        return min(max(share, segmentBytesMin), segmentBytesMax)
    }
}

/// Number of a record in the log: 1, 2, 3 …; 0 is before the first.
package typealias LSN = UInt64
