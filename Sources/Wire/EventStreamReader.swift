// Server-sent events, the reading side: an upstream's stream in pieces of any size, one event at a
// time (WHATWG HTML, sections 9.2.5 and 9.2.6).
//
//     bytes ──► line ──► field ──► data, name, id ──► event, at an empty line
//               │ bounded          │ bounded
//
//     while case .event = reader.next(chunk, &offset) { use reader.data, reader.name }
//
// Invariant: a line is in `line` until its break has come; `data` holds the event's lines, each
// with an LF. An LF right after a CR belongs to it, across chunks too. An event that the stream
// ends in is never handed out, as the standard demands. Bytes are passed on unchecked: whoever
// reads the data as JSON finds bad UTF-8 there.

import Base

package struct EventStreamReader: ~Copyable {
    package enum Step: Sendable, Equatable {
        /// The chunk is used up.
        case incomplete
        /// `data`, `name` and `lastID` are good until the next call.
        case event
        /// A line or an event passed its bound; every later step says the same.
        case tooLong
    }

    private let lineBytesMax: Int
    private var line = ByteBuffer(capacity: 256)
    private var fields: EventFields
    private var isFirstLine = true
    private var isAfterReturn = false
    private var isDelivered = false
    private var isTooLong = false

    /// `lineBytesMax` bounds one line without its break, `eventBytesMax` the data of one event.
    package init(lineBytesMax: Int, eventBytesMax: Int) {
        self.lineBytesMax = lineBytesMax
        fields = EventFields(dataBytesMax: eventBytesMax)
    }

    /// The event's data, its lines joined by LF.
    package var data: Span<UInt8> {
        @_lifetime(borrow self)
        get { fields.data.span(0..<max(fields.data.count - 1, 0)) }
    }

    /// The event's name; empty means `message`.
    package var name: Span<UInt8> {
        @_lifetime(borrow self)
        get { fields.name.span }
    }

    /// The last id that the stream has named, by this event or an earlier one.
    package var lastID: Span<UInt8> {
        @_lifetime(borrow self)
        get { fields.id.span }
    }

    /// The wait before connecting again, when the stream has named one.
    package var retryMilliseconds: Int? { fields.retryMilliseconds }

    /// Reads `chunk` from `offset` on, up to the end of the next event or of the chunk.
    package mutating func next(_ chunk: Span<UInt8>, _ offset: inout Int) -> Step {
        if isDelivered {
            isDelivered = false
            fields.clear()
        }
        while !isTooLong, offset < chunk.count {
            if isAfterReturn {
                isAfterReturn = false
                if chunk[offset] == 0x0A {
                    offset += 1
                    continue
                }
            }
            let start = offset
            while offset < chunk.count, !EventStream.isBreak(chunk[offset]) { offset += 1 }
            guard offset - start <= lineBytesMax - line.count else {
                isTooLong = true
                break
            }
            line.append(chunk.extracting(start..<offset))
            guard offset < chunk.count else { break }
            isAfterReturn = chunk[offset] == 0x0D
            offset += 1
            if endLine() { return .event }
        }
        return isTooLong ? .tooLong : .incomplete
    }

    /// Takes the line in; true when it completes an event.
    private mutating func endLine() -> Bool {
        if isFirstLine {
            isFirstLine = false
            // One byte order mark before all else is no part of the stream.
            if line.count >= 3, line.span[0] == 0xEF, line.span[1] == 0xBB, line.span[2] == 0xBF {
                line.removeFirst(3)
            }
        }
        if line.isEmpty {
            // Without a data line there is no event, and a name that was set is forgotten.
            isDelivered = !fields.data.isEmpty
            if !isDelivered { fields.clear() }
            return isDelivered
        }
        isTooLong = !fields.take(line)
        line.removeAll()
        return false
    }
}

/// What the lines of an event, and of those before it, have said.
private struct EventFields: ~Copyable {
    let dataBytesMax: Int
    /// The data lines so far, an LF behind each.
    var data = ByteBuffer(capacity: 256)
    var name = ByteBuffer()
    var id = ByteBuffer()
    var retryMilliseconds: Int?

    init(dataBytesMax: Int) { self.dataBytesMax = dataBytesMax }

    /// Forgets what belongs to one event; the id and the wait stay.
    mutating func clear() {
        data.removeAll()
        name.removeAll()
    }

    /// Takes in one line that is not empty; false when the data grows past its bound.
    mutating func take(_ buffer: borrowing ByteBuffer) -> Bool {
        let line = buffer.span
        var nameEnd = 0
        while nameEnd < line.count, line[nameEnd] != UInt8(ascii: ":") { nameEnd += 1 }
        if nameEnd == 0 { return true }  // A comment.
        var valueStart = min(nameEnd + 1, line.count)
        if valueStart < line.count, line[valueStart] == UInt8(ascii: " ") { valueStart += 1 }
        let field = line.extracting(0..<nameEnd)
        let value = line.extracting(valueStart..<line.count)
        if EventFields.equal(field, "data") {
            // The LF behind the last line is no part of the data, so it does not count.
            guard value.count <= dataBytesMax - data.count else { return false }
            data.append(value)
            data.append(UInt8(ascii: "\n"))
        } else if EventFields.equal(field, "event") {
            name.removeAll()
            name.append(value)
        } else if EventFields.equal(field, "id") {
            // An id with NUL in it is ignored.
            for index in value.indices where value[index] == 0 { return true }
            id.removeAll()
            id.append(value)
        } else if EventFields.equal(field, "retry") {
            retryMilliseconds = EventFields.digits(value) ?? retryMilliseconds
        }
        return true
    }

    private static func equal(_ bytes: Span<UInt8>, _ name: StaticString) -> Bool {
        let wanted = name.utf8Span
        guard bytes.count == wanted.count else { return false }
        for index in wanted.indices where bytes[index] != wanted[index] { return false }
        return true
    }

    /// Digits only, and no more than make sense: 15 are more than any wait.
    private static func digits(_ bytes: Span<UInt8>) -> Int? {
        guard !bytes.isEmpty, bytes.count <= 15 else { return nil }
        var value = 0
        for index in bytes.indices {
            let digit = bytes[index] &- UInt8(ascii: "0")
            guard digit < 10 else { return nil }
            value = value * 10 + Int(digit)
        }
        return value
    }
}
