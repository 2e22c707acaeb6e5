// A request head as offsets into the bytes it was parsed from, and what was decided from them.
//
//     GET /api/v1/user/info?username=li HTTP/1.1 ␍␊ Host: example.org ␍␊ … ␍␊ ␍␊ body
//         └────── path ────┘└─ query ─┘             └name┘└─ value ─┘
//
// No byte is copied: a range is good only with the span that was given to the parser. One value of
// this type serves an event loop as scratch, so its size (about 700 bytes) does not matter; pass it
// `inout` or `borrowing`.

/// How long the body is, by RFC 9112, 6.3.
package enum HTTPBodyFraming: Equatable, Sendable {
    case none
    /// This many bytes, at least one.
    case length(Int)
    case chunked
}

package struct HTTPRequestHead {
    /// Slots for header lines.
    package static var headersMax: Int { 64 }

    package internal(set) var method = HTTPMethod.get
    /// 1 for HTTP/1.1, 0 for HTTP/1.0.
    package internal(set) var minorVersion = 1
    /// The whole request target as it was sent.
    package internal(set) var target = 0..<0
    /// Begins with `/`, never empty; `*` for OPTIONS of the whole server. Still encoded, but
    /// without dot segments and without an encoded slash, backslash or NUL.
    package internal(set) var path = 0..<0
    /// Whether the path holds a percent escape, so that it must be decoded before it is compared.
    package internal(set) var pathIsEscaped = false
    /// What stands behind the question mark; empty if nothing does.
    package internal(set) var query = 0..<0
    /// Host and port: from an absolute target, or else from the Host header (RFC 9112, 3.2.2). Nil
    /// only with HTTP/1.0.
    package internal(set) var authority: Range<Int>?

    package internal(set) var body = HTTPBodyFraming.none
    /// Whether the client wants the connection kept after the response.
    package internal(set) var keepAlive = true
    /// Whether the client waits for `100 Continue` before it sends the body.
    package internal(set) var expectsContinue = false
    /// Whether `Connection` names `upgrade`.
    package internal(set) var connectionUpgrade = false
    /// Whether `Upgrade` names `websocket`.
    package internal(set) var upgradeWebSocket = false

    /// Header lines so far.
    package private(set) var headerCount = 0
    private var slots = InlineArray<64, Slot>(repeating: Slot())
    /// For each of the 26 known names one more than its first slot, or 0.
    private var first = InlineArray<26, UInt8>(repeating: 0)

    private struct Slot {
        var nameStart: UInt16 = 0
        var nameEnd: UInt16 = 0
        var valueStart: UInt16 = 0
        var valueEnd: UInt16 = 0
        /// Raw value of the known name, or 255.
        var known: UInt8 = 255
    }

    package init() {}

    /// Forgets the request, but not the memory.
    mutating func reset() {
        method = .get
        minorVersion = 1
        target = 0..<0
        path = 0..<0
        pathIsEscaped = false
        query = 0..<0
        authority = nil
        body = .none
        keepAlive = true
        expectsContinue = false
        connectionUpgrade = false
        upgradeWebSocket = false
        headerCount = 0
        first = InlineArray(repeating: 0)
    }

    /// Takes a header line; false if it is the second one of a header that holds one value. There
    /// must be a free slot, and offsets must fit into 16 bits (see `HTTPLimits`).
    mutating func add(name: Range<Int>, value: Range<Int>, known: HTTPHeaderName?) -> Bool {
        var slot = Slot(
            nameStart: UInt16(truncatingIfNeeded: name.lowerBound),
            nameEnd: UInt16(truncatingIfNeeded: name.upperBound),
            valueStart: UInt16(truncatingIfNeeded: value.lowerBound),
            valueEnd: UInt16(truncatingIfNeeded: value.upperBound))
        if let known {
            slot.known = known.rawValue
            if first[Int(known.rawValue)] == 0 {
                first[Int(known.rawValue)] = UInt8(truncatingIfNeeded: headerCount &+ 1)
            } else if known.isSingle {
                return false
            }
        }
        slots[headerCount] = slot
        headerCount &+= 1
        return true
    }

    /// The value of the first line of this header, without the whitespace around it.
    package func value(_ name: HTTPHeaderName) -> Range<Int>? {
        let place = Int(first[Int(name.rawValue)])
        return place == 0 ? nil : value(at: place &- 1)
    }

    /// The value of the first line whose name is `name` (in lower case), in any case.
    package func value(named name: StaticString, in bytes: Span<UInt8>) -> Range<Int>? {
        for place in 0..<headerCount {
            if bytes.equals(name, ignoringCaseIn: self.name(at: place)) { return value(at: place) }
        }
        return nil
    }

    /// The next line of this header from line `place` on: several lines mean one list, in order.
    package func line(_ name: HTTPHeaderName, from place: Int = 0) -> Int? {
        let head = Int(first[Int(name.rawValue)])
        if head == 0 { return nil }
        var at = max(place, head &- 1)
        while at < headerCount {
            if slots[at].known == name.rawValue { return at }
            at &+= 1
        }
        return nil
    }

    /// The name on line `place`, which must be below `headerCount`.
    package func name(at place: Int) -> Range<Int> {
        precondition(place >= 0 && place < headerCount, "no such header line")
        return Int(slots[place].nameStart)..<Int(slots[place].nameEnd)
    }

    /// The value on line `place`, which must be below `headerCount`.
    package func value(at place: Int) -> Range<Int> {
        precondition(place >= 0 && place < headerCount, "no such header line")
        return Int(slots[place].valueStart)..<Int(slots[place].valueEnd)
    }
}
