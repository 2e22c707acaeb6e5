// One sender's messages: all bytes are laid down once, and only the digits that change are written
// into the copy that goes out, which is then masked.
//
//     {"type":4,"msg_id":"RRRRRRRR-SSSS-4RRR-8SSS-CCCCCCCCCCCC","group_id":7,"content":"…"}
//                                                 │                            │
//                                                 counter                      stamp, filler
//
// The `msg_id` has a UUID's form (version 4), as clients send it: run, sender and counter in it.
// Limits: 2^28 senders, 2^48 messages each.

package import Base
import Wire

package struct MessageTemplate: ~Copyable {
    package enum Target: Equatable, Sendable {
        case user(String)
        case group(Int64)
    }

    /// Digits of the counter in a `msg_id`.
    private static let counterDigits = 12
    private static let idLength = 36

    private var bytes = ByteBuffer(capacity: 256)
    private let counterInID: Int
    private let contentStart: Int
    private let contentEnd: Int
    private let run: UInt32
    private let sender: UInt32

    package init(
        run: UInt32, sender: UInt32, target: Target, contentBytes: Int,
        _ random: inout SeededRandom
    ) {
        precondition(contentBytes >= MessageStamp.length, "no room for the stamp")
        self.run = run
        self.sender = sender
        switch target {
        case .user: bytes.append("{\"type\":2,\"msg_id\":\"")
        case .group: bytes.append("{\"type\":4,\"msg_id\":\"")
        }
        let high = Self.digits(run)
        let low = Self.digits(sender)
        bytes.append("\(high)-\(low.suffix(4))-4\(high.suffix(3))-8\(low.dropFirst().prefix(3))-")
        counterInID = bytes.count
        bytes.append("000000000000\",")
        switch target {
        case .user(let name):
            bytes.append("\"to\":")
            bytes.append(jsonString: name)
        case .group(let number):
            bytes.append("\"group_id\":")
            bytes.append(decimal: number)
        }
        bytes.append(",\"content\":\"")
        contentStart = bytes.count
        bytes.append(high)
        bytes.append(low)
        while bytes.count - contentStart < MessageStamp.length { bytes.append(UInt8(ascii: "0")) }
        while bytes.count - contentStart < contentBytes {
            let letter = UInt8(random.next() % 32)
            bytes.append(letter < 26 ? UInt8(ascii: "a") + letter : UInt8(ascii: " "))
        }
        contentEnd = bytes.count
        bytes.append("\"}")
    }

    private static func digits(_ value: UInt32) -> String {
        let digits = String(value, radix: 16)
        return String(repeating: "0", count: 8 - digits.count) + digits
    }

    /// Appends the frame of message `counter` as a client sends it, masked with `maskKey`.
    package func appendFrame(
        counter: UInt64, time: UInt64, maskKey: UInt32, to buffer: inout ByteBuffer
    ) {
        buffer.append(
            WebSocketFrameHeader(.text, payloadLength: bytes.count, maskKey: maskKey))
        let start = buffer.count
        appendPayload(counter: counter, time: time, to: &buffer)
        var mask = WebSocketMask(key: maskKey)
        var view = buffer.mutableSpan
        mask.apply(to: &view, in: start..<view.count)
    }

    /// Appends the JSON of message `counter`.
    package func appendPayload(counter: UInt64, time: UInt64, to buffer: inout ByteBuffer) {
        let start = buffer.count
        buffer.append(bytes.span)
        let low = HexadecimalText.word(UInt32(truncatingIfNeeded: counter))
        let high = HexadecimalText.word(UInt32(truncatingIfNeeded: counter &>> 32))
        let inID = start + counterInID
        buffer.set(littleEndian: UInt32(truncatingIfNeeded: high &>> 32), at: inID)
        buffer.set(littleEndian: low, at: inID + 4)
        let content = start + contentStart
        buffer.set(littleEndian: high, at: content + 16)
        buffer.set(littleEndian: low, at: content + 24)
        let timeHigh = HexadecimalText.word(UInt32(truncatingIfNeeded: time &>> 32))
        let timeLow = HexadecimalText.word(UInt32(truncatingIfNeeded: time))
        buffer.set(littleEndian: timeHigh, at: content + 32)
        buffer.set(littleEndian: timeLow, at: content + 40)
    }

    /// Whether `content` is of this sender, to its last byte; stamp and counter are not looked at.
    @inline(__always)
    package func hasFiller(of content: Span<UInt8>) -> Bool {
        guard content.count == contentEnd - contentStart else { return false }
        let filler = bytes.span(contentStart + MessageStamp.length..<contentEnd)
        return content.extracting(MessageStamp.length..<content.count).isEqual(to: filler)
    }

    /// The counter in a `msg_id` of this sender; nil when it is no id of his.
    @inline(__always)
    package func counter(ofID id: Span<UInt8>) -> UInt64? {
        let fixed = Self.idLength - Self.counterDigits
        guard id.count == Self.idLength else { return nil }
        let prefix = bytes.span(counterInID - fixed..<counterInID)
        guard id.extracting(0..<fixed).isEqual(to: prefix),
            let high = id.hexadecimal(at: fixed), let low = id.hexadecimal(at: fixed + 4)
        else { return nil }
        // The two words overlap in four digits.
        return UInt64(high &>> 16) &<< 32 | UInt64(low)
    }
}
