// What a peer would send and what a receiver makes of it, in values that tests can compare: frames
// are built byte by byte here, by another hand than the encoder's, and events carry their bytes.

import Base
import Wire

/// An event with the bytes that it points to.
enum Seen: Equatable {
    case text([UInt8])
    case binary([UInt8])
    case compressed([UInt8])
    case ping([UInt8])
    case pong([UInt8])
    case close(UInt16?, [UInt8])
    case failure(WebSocketFailure)
}

/// A frame as RFC 6455, section 5.2 draws it. `lengthForm`: 7, 16 or 64 bits, nil for the shortest.
func frame(
    _ opcode: UInt8, _ payload: [UInt8], final isFinal: Bool = true, reserved: UInt8 = 0,
    key: [UInt8]? = [0x37, 0xFA, 0x21, 0x3D], lengthForm: Int? = nil
) -> [UInt8] {
    var bytes: [UInt8] = [(isFinal ? 0x80 : 0) | reserved << 4 | opcode]
    let maskBit: UInt8 = key == nil ? 0 : 0x80
    let shortest = payload.count < 126 ? 7 : payload.count < 65_536 ? 16 : 64
    switch lengthForm ?? shortest {
    case 7: bytes.append(maskBit | UInt8(payload.count))
    case 16: bytes += [maskBit | 126, UInt8(payload.count >> 8), UInt8(payload.count & 255)]
    default:
        bytes.append(maskBit | 127)
        for shift in stride(from: 56, through: 0, by: -8) {
            bytes.append(UInt8(truncatingIfNeeded: payload.count >> shift))
        }
    }
    guard let key else { return bytes + payload }
    bytes += key
    for (index, byte) in payload.enumerated() { bytes.append(byte ^ key[index % 4]) }
    return bytes
}

/// A receiver behind a connection's buffer: pieces come in, what is not consumed is kept.
struct Session: ~Copyable {
    var receiver: WebSocketReceiver
    var kept: [UInt8] = []
    var seen: [Seen] = []
    /// The most bytes that were ever left with the caller.
    var keptMost = 0

    init(
        role: WebSocketRole = .server, messageBytesMax: UInt32 = 1 << 20,
        fragmentsMax: UInt32 = 1_000, allowsCompression: Bool = false
    ) {
        receiver = WebSocketReceiver(
            role: role, messageBytesMax: messageBytesMax, fragmentsMax: fragmentsMax,
            allowsCompression: allowsCompression)
    }

    mutating func feed(_ piece: some Sequence<UInt8>) {
        kept += piece
        var start = 0
        while true {
            let received = Self.receive(&receiver, &kept, from: start)
            start += received.consumed
            if received.event == .needMore { break }
            note(received.event)
        }
        kept.removeFirst(start)
        keptMost = max(keptMost, kept.count)
    }

    private static func receive(
        _ receiver: inout WebSocketReceiver, _ bytes: inout [UInt8], from start: Int
    ) -> WebSocketReceived {
        var span = bytes.mutableSpan
        return receiver.receive(&span, from: start)
    }

    private mutating func note(_ event: WebSocketEvent) {
        switch event {
        case .needMore: break
        case .message(let message):
            let payload: [UInt8]
            switch message.place {
            case .inPlace(let range): payload = Array(kept[range])
            case .assembled: payload = copy(of: receiver.takeAssembled())
            }
            if message.isCompressed {
                seen.append(.compressed(payload))
            } else {
                seen.append(message.kind == .text ? .text(payload) : .binary(payload))
            }
        case .ping(let range): seen.append(.ping(Array(kept[range])))
        case .pong(let range): seen.append(.pong(Array(kept[range])))
        case .close(let code, let reason): seen.append(.close(code?.rawValue, Array(kept[reason])))
        case .failure(let failure): seen.append(.failure(failure))
        }
    }
}

func copy(of buffer: borrowing ByteBuffer) -> [UInt8] {
    var bytes: [UInt8] = []
    let span = buffer.span
    for index in span.indices { bytes.append(span[index]) }
    return bytes
}

func utf8(_ text: String) -> [UInt8] { Array(text.utf8) }
