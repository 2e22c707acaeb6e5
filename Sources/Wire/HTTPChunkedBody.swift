// The decoder of a chunked body: incremental, strict, with a limit (RFC 9112, 7.1).
//
//     (size-in-hex [;extensions] CRLF data CRLF)*  0 [;extensions] CRLF  (trailer CRLF)*  CRLF
//
// The state is 24 bytes and holds no data, so it can live in a connection. Sizes are hex digits
// only, no more than 16, and a size that would pass the limit is refused before its data is read.
// Extensions and trailers are checked and dropped. Their bytes are limited over the whole body,
// because otherwise a chunk of one byte could carry any number of them.

package import Base

package struct HTTPChunkedBody: Sendable {
    /// Most bytes of extensions in one body.
    package static var extensionBytesMax: Int { 4_096 }
    /// Most bytes of trailers.
    package static var trailerBytesMax: Int { 4_096 }
    /// Most digits of a size, leading zeros included.
    package static var sizeDigitsMax: Int { 16 }

    package enum Outcome: Equatable, Sendable {
        /// Everything offered was taken; more must come.
        case needMore
        /// The body has ended; what follows belongs to the next request.
        case done
        /// Not a chunked body; answer 400 and close.
        case invalid
        /// More than the limit; answer 413 and close.
        case tooLarge
    }

    package struct Step: Equatable, Sendable {
        /// Bytes taken from the front of what was offered.
        package let consumed: Int
        package let outcome: Outcome

        package init(consumed: Int, outcome: Outcome) {
            self.consumed = consumed
            self.outcome = outcome
        }
    }

    private enum State: UInt8 {
        case size, extensions, sizeEnd, data, dataReturn, dataEnd
        case trailerStart, trailerName, trailerValue, trailerEnd, bodyEnd
        case done, invalid, tooLarge
    }

    /// What is left of the current chunk; while its size is read, the size so far.
    private var remaining: UInt64 = 0
    /// Bytes decoded so far.
    package private(set) var decoded = 0
    private var extensionBytes: UInt16 = 0
    private var trailerBytes: UInt16 = 0
    private var digits: UInt8 = 0
    private var state = State.size

    package init() {}

    /// Decodes what is there of the body and appends it to `out`; `limit` is the most bytes that
    /// the whole body may decode to. Once `done`, `invalid` or `tooLarge`, nothing more is taken.
    package mutating func decode(
        _ bytes: Span<UInt8>, into out: inout ByteBuffer, limit: Int
    ) -> Step {
        var at = 0
        while at < bytes.count, state.rawValue < State.done.rawValue {
            if state == .data {
                let length = Int(min(remaining, UInt64(bytes.count &- at)))
                out.append(bytes.extracting(at..<at &+ length))
                at &+= length
                decoded &+= length
                remaining &-= UInt64(length)
                if remaining == 0 { state = .dataReturn }
            } else {
                state = take(bytes[at], limit)
                at &+= 1
            }
        }
        switch state {
        case .done: return Step(consumed: at, outcome: .done)
        case .invalid: return Step(consumed: at, outcome: .invalid)
        case .tooLarge: return Step(consumed: at, outcome: .tooLarge)
        default: return Step(consumed: at, outcome: .needMore)
        }
    }

    /// The state after a byte that is not data.
    private mutating func take(_ byte: UInt8, _ limit: Int) -> State {
        switch state {
        case .size: return takeSize(byte, limit)
        case .extensions:
            if byte == HTTPByte.carriageReturn { return .sizeEnd }
            extensionBytes &+= 1
            return Self.isText(byte) && extensionBytes <= Self.extensionBytesMax
                ? .extensions : .invalid
        case .sizeEnd:
            if byte != HTTPByte.lineFeed { return .invalid }
            digits = 0
            return remaining == 0 ? .trailerStart : .data
        case .dataReturn:
            return byte == HTTPByte.carriageReturn ? .dataEnd : .invalid
        case .dataEnd:
            return byte == HTTPByte.lineFeed ? .size : .invalid
        case .trailerStart, .trailerName, .trailerValue, .trailerEnd:
            return takeTrailer(byte)
        case .bodyEnd:
            return byte == HTTPByte.lineFeed ? .done : .invalid
        case .data, .done, .invalid, .tooLarge:
            return state
        }
    }

    private mutating func takeSize(_ byte: UInt8, _ limit: Int) -> State {
        if let digit = HTTPByte.hexadecimal(byte) {
            if digits >= Self.sizeDigitsMax { return .invalid }
            digits &+= 1
            // Sixteen digits fill the integer and cannot pass it.
            remaining = remaining << 4 | UInt64(digit)
            return .size
        }
        if digits == 0 { return .invalid }
        let next: State
        switch byte {
        case HTTPByte.carriageReturn: next = .sizeEnd
        case UInt8(ascii: ";"): next = .extensions
        default: return .invalid
        }
        return remaining > UInt64(max(limit &- decoded, 0)) ? .tooLarge : next
    }

    private mutating func takeTrailer(_ byte: UInt8) -> State {
        trailerBytes &+= 1
        if trailerBytes > Self.trailerBytesMax { return .invalid }
        let isToken = HTTPByte.places(byte) & HTTPByte.token != 0
        switch state {
        case .trailerStart:
            if byte == HTTPByte.carriageReturn { return .bodyEnd }
            return isToken ? .trailerName : .invalid
        case .trailerName:
            if byte == UInt8(ascii: ":") { return .trailerValue }
            return isToken ? .trailerName : .invalid
        case .trailerValue:
            if byte == HTTPByte.carriageReturn { return .trailerEnd }
            return Self.isText(byte) ? .trailerValue : .invalid
        default:
            return byte == HTTPByte.lineFeed ? .trailerStart : .invalid
        }
    }

    /// Neither a control byte nor the end of a line.
    private static func isText(_ byte: UInt8) -> Bool {
        byte >= 0x20 && byte != 0x7F || byte == HTTPByte.tab
    }
}
