// LZ4 over spans: blocks for messages in memory, frames for snapshots. Lengths are checked here;
// nothing in the input can make these trap.

import Base
import CLZ4

enum LZ4 {
    /// Level of the slow compressor for what is written once and kept: half a microsecond for a
    /// short message, and a sixth less than the quick one leaves.
    static let thoroughLevel: CInt = 9

    /// Appends `bytes` as one block; false (and nothing appended) when it would not be smaller.
    static func packBlock(_ bytes: Span<UInt8>, to buffer: inout ByteBuffer) -> Bool {
        guard bytes.count > 16, bytes.count <= Int(LZ4_MAX_INPUT_SIZE) else { return false }
        let start = buffer.count
        unsafe buffer.append(upTo: bytes.count - 1) { space in
            unsafe bytes.withUnsafeBytes { source in
                let length = unsafe LZ4_compress_HC(
                    source.baseAddress?.assumingMemoryBound(to: CChar.self),
                    space.baseAddress?.assumingMemoryBound(to: CChar.self),
                    CInt(source.count), CInt(space.count), thoroughLevel)
                return Int(max(length, 0))
            }
        }
        return buffer.count > start
    }

    /// Appends what the block holds; false (and nothing appended) when that is not `count` bytes.
    static func unpackBlock(
        _ block: Span<UInt8>, count: Int, to buffer: inout ByteBuffer
    ) -> Bool {
        let start = buffer.count
        unsafe buffer.append(upTo: count) { space in
            unsafe block.withUnsafeBytes { source in
                let length = unsafe LZ4_decompress_safe(
                    source.baseAddress?.assumingMemoryBound(to: CChar.self),
                    space.baseAddress?.assumingMemoryBound(to: CChar.self),
                    CInt(source.count), CInt(space.count))
                return Int(max(length, 0))
            }
        }
        if buffer.count - start == count { return true }
        buffer.truncate(to: start)
        return false
    }

    /// Appends `bytes` as one frame with its content's size and checksum
    /// (LZ4 Frame Format 1.6.1).
    static func packFrame(_ bytes: Span<UInt8>, to buffer: inout ByteBuffer) {
        var preferences = LZ4F_preferences_t()
        preferences.frameInfo.blockSizeID = LZ4F_max1MB
        preferences.frameInfo.contentChecksumFlag = LZ4F_contentChecksumEnabled
        preferences.frameInfo.contentSize = UInt64(bytes.count)
        let bound = unsafe LZ4F_compressFrameBound(bytes.count, &preferences)
        unsafe buffer.append(upTo: bound) { space in
            unsafe bytes.withUnsafeBytes { source in
                let length = unsafe LZ4F_compressFrame(
                    space.baseAddress, space.count, source.baseAddress, source.count, &preferences)
                precondition(LZ4F_isError(length) == 0, "a frame within its bound")
                return length
            }
        }
    }
}

/// Unpacks frames; one for each thread that does so.
@safe final class LZ4FrameReader {
    private let context: OpaquePointer?

    init() {
        var made: OpaquePointer?
        let code = unsafe LZ4F_createDecompressionContext(&made, UInt32(LZ4F_VERSION))
        precondition(LZ4F_isError(code) == 0, "no memory for a frame reader")
        unsafe context = made
    }

    deinit { unsafe _ = LZ4F_freeDecompressionContext(context) }

    /// Replaces what is in `buffer` by the content of `frame`, which must be one whole frame of
    /// `count` bytes of content; false when it is not.
    func unpack(_ frame: Span<UInt8>, count: Int, into buffer: inout ByteBuffer) -> Bool {
        buffer.removeAll()
        unsafe LZ4F_resetDecompressionContext(context)
        var isWhole = false
        unsafe buffer.append(upTo: count) { space in
            unsafe frame.withUnsafeBytes { source in
                var (read, written) = (0, 0)
                while true {
                    var more = space.count - written
                    var taken = source.count - read
                    guard let from = source.baseAddress, let to = space.baseAddress
                    else { return 0 }
                    let hint = unsafe LZ4F_decompress(
                        context, to + written, &more, from + read, &taken, nil)
                    read += taken
                    written += more
                    if LZ4F_isError(hint) != 0 { return written }
                    if hint == 0 {
                        isWhole = read == source.count && written == count
                        return written
                    }
                    if taken == 0, more == 0 { return written }
                }
            }
        }
        return isWhole
    }
}
