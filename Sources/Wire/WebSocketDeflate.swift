// Agreeing on permessage-deflate (RFC 7692, section 7.1): which of a client's offers is taken, and
// the answer.
//
//     Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=10, permessage-deflate
//                               └──────────────── first offer ───────────────┘ └─ second offer ─┘
//     answer: permessage-deflate; server_no_context_takeover; client_no_context_takeover;
//             server_max_window_bits=10
//
// The first offer that can be kept is taken. One is declined when a parameter is unknown, malformed
// or there twice, has a value where none belongs (or none where one does), or asks for a server
// window of 8 bits, which zlib does not have. Declining all of them is no fault: the connection
// then goes without. Neither side keeps a context between messages, so a connection costs no memory
// for this. The client's window may be any: the inflater takes the largest.

package import Base

package struct WebSocketDeflate: Equatable, Sendable {
    /// Bits of the server's window, 9 to 15.
    package let serverWindowBits: UInt8
    /// The offer named a window, so the answer must.
    package let namesServerWindow: Bool

    package init(serverWindowBits: UInt8, namesServerWindow: Bool) {
        self.serverWindowBits = serverWindowBits
        self.namesServerWindow = namesServerWindow
    }

    /// The first acceptable offer in a value of Sec-WebSocket-Extensions.
    package static func choose(from offers: Span<UInt8>) -> WebSocketDeflate? {
        var at = 0
        while at < offers.count {
            let end = separator(UInt8(ascii: ","), in: offers, from: at)
            if let offer = read(offers, at..<end) { return offer }
            at = end + 1
        }
        return nil
    }

    /// Appends the header line that accepts the offer, with its CRLF.
    package func appendField(to buffer: inout ByteBuffer) {
        buffer.append("Sec-WebSocket-Extensions: permessage-deflate; ")
        buffer.append("server_no_context_takeover; client_no_context_takeover")
        if namesServerWindow {
            buffer.append("; server_max_window_bits=")
            buffer.append(decimal: Int64(serverWindowBits))
        }
        buffer.append("\r\n")
    }

    // MARK: reading

    private enum Parameter: Int, CaseIterable {
        case serverNoContextTakeover, clientNoContextTakeover, serverMaxWindowBits
        case clientMaxWindowBits

        var name: StaticString {
            switch self {
            case .serverNoContextTakeover: "server_no_context_takeover"
            case .clientNoContextTakeover: "client_no_context_takeover"
            case .serverMaxWindowBits: "server_max_window_bits"
            case .clientMaxWindowBits: "client_max_window_bits"
            }
        }
    }

    /// One offer; nil when it is for something else, or cannot be accepted.
    private static func read(_ bytes: Span<UInt8>, _ offer: Range<Int>) -> WebSocketDeflate? {
        var end = separator(UInt8(ascii: ";"), in: bytes, from: offer.lowerBound)
        end = min(end, offer.upperBound)
        let name = WebSocketHandshake.trimmed(offer.lowerBound..<end, of: bytes)
        // Extension names are tokens, compared as they are (RFC 6455, 9.1).
        guard WebSocketHandshake.equals(bytes.extracting(name), "permessage-deflate") else {
            return nil
        }
        var seen: InlineArray<4, Bool> = .init(repeating: false)
        var windowBits: UInt8 = 15
        while end < offer.upperBound {
            let start = end + 1
            end = min(separator(UInt8(ascii: ";"), in: bytes, from: start), offer.upperBound)
            guard let (parameter, value) = readParameter(bytes, start..<end),
                !seen[parameter.rawValue]
            else { return nil }
            seen[parameter.rawValue] = true
            switch parameter {
            case .serverNoContextTakeover, .clientNoContextTakeover:
                if value != nil { return nil }
            case .serverMaxWindowBits:
                guard let value, let bits = windowSize(bytes.extracting(value)), bits > 8 else {
                    return nil
                }
                windowBits = bits
            case .clientMaxWindowBits:
                if let value, windowSize(bytes.extracting(value)) == nil { return nil }
            }
        }
        return WebSocketDeflate(
            serverWindowBits: windowBits,
            namesServerWindow: seen[Parameter.serverMaxWindowBits.rawValue])
    }

    /// `name`, or `name=value` with the value as a token or in quotes; the value without them.
    private static func readParameter(
        _ bytes: Span<UInt8>, _ range: Range<Int>
    ) -> (Parameter, value: Range<Int>?)? {
        var equals = range.lowerBound
        while equals < range.upperBound, bytes[equals] != UInt8(ascii: "=") { equals += 1 }
        let name = WebSocketHandshake.trimmed(range.lowerBound..<equals, of: bytes)
        let parameter = Parameter.allCases.first {
            WebSocketHandshake.equals(bytes.extracting(name), $0.name)
        }
        guard let parameter else { return nil }
        guard equals < range.upperBound else { return (parameter, nil) }
        var value = WebSocketHandshake.trimmed(equals + 1..<range.upperBound, of: bytes)
        if value.count >= 2, bytes[value.lowerBound] == UInt8(ascii: "\""),
            bytes[value.upperBound - 1] == UInt8(ascii: "\"")
        {
            value = value.lowerBound + 1..<value.upperBound - 1
        }
        return (parameter, value)
    }

    /// 8 to 15 in decimal digits, without a leading zero.
    private static func windowSize(_ text: Span<UInt8>) -> UInt8? {
        let zero = UInt8(ascii: "0")
        switch text.count {
        case 1: return text[0] == zero + 8 || text[0] == zero + 9 ? text[0] - zero : nil
        case 2:
            guard text[0] == zero + 1, text[1] >= zero, text[1] <= zero + 5 else { return nil }
            return 10 + text[1] - zero
        default: return nil
        }
    }

    /// Where the next `byte` outside of quotes is, or the end. In quotes, a backslash takes the
    /// meaning from the byte behind it.
    private static func separator(
        _ byte: UInt8, in bytes: Span<UInt8>, from start: Int
    ) -> Int {
        var at = start
        var isQuoted = false
        while at < bytes.count {
            if bytes[at] == UInt8(ascii: "\"") {
                isQuoted.toggle()
            } else if isQuoted, bytes[at] == UInt8(ascii: "\\") {
                at += 1
            } else if !isQuoted, bytes[at] == byte {
                return at
            }
            at += 1
        }
        return min(at, bytes.count)
    }
}
