// The opening handshake, client's side (RFC 6455, section 4.1), for the load generator: the request
// that asks for the upgrade, and whether the response grants it.
//
//     HTTP/1.1 101 ... CRLF      the status line
//     Name: value CRLF           Upgrade, Connection, Sec-WebSocket-Accept, and others
//     CRLF                       what follows is frames already
//
// Limit: a response head above `headBytesMax` is refused.

package import Base

package enum WebSocketClientHandshake {
    package static let headBytesMax = 16_384

    /// Appends the request. `host` and `target` go in as they are; `nonce` is 16 random bytes;
    /// `fields` are further header lines, each with its CRLF. Returns what SHA-1 is to be made of.
    package static func appendRequest(
        host: Span<UInt8>, target: Span<UInt8>, nonce: Span<UInt8>, fields: Span<UInt8>,
        to buffer: inout ByteBuffer
    ) -> WebSocketHandshake.DigestInput {
        precondition(nonce.count == 16, "a nonce of the wrong length")
        buffer.append("GET ")
        buffer.append(target)
        buffer.append(" HTTP/1.1\r\nHost: ")
        buffer.append(host)
        buffer.append("\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n")
        buffer.append("Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ")
        let keyStart = buffer.count
        buffer.append(base64: nonce)
        let input = WebSocketHandshake.digestInput(key: buffer.span(keyStart..<buffer.count))
        buffer.append("\r\n")
        buffer.append(fields)
        buffer.append("\r\n")
        return input
    }

    package enum Answer: Equatable, Sendable {
        case incomplete
        /// The connection is a WebSocket; frames begin behind the head.
        case accepted(headLength: Int)
        /// An ordinary response with this status.
        case refused(status: Int)
        /// No response, or a 101 that does not prove that it has read the request.
        case invalid
    }

    /// Judges the response at the front of `bytes` by the digest (20 bytes) that it must show.
    package static func check(_ bytes: Span<UInt8>, digest: Span<UInt8>) -> Answer {
        precondition(digest.count == 20, "a digest of the wrong length")
        guard let first = lineEnd(in: bytes, from: 0) else {
            return bytes.count > headBytesMax ? .invalid : .incomplete
        }
        guard let status = status(bytes.extracting(0..<first)) else { return .invalid }
        var proof = Proof()
        var at = first + 2
        while let end = lineEnd(in: bytes, from: at), end < headBytesMax {
            if end == at {
                guard status == 101 else { return .refused(status: status) }
                return proof.isWhole ? .accepted(headLength: end + 2) : .invalid
            }
            proof.add(bytes.extracting(at..<end), digest: digest)
            at = end + 2
        }
        return bytes.count > headBytesMax ? .invalid : .incomplete
    }

    /// What the fields of a 101 have to say, each exactly once for the accept value.
    private struct Proof {
        private var upgrades = false
        private var connects = false
        private var accepts = 0
        private var contradicts = false

        var isWhole: Bool { upgrades && connects && accepts == 1 && !contradicts }

        mutating func add(_ line: Span<UInt8>, digest: Span<UInt8>) {
            var colon = 0
            while colon < line.count, line[colon] != UInt8(ascii: ":") { colon += 1 }
            guard colon < line.count else { return }
            let name = line.extracting(0..<colon)
            let value = line.extracting(
                WebSocketHandshake.trimmed(colon + 1..<line.count, of: line))
            if WebSocketHandshake.equals(name, "upgrade", foldingCase: true) {
                upgrades = WebSocketHandshake.contains("websocket", in: value)
            } else if WebSocketHandshake.equals(name, "connection", foldingCase: true) {
                connects = WebSocketHandshake.contains("upgrade", in: value)
            } else if WebSocketHandshake.equals(name, "sec-websocket-accept", foldingCase: true) {
                accepts += 1
                var wanted = ByteBuffer(capacity: 28)
                wanted.append(base64: digest)
                if !equal(value, wanted.span) { contradicts = true }
            }
        }
    }

    private static func equal(_ one: Span<UInt8>, _ other: Span<UInt8>) -> Bool {
        guard one.count == other.count else { return false }
        for index in one.indices where one[index] != other[index] { return false }
        return true
    }

    /// Where the CRLF is that ends the line from `start` on.
    private static func lineEnd(in bytes: Span<UInt8>, from start: Int) -> Int? {
        var at = start
        while at + 1 < bytes.count {
            if bytes[at] == UInt8(ascii: "\r"), bytes[at + 1] == UInt8(ascii: "\n") { return at }
            at += 1
        }
        return nil
    }

    /// The three digits behind `HTTP/1.1 `.
    private static func status(_ line: Span<UInt8>) -> Int? {
        guard line.count >= 12, WebSocketHandshake.equals(line.extracting(0..<9), "HTTP/1.1 ")
        else { return nil }
        var status = 0
        for index in 9..<12 {
            guard line[index] >= UInt8(ascii: "0"), line[index] <= UInt8(ascii: "9") else {
                return nil
            }
            status = status * 10 + Int(line[index] - UInt8(ascii: "0"))
        }
        return status
    }
}
