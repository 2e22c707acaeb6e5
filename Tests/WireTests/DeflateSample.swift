// Messages for tests of deflating: text like people's, and bytes that nothing can compress.

import Base
import Wire

enum DeflateSample {
    private static let words = [
        "meeting", "at", "three", "please", "bring", "the", "notes", "今天", "下午", "开会", "好的",
        "收到", "\"type\":4", "group_42", "content", "timestamp", "👍", "I", "will", "be", "late",
    ]

    /// UTF-8 of at least `size` bytes, less than 16 more.
    static func text(_ size: Int, _ random: inout SeededRandom) -> [UInt8] {
        var bytes: [UInt8] = []
        while bytes.count < size {
            bytes += utf8((words.randomElement(using: &random) ?? "") + " ")
        }
        return bytes
    }

    static func noise(_ size: Int, _ random: inout SeededRandom) -> [UInt8] {
        (0..<size).map { _ in UInt8.random(in: 0...255, using: &random) }
    }

    /// The payload of a compressed message; nil when it would not be shorter.
    static func deflate(_ message: [UInt8], _ deflater: Deflater = Deflater(windowBits: 15))
        -> [UInt8]?
    {
        var output = ByteBuffer()
        return deflater.deflate(message.span, to: &output) ? copy(of: output) : nil
    }
}
