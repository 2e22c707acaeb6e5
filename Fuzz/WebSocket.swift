// Fuzzes the WebSocket receiver: any bytes, cut in any way, in either role, must neither stop the
// process nor be read differently when they come in pieces than when they come at once.
//
//     input:  byte 0: role, compression, limits    byte 1: seed of the cuts    the rest: the stream
//
// What comes out of both readings is digested event by event; a text message must be UTF-8 by the
// standard library's judgement too, and no reading may leave more with the caller than it says.

import Base
import Wire

/// FNV-1a over all events and their payloads.
private struct Digest {
    var value: UInt64 = 0xCBF2_9CE4_8422_2325

    mutating func add(_ byte: UInt8) { value = (value ^ UInt64(byte)) &* 0x100_0000_01B3 }

    mutating func add(_ tag: UInt8, _ bytes: Span<UInt8>) {
        add(tag)
        for index in bytes.indices { add(bytes[index]) }
        add(0xFF)
    }
}

private func note(
    _ event: WebSocketEvent, _ bytes: [UInt8], _ receiver: inout WebSocketReceiver,
    _ digest: inout Digest
) {
    switch event {
    case .needMore: return
    case .message(let message):
        let tag: UInt8 = (message.kind == .text ? 1 : 2) | (message.isCompressed ? 0x40 : 0)
        switch message.place {
        case .inPlace(let range): noteMessage(tag, bytes.span.extracting(range), &digest)
        case .assembled:
            let assembled = receiver.takeAssembled()
            noteMessage(tag, assembled.span, &digest)
        }
        precondition(receiver.heldBytes == 0, "memory held between messages")
    case .ping(let range): digest.add(9, bytes.span.extracting(range))
    case .pong(let range): digest.add(10, bytes.span.extracting(range))
    case .close(let code, let reason):
        digest.add(UInt8(truncatingIfNeeded: code?.rawValue ?? 0))
        digest.add(8, bytes.span.extracting(reason))
    case .failure(let failure): digest.add(0x80 | failure.rawValue, Span())
    }
}

private func noteMessage(_ tag: UInt8, _ payload: Span<UInt8>, _ digest: inout Digest) {
    digest.add(tag, payload)
    guard tag == 1 else { return }
    var text: [UInt8] = []
    for index in payload.indices { text.append(payload[index]) }
    precondition(String(validating: text, as: UTF8.self) != nil, "a text that is not UTF-8")
}

/// Reads `stream` in pieces of `1...most` bytes (nil: at once).
private func read(_ stream: [UInt8], options: UInt8, most: Int?, seed: UInt8) -> UInt64 {
    var receiver = WebSocketReceiver(
        role: options & 1 == 0 ? .server : .client,
        messageBytesMax: options & 4 == 0 ? 65_536 : 64, fragmentsMax: options & 8 == 0 ? 1_000 : 3,
        allowsCompression: options & 2 != 0)
    var random = SeededRandom(seed: UInt64(seed))
    var digest = Digest()
    var kept: [UInt8] = []
    var fed = 0
    while fed < stream.count {
        let size = most.map { Int.random(in: 1...$0, using: &random) } ?? stream.count
        let end = min(fed + size, stream.count)
        kept += stream[fed..<end]
        fed = end
        var start = 0
        while true {
            var bytes = kept.mutableSpan
            let received = receiver.receive(&bytes, from: start)
            start += received.consumed
            precondition(start <= kept.count, "more consumed than there is")
            note(received.event, kept, &receiver, &digest)
            if received.event == .needMore { break }
        }
        kept.removeFirst(start)
        precondition(kept.count <= 130, "more left than promised")
    }
    return digest.value
}

@c(LLVMFuzzerTestOneInput)
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let input = unsafe Array(UnsafeBufferPointer(start: start, count: count))
    guard input.count > 2 else { return 0 }
    let stream = Array(input[2...])
    let whole = read(stream, options: input[0], most: nil, seed: 0)
    let bytewise = read(stream, options: input[0], most: 1, seed: 0)
    let pieces = read(stream, options: input[0], most: 20, seed: input[1])
    precondition(whole == bytewise && whole == pieces, "the cuts made a difference")
    return 0
}
