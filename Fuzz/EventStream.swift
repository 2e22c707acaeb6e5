// Fuzzes the event stream codec. The input's first byte says where the rest is cut.
//
// - The events of a stream are the same whole, cut in pieces, and byte by byte.
// - Whatever is sent as data comes back as one event, line breaks as LF, and forges no other.

import Base
import Wire

@c
func LLVMFuzzerTestOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    guard count > 0 else { return 0 }
    let input = unsafe UnsafeBufferPointer(start: start, count: count)
    let all = unsafe Span(_unsafeElements: input)
    let stream = all.extracting(1..<count)
    let whole = events(of: stream, step: max(stream.count, 1))
    precondition(events(of: stream, step: 1) == whole, "byte by byte it reads otherwise")
    precondition(events(of: stream, step: Int(all[0]) + 1) == whole, "cut it reads otherwise")
    checkRoundTrip(stream)
    return 0
}

private struct Event: Equatable {
    var name, data, id: [UInt8]
    var isTooLong = false
}

private func events(of stream: Span<UInt8>, step: Int) -> [Event] {
    var reader = EventStreamReader(lineBytesMax: 64, eventBytesMax: 96)
    var events: [Event] = []
    var start = 0
    while start < stream.count {
        let end = min(start + step, stream.count)
        let chunk = stream.extracting(start..<end)
        var offset = 0
        loop: while true {
            switch reader.next(chunk, &offset) {
            case .incomplete: break loop
            case .event:
                events.append(
                    Event(
                        name: bytes(reader.name), data: bytes(reader.data),
                        id: bytes(reader.lastID)))
            case .tooLong:
                return events + [Event(name: [], data: [], id: [], isTooLong: true)]
            }
        }
        start = end
    }
    return events
}

private func checkRoundTrip(_ data: Span<UInt8>) {
    var buffer = ByteBuffer()
    buffer.append(eventData: data, id: data, name: "note")
    var reader = EventStreamReader(lineBytesMax: data.count + 16, eventBytesMax: data.count)
    var offset = 0
    precondition(reader.next(buffer.span, &offset) == .event, "what was written is no event")
    precondition(offset == buffer.count, "what was written is more than one event")
    precondition(bytes(reader.name) == Array("note".utf8), "the name is another")
    var wanted: [UInt8] = []
    for index in data.indices {
        let isPairEnd = data[index] == 0x0A && index > 0 && data[index - 1] == 0x0D
        if !isPairEnd { wanted.append(data[index] == 0x0D ? 0x0A : data[index]) }
    }
    precondition(bytes(reader.data) == wanted, "the data is other data")
    let id = bytes(data).filter { $0 != 0x0A && $0 != 0x0D && $0 != 0 }
    precondition(bytes(reader.lastID) == id, "the id is another")
}

private func bytes(_ span: Span<UInt8>) -> [UInt8] {
    var bytes: [UInt8] = []
    for index in span.indices { bytes.append(span[index]) }
    return bytes
}
