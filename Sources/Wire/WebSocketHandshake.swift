// The opening handshake, server's side (RFC 6455, section 4.2): whether a request is a good
// upgrade, and the 101 that says so.
//
//     key (24 characters of base64) + GUID  ── SHA-1 ──►  20 bytes  ── base64 ──►  accept value
//
// The digest itself is made above, where the cryptographic library is: what to hash is handed out,
// and its 20 bytes are handed back in. Header values come as the bytes of the field, without the
// blanks around it; an absent field is empty, a repeated one is joined with commas (so that a key
// that was sent twice is no key).
//
// Limits: those of the request's head. Nothing here copies a client's bytes into the response but
// what is an HTTP token.

package import Base

package enum WebSocketHandshake {
    /// The version of the protocol, and the only one there is.
    package static let version: StaticString = "13"
    /// Characters of a Sec-WebSocket-Key: 16 bytes in base64.
    package static let keyLength = 24

    private static let identifier: StaticString = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

    /// What SHA-1 is to be made of: the key and the protocol's own identifier.
    package typealias DigestInput = InlineArray<60, UInt8>

    package enum Decision: ~Copyable {
        case accept(DigestInput)
        /// 400: an upgrade that is malformed.
        case badRequest
        /// 426, to be answered with the fields of `appendUpgradeFields`: no upgrade to WebSocket
        /// was asked for, or one in another version.
        case upgradeRequired
    }

    /// Judges a request by what RFC 6455, section 4.2.1 asks of it.
    package static func decide(
        isGet: Bool, isHTTP11: Bool, upgrade: Span<UInt8>, connection: Span<UInt8>,
        key: Span<UInt8>, version: Span<UInt8>
    ) -> Decision {
        guard isGet, isHTTP11 else { return .badRequest }
        guard contains("websocket", in: upgrade), contains("upgrade", in: connection) else {
            return .upgradeRequired
        }
        guard equals(version, Self.version) else { return .upgradeRequired }
        guard isKey(key) else { return .badRequest }
        return .accept(digestInput(key: key))
    }

    /// Whether these are 16 bytes in base64. Bits of the last digit that stand for no byte may be
    /// set: they change nothing, and some clients make keys by hand.
    package static func isKey(_ key: Span<UInt8>) -> Bool {
        guard key.count == keyLength else { return false }
        for index in 0..<22 {
            switch key[index] {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "+"), UInt8(ascii: "/"):
                continue
            default: return false
            }
        }
        return key[22] == UInt8(ascii: "=") && key[23] == UInt8(ascii: "=")
    }

    /// `key` must be of `keyLength`.
    static func digestInput(key: Span<UInt8>) -> DigestInput {
        precondition(key.count == keyLength, "a key of the wrong length")
        let identifier = Self.identifier
        let rest = unsafe Span(
            _unsafeStart: identifier.utf8Start, count: identifier.utf8CodeUnitCount)
        return DigestInput { $0 < keyLength ? key[$0] : rest[$0 - keyLength] }
    }

    /// The `n`-th element (from 0) of a comma-separated list of tokens, empty elements not counted;
    /// nil when there are fewer, or when what stands there is no token (RFC 9110, section 5.6).
    package static func element(_ n: Int, of list: Span<UInt8>) -> Range<Int>? {
        var at = 0
        var seen = 0
        while at <= list.count {
            var end = at
            while end < list.count, list[end] != UInt8(ascii: ",") { end += 1 }
            let found = trimmed(at..<end, of: list)
            if !found.isEmpty {
                if seen == n { return isToken(list.extracting(found)) ? found : nil }
                seen += 1
            }
            at = end + 1
        }
        return nil
    }

    /// The token in `Sec-WebSocket-Protocol: bearer, TOKEN`, for browsers, which can set no other
    /// field. The server then chooses the subprotocol `bearer`.
    package static func bearerToken(in subprotocols: Span<UInt8>) -> Range<Int>? {
        guard let scheme = element(0, of: subprotocols),
            equals(subprotocols.extracting(scheme), "bearer")
        else { return nil }
        return element(1, of: subprotocols)
    }

    /// Appends the 101 for the digest of what `decide` handed out (20 bytes). `subprotocol`, empty
    /// for none, must be an element of the client's list; `fields` are further header lines, each
    /// with its CRLF.
    package static func appendResponse(
        digest: Span<UInt8>, subprotocol: Span<UInt8>, fields: Span<UInt8>,
        to buffer: inout ByteBuffer
    ) {
        precondition(digest.count == 20, "a digest of the wrong length")
        precondition(subprotocol.isEmpty || isToken(subprotocol), "a subprotocol that is no token")
        buffer.append("HTTP/1.1 101 Switching Protocols\r\n")
        buffer.append("Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ")
        buffer.append(base64: digest)
        buffer.append("\r\n")
        if !subprotocol.isEmpty {
            buffer.append("Sec-WebSocket-Protocol: ")
            buffer.append(subprotocol)
            buffer.append("\r\n")
        }
        buffer.append(fields)
        buffer.append("\r\n")
    }

    /// Appends the header lines that a 426 must have (RFC 9110, 15.5.22; RFC 6455, 4.4).
    package static func appendUpgradeFields(to buffer: inout ByteBuffer) {
        buffer.append("Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n")
    }

    /// Whether a comma-separated list has `token` (given in lower case), in any case.
    static func contains(_ token: StaticString, in list: Span<UInt8>) -> Bool {
        var at = 0
        while at <= list.count {
            var end = at
            while end < list.count, list[end] != UInt8(ascii: ",") { end += 1 }
            if equals(list.extracting(trimmed(at..<end, of: list)), token, foldingCase: true) {
                return true
            }
            at = end + 1
        }
        return false
    }

    static func equals(
        _ bytes: Span<UInt8>, _ text: StaticString, foldingCase: Bool = false
    ) -> Bool {
        let wanted = unsafe Span(_unsafeStart: text.utf8Start, count: text.utf8CodeUnitCount)
        guard bytes.count == wanted.count else { return false }
        for index in bytes.indices {
            var byte = bytes[index]
            if foldingCase, byte >= UInt8(ascii: "A"), byte <= UInt8(ascii: "Z") { byte |= 0x20 }
            if byte != wanted[index] { return false }
        }
        return true
    }

    /// `range` without the blanks and tabs at its ends.
    static func trimmed(_ range: Range<Int>, of bytes: Span<UInt8>) -> Range<Int> {
        var start = range.lowerBound
        var end = range.upperBound
        while start < end, isBlank(bytes[start]) { start += 1 }
        while end > start, isBlank(bytes[end - 1]) { end -= 1 }
        return start..<end
    }

    private static func isBlank(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t")
    }

    /// RFC 9110, section 5.6.2.
    private static func isToken(_ bytes: Span<UInt8>) -> Bool {
        for index in bytes.indices {
            switch bytes[index] {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"),
                UInt8(ascii: "!"), UInt8(ascii: "#"), UInt8(ascii: "$"), UInt8(ascii: "%"),
                UInt8(ascii: "&"), UInt8(ascii: "'"), UInt8(ascii: "*"), UInt8(ascii: "+"),
                UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "^"), UInt8(ascii: "_"),
                UInt8(ascii: "`"), UInt8(ascii: "|"), UInt8(ascii: "~"):
                continue
            default: return false
            }
        }
        return !bytes.isEmpty
    }
}
