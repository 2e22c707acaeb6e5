// Frame headers: the RFC's own examples, every prefix, every length form, every refusal, and that
// what is written is what is read.

import Base
import Testing
import Wire

@Suite struct WebSocketFrameTests {
    typealias Header = WebSocketFrameHeader

    private func decode(
        _ bytes: some Sequence<UInt8>, _ role: WebSocketRole, compression: Bool = false
    ) -> Header.Decoded {
        Header.decode(Array(bytes).span, role: role, allowsCompression: compression)
    }

    /// RFC 6455, section 5.7.
    @Test func examplesOfTheRFC() {
        let examples: [([UInt8], WebSocketRole, Header)] = [
            ([0x81, 0x05], .client, Header(.text, payloadLength: 5)),
            (
                [0x81, 0x85, 0x37, 0xFA, 0x21, 0x3D], .server,
                Header(.text, payloadLength: 5, maskKey: 0x3D21_FA37)
            ),
            ([0x01, 0x03], .client, Header(.text, payloadLength: 3, isFinal: false)),
            ([0x80, 0x02], .client, Header(.continuation, payloadLength: 2)),
            ([0x89, 0x05], .client, Header(.ping, payloadLength: 5)),
            (
                [0x8A, 0x85, 0x37, 0xFA, 0x21, 0x3D], .server,
                Header(.pong, payloadLength: 5, maskKey: 0x3D21_FA37)
            ),
            ([0x82, 0x7E, 0x01, 0x00], .client, Header(.binary, payloadLength: 256)),
            (
                [0x82, 0x7F, 0, 0, 0, 0, 0, 1, 0, 0], .client,
                Header(.binary, payloadLength: 65_536)
            ),
        ]
        for (bytes, role, header) in examples {
            #expect(decode(bytes + [0xAA, 0xBB], role) == .header(header))
            #expect(header.length == bytes.count)
            for end in 0..<bytes.count {
                #expect(decode(bytes[..<end], role) == .incomplete, "\(bytes) up to \(end)")
            }
            var buffer = ByteBuffer()
            buffer.append(header)
            #expect(copy(of: buffer) == bytes)
        }
    }

    @Test func writtenIsRead() {
        let lengths = [0, 1, 125, 126, 127, 65_535, 65_536, 1 << 32, Int.max]
        for opcode in [WebSocketOpcode.continuation, .text, .binary, .close, .ping, .pong] {
            for length in lengths where length < 126 || !opcode.isControl {
                for key in [nil, 0, 0x0102_0304] as [UInt32?] {
                    for flags in 0..<4 {
                        let isFinal = flags & 1 == 0 || opcode.isControl
                        let compresses =
                            flags & 2 != 0 && (opcode == .text || opcode == .binary)
                        let header = Header(
                            opcode, payloadLength: length, isFinal: isFinal,
                            isCompressed: compresses, maskKey: key)
                        var buffer = ByteBuffer()
                        buffer.append(header)
                        let bytes = copy(of: buffer)
                        let role: WebSocketRole = key == nil ? .client : .server
                        #expect(bytes.count == header.length)
                        #expect(bytes.count <= Header.lengthMax)
                        #expect(decode(bytes, role, compression: true) == .header(header))

                        var room = [UInt8](repeating: 0xEE, count: 20)
                        var span = room.mutableSpan
                        let start = header.write(before: 16, in: &span)
                        #expect(Array(room[start..<16]) == bytes)
                        #expect(room[..<start].allSatisfy { $0 == 0xEE })
                        #expect(room[16...].allSatisfy { $0 == 0xEE })
                    }
                }
            }
        }
    }

    @Test func refusals() {
        let cases: [([UInt8], WebSocketRole, Bool, WebSocketFailure)] = [
            ([0x91], .client, false, .reservedBits),
            ([0xA1], .client, true, .reservedBits),
            ([0xC1], .client, false, .reservedBits),
            ([0xD1], .client, true, .reservedBits),
            ([0xC0], .client, true, .reservedBits),
            ([0xC8], .client, true, .reservedBits),
            ([0xC9], .client, true, .reservedBits),
            ([0x08], .client, false, .controlFragmented),
            ([0x09], .client, false, .controlFragmented),
            ([0x0A], .client, false, .controlFragmented),
            ([0x89, 126], .client, false, .controlTooLong),
            ([0x88, 127], .client, false, .controlTooLong),
            ([0x8A, 0xFE], .server, false, .controlTooLong),
            ([0x81, 0x05], .server, false, .maskMissing),
            ([0x88, 0x00], .server, false, .maskMissing),
            ([0x81, 0x85], .client, false, .maskUnexpected),
            ([0x82, 126, 0, 125], .client, false, .lengthNotMinimal),
            ([0x82, 126, 0, 0], .client, false, .lengthNotMinimal),
            ([0x82, 127, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF], .client, false, .lengthNotMinimal),
            ([0x82, 127, 0, 0, 0, 0, 0, 0, 0, 0], .client, false, .lengthNotMinimal),
            ([0x82, 127, 0x80], .client, false, .lengthOverflow),
            ([0x82, 0xFF, 0xFF], .server, false, .lengthOverflow),
        ]
        for (bytes, role, compression, failure) in cases {
            // The header is long enough for every other question to be put as well.
            let padded = bytes + [UInt8](repeating: 0, count: 14)
            #expect(decode(padded, role, compression: compression) == .invalid(failure))
            if bytes.count <= 2 {
                #expect(decode(bytes, role, compression: compression) == .invalid(failure))
            }
            for end in 0..<padded.count {
                let prefix = decode(padded[..<end], role, compression: compression)
                #expect(prefix == .incomplete || prefix == .invalid(failure))
            }
        }
        for opcode in [3, 4, 5, 6, 7, 11, 12, 13, 14, 15] as [UInt8] {
            #expect(decode([0x80 | opcode], .server) == .invalid(.reservedOpcode))
        }
        #expect(
            decode([0xC2, 1], .client, compression: true)
                == .header(Header(.binary, payloadLength: 1, isCompressed: true)))
    }

    /// The decoder must agree with a second reading of section 5.2 on any bytes at all.
    @Test func everyFirstTwoBytes() {
        for first in 0...255 as ClosedRange<UInt8> {
            for second in 0...255 as ClosedRange<UInt8> {
                let rest: [UInt8] = [0, 0, 0, 0, 0, 1, 0, 0, 9, 9, 9, 9]
                let short = second & 0x7F
                let tail: [UInt8] = short == 126 ? [1, 0] + rest : rest
                let opcode = first & 15
                let known = opcode <= 2 || opcode >= 8 && opcode <= 10
                let isGood =
                    known && first & 0x70 == 0 && second & 0x80 != 0
                    && (opcode < 8 || first & 0x80 != 0 && short < 126)
                switch decode([first, second] + tail, .server) {
                case .incomplete: Issue.record("incomplete: \(first) \(second)")
                case .invalid: #expect(!isGood)
                case .header(let header):
                    #expect(isGood)
                    #expect(header.opcode.rawValue == opcode)
                    #expect(header.isFinal == (first & 0x80 != 0))
                    let length = short == 126 ? 256 : short == 127 ? 65_536 : Int(short)
                    #expect(header.payloadLength == length)
                }
            }
        }
    }

    @Test func wholeFrames() {
        for size in [0, 1, 7, 125, 126, 65_535, 65_536] {
            let payload = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 31) }
            var plain = ByteBuffer()
            plain.append(webSocketFrame: .binary, payload.span)
            #expect(copy(of: plain) == frame(2, payload, key: nil))
            var masked = ByteBuffer()
            masked.append("before")
            masked.append(webSocketFrame: .text, payload.span, isFinal: false, maskKey: 0x0403_0201)
            #expect(
                copy(of: masked)
                    == utf8("before") + frame(1, payload, final: false, key: [1, 2, 3, 4]))
        }
    }

    @Test func closeFrames() {
        func close(_ code: WebSocketCloseCode?, _ reason: String) -> [UInt8] {
            var buffer = ByteBuffer()
            buffer.append(webSocketClose: code, reason: utf8(reason).span)
            return copy(of: buffer)
        }
        #expect(close(nil, "unsaid") == [0x88, 0])
        #expect(close(.normal, "") == [0x88, 2, 0x03, 0xE8])
        #expect(close(.replaced, "bye") == [0x88, 5, 0x0F, 0xA2] + utf8("bye"))
        let most = String(repeating: "x", count: 123)
        #expect(close(.normal, most) == [0x88, 125, 0x03, 0xE8] + utf8(most))
        // 灵 has three bytes: 41 of them fit into 123 bytes; behind one letter, 40.
        let long = String(repeating: "灵", count: 60)
        #expect(close(.normal, long) == [0x88, 125, 0x03, 0xE8] + utf8(long).prefix(123))
        let odd = "a" + long
        #expect(close(.normal, odd) == [0x88, 123, 0x03, 0xE8] + utf8(odd).prefix(121))
        for failure in WebSocketFailure.allCases {
            var buffer = ByteBuffer()
            buffer.append(webSocketClose: failure, maskKey: 7)
            var session = Session()
            session.feed(copy(of: buffer))
            #expect(
                session.seen == [.close(failure.code.rawValue, utf8("\(failure.reason)"))])
        }
    }
}
