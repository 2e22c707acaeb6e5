// A message's bytes to raw deflate data (RFC 1951), as RFC 7692, section 7.2.1 wants it: flushed to
// a byte boundary, and without the last four bytes (00 00 FF FF) of the empty block that does that.
// Nothing is kept from message to message, so what one deflater makes is good for every connection
// whose window is at least as large as its own.
//
// Level 1: deflating stands in the way of everybody on the loop. Measured here on chat frames of
// 512 bytes, 4 KiB and 64 KiB: 8, 23 and 420 µs at level 1 for 53, 30 and 24 % of the size, and 7,
// 56 and 2,700 µs at level 6 for 53, 25 and 17 %. A memory level of 5 (a hash of 4,096 entries to
// clear before each message) is quicker than zlib's 8 below 16 KiB and compresses as well.
//
// Memory: four windows and 24 KiB, so 10 to 152 KiB and more.

package import Base
import CZlib

@safe package final class Deflater {
    private static let level: CInt = 1
    private static let memoryLevel: CInt = 5
    /// Bytes of the empty block's end, which every message has and none is sent with.
    private static let tailBytes = 4
    /// Lengths, with what a message may grow by, are 32 bits wide in zlib.
    private static let messageBytesMax = 1 << 31

    private let stream: UnsafeMutablePointer<z_stream>

    /// The window has 2^`windowBits` bytes, 9 to 15.
    package init(windowBits: Int) {
        precondition(windowBits >= 9 && windowBits <= 15, "a window that zlib does not have")
        unsafe stream = UnsafeMutablePointer.allocate(capacity: 1)
        unsafe stream.initialize(to: z_stream())
        let made = unsafe zlib_deflate_init(
            stream, Self.level, CInt(windowBits), Self.memoryLevel)
        precondition(made == Z_OK, "zlib makes no deflater")
    }

    deinit {
        unsafe deflateEnd(stream)
        unsafe stream.deallocate()
    }

    /// Appends the deflated message to `output`. False, with `output` as it was, when that would
    /// not be shorter than the message itself, unless it `mayGrow`.
    package func deflate(
        _ message: Span<UInt8>, mayGrow: Bool = false, to output: inout ByteBuffer
    ) -> Bool {
        guard message.count <= Self.messageBytesMax else { return false }
        let before = output.count
        // With a byte of room left the flush is complete, and shorter than the message.
        let growth = mayGrow ? message.count / 8 + 64 : 0
        let room = message.count + growth + Self.tailBytes
        var isComplete = false
        unsafe message.withUnsafeBytes { bytes in
            unsafe deflateReset(stream)
            // zlib reads its input and writes nothing there.
            let start = unsafe bytes.baseAddress?.assumingMemoryBound(to: UInt8.self)
            unsafe stream.pointee.next_in = UnsafeMutablePointer(mutating: start)
            unsafe stream.pointee.avail_in = UInt32(bytes.count)
            unsafe output.append(upTo: room) { space in
                unsafe stream.pointee.next_out = space.baseAddress?.assumingMemoryBound(
                    to: UInt8.self)
                unsafe stream.pointee.avail_out = UInt32(room)
                let status = unsafe CZlib.deflate(stream, Z_SYNC_FLUSH)
                isComplete = unsafe status == Z_OK && stream.pointee.avail_out > 0
                return unsafe room - Int(stream.pointee.avail_out)
            }
        }
        let size = output.count - before
        guard isComplete, size >= Self.tailBytes else {
            output.truncate(to: before)
            return false
        }
        output.truncate(to: output.count - Self.tailBytes)
        return true
    }
}
