// The receiver on what a peer may and may not send: the RFC's examples at every split, fragments
// and control frames between them, every refusal with its close code, UTF-8 across borders, and
// memory.

import Base
import Testing
import Wire

@Suite struct WebSocketReceiverTests {
    /// Everything at once, byte by byte, and cut in two at every place.
    private func expect(
        _ stream: [UInt8], _ wanted: [Seen], role: WebSocketRole = .server,
        messageBytesMax: UInt32 = 1 << 20, fragmentsMax: UInt32 = 1_000, compression: Bool = false,
        _ place: SourceLocation = #_sourceLocation
    ) {
        func session() -> Session {
            Session(
                role: role, messageBytesMax: messageBytesMax, fragmentsMax: fragmentsMax,
                allowsCompression: compression)
        }
        var bytewise = session()
        for byte in stream { bytewise.feed([byte]) }
        #expect(bytewise.seen == wanted, sourceLocation: place)
        #expect(bytewise.kept.isEmpty, sourceLocation: place)
        for cut in 0...stream.count {
            var halves = session()
            halves.feed(stream[..<cut])
            halves.feed(stream[cut...])
            guard halves.seen == wanted, halves.kept.isEmpty else {
                Issue.record("cut at \(cut): \(halves.seen)", sourceLocation: place)
                return
            }
        }
    }

    @Test func examplesOfTheRFC() {
        let hello = utf8("Hello")
        expect(frame(1, hello, key: nil), [.text(hello)], role: .client)
        expect(frame(1, hello), [.text(hello)])
        expect(
            frame(1, utf8("Hel"), final: false, key: nil) + frame(0, utf8("lo"), key: nil),
            [.text(hello)], role: .client)
        expect(frame(9, hello, key: nil), [.ping(hello)], role: .client)
        expect(frame(10, hello), [.pong(hello)])
        let block = [UInt8](repeating: 0x80, count: 256)
        expect(frame(2, block, key: nil), [.binary(block)], role: .client)
        expect(frame(2, block), [.binary(block)])
    }

    @Test func lengthFormsAndEmptyMessages() {
        for size in [0, 1, 125, 126, 127, 128, 700] {
            let payload = (0..<size).map { UInt8(32 + $0 % 90) }
            expect(frame(1, payload), [.text(payload)])
            expect(frame(2, payload) + frame(1, payload), [.binary(payload), .text(payload)])
        }
        for size in [65_535, 65_536, 70_000] {
            let payload = (0..<size).map { UInt8($0 % 251) }
            for cut in [0, 1, 2, 3, 4, 8, 9, 10, 13, 14, 15, 20, size, size + 7] {
                var session = Session()
                let stream = frame(2, payload)
                session.feed(stream[..<cut])
                session.feed(stream[cut...])
                #expect(session.seen == [.binary(payload)])
            }
        }
        // Empty fragments in front, between and behind.
        let empties = frame(1, [], final: false) + frame(0, [], final: false)
        expect(empties + frame(0, []), [.text([])])
        expect(empties + frame(0, [65], final: false) + frame(0, []), [.text([65])])
    }

    @Test func controlFramesBetweenFragments() {
        let most = [UInt8](repeating: 7, count: 125)
        expect(
            frame(9, []) + frame(1, utf8("a"), final: false) + frame(9, most)
                + frame(0, utf8("b"), final: false) + frame(10, utf8("x")) + frame(9, [])
                + frame(0, utf8("c")) + frame(2, [1]) + frame(8, []),
            [
                .ping([]), .ping(most), .pong(utf8("x")), .ping([]), .text(utf8("abc")),
                .binary([1]), .close(nil, []),
            ])
    }

    @Test func closeFrames() {
        expect(frame(8, []), [.close(nil, [])])
        expect(frame(8, [0x03, 0xE8]), [.close(1000, [])])
        let reason = utf8("再见")
        expect(frame(8, [0x0F, 0xA1] + reason), [.close(4001, reason)])
        // Nothing counts behind a close frame, be it good or bad.
        expect(frame(8, []) + frame(1, [65]) + [0xFF, 0xFF], [.close(nil, [])])
        // Inside a fragmented message too.
        expect(frame(1, [65], final: false) + frame(8, [0x03, 0xE9]), [.close(1001, [])])
        for code in 0...5_100 as ClosedRange<UInt16> {
            let isGood =
                code >= 1000 && code <= 1014 && ![1004, 1005, 1006].contains(code)
                || code >= 3000 && code <= 4999
            var session = Session()
            session.feed(frame(8, [UInt8(code >> 8), UInt8(code & 255)]))
            #expect(session.seen == [isGood ? .close(code, []) : .failure(.closeCodeInvalid)])
        }
    }

    @Test func refusals() {
        let start = frame(1, [65], final: false)
        let cases: [([UInt8], WebSocketFailure, UInt16)] = [
            (frame(0, [65]), .continuationWithoutStart, 1002),
            (frame(0, [65], final: false), .continuationWithoutStart, 1002),
            (start + frame(1, [65]), .messageInterrupted, 1002),
            (start + frame(2, [65], final: false), .messageInterrupted, 1002),
            (frame(3, []), .reservedOpcode, 1002),
            (frame(11, []), .reservedOpcode, 1002),
            (start + frame(7, []), .reservedOpcode, 1002),
            (frame(1, [65], reserved: 4), .reservedBits, 1002),
            (frame(9, [65], reserved: 2), .reservedBits, 1002),
            (frame(9, [], final: false), .controlFragmented, 1002),
            (frame(8, [3, 232], final: false), .controlFragmented, 1002),
            (frame(9, [UInt8](repeating: 1, count: 126)), .controlTooLong, 1002),
            (frame(1, [65], key: nil), .maskMissing, 1002),
            (frame(8, [], key: nil), .maskMissing, 1002),
            (frame(1, [65], lengthForm: 16), .lengthNotMinimal, 1002),
            (frame(1, [65], lengthForm: 64), .lengthNotMinimal, 1002),
            ([0x82, 0xFF, 0xFF, 0, 0, 0, 0, 0, 0, 0], .lengthOverflow, 1002),
            (frame(8, [3]), .closePayloadTooShort, 1002),
            (frame(8, [0, 0]), .closeCodeInvalid, 1002),
            (frame(8, [0x03, 0xED] + utf8("x")), .closeCodeInvalid, 1002),
            (frame(8, [0x03, 0xE8, 0xC3, 0x28]), .closeReasonNotUTF8, 1007),
            (frame(8, [0x03, 0xE8, 0xE7, 0x81]), .closeReasonNotUTF8, 1007),
            (frame(1, [0xFF]), .textNotUTF8, 1007),
            (frame(1, [0xE7, 0x81]), .textNotUTF8, 1007),
            (frame(1, [0xE7], final: false) + frame(0, [0x41]), .textNotUTF8, 1007),
            (frame(1, [0xE7], final: false) + frame(0, []), .textNotUTF8, 1007),
            (frame(2, [UInt8](repeating: 0, count: 201)), .messageTooBig, 1009),
            (
                frame(2, [UInt8](repeating: 0, count: 150), final: false)
                    + frame(0, [UInt8](repeating: 0, count: 51)), .messageTooBig, 1009
            ),
            (
                start + frame(0, [], final: false) + frame(0, [], final: false)
                    + frame(0, [65]), .fragmentsTooMany, 1009
            ),
        ]
        for (stream, failure, code) in cases {
            #expect(failure.code.rawValue == code)
            // What comes behind a failure is not looked at.
            expect(
                stream + frame(1, [66]), [.failure(failure)], messageBytesMax: 200, fragmentsMax: 3)
        }
        expect(frame(1, [65]), [.failure(.maskUnexpected)], role: .client)
        expect(
            start + frame(0, [65]) + frame(0, [65]),
            [.text([65, 65]), .failure(.continuationWithoutStart)])
    }

    @Test func limitsAreReachedNotPassed() {
        let most = [UInt8](repeating: 65, count: 200)
        expect(frame(1, most), [.text(most)], messageBytesMax: 200)
        expect(
            frame(1, Array(most[..<150]), final: false) + frame(0, [], final: false)
                + frame(0, Array(most[150...])),
            [.text(most)], messageBytesMax: 200, fragmentsMax: 3)
        // A length is believed from the header: nothing is awaited, nothing is allocated.
        var session = Session(messageBytesMax: 200)
        session.feed([0x82, 0xFF, 0x7F, 255, 255, 255, 255, 255, 255, 255, 1, 2, 3, 4])
        #expect(session.seen == [.failure(.messageTooBig)])
        var second = Session(messageBytesMax: 200)
        second.feed(frame(2, [1], final: false))
        second.feed([0x80, 0xFF, 0x7F, 255, 255, 255, 255, 255, 255, 255, 1, 2, 3, 4])
        #expect(second.seen == [.failure(.messageTooBig)])
    }

    @Test func textIsCheckedAcrossBorders() {
        let text = utf8("κόσμε 灵犀 🦏 ok")
        for cut in 0...text.count {
            for second in cut...text.count {
                var session = Session()
                session.feed(frame(1, Array(text[..<cut]), final: false))
                session.feed(frame(9, [1]))
                session.feed(frame(0, Array(text[cut..<second]), final: false))
                session.feed(frame(0, Array(text[second...])))
                guard session.seen == [.ping([1]), .text(text)] else {
                    Issue.record("fragments to \(cut) and \(second)")
                    return
                }
            }
        }
        // Binary messages may be anything.
        expect(frame(2, [0xFF, 0xFE]), [.binary([0xFF, 0xFE])])
        // A fault is told at its byte, long before the message's end.
        var early = Session()
        early.feed(frame(1, [0x41, 0xED, 0xA0] + [UInt8](repeating: 0x41, count: 500))[..<11])
        #expect(early.seen == [.failure(.textNotUTF8)])
    }

    @Test func compressedMessagesPassUnchecked() {
        let deflated: [UInt8] = [0xF2, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00]
        expect(frame(1, deflated, reserved: 4), [.compressed(deflated)], compression: true)
        expect(
            frame(1, Array(deflated[..<3]), final: false, reserved: 4)
                + frame(0, Array(deflated[3...])) + frame(1, utf8("plain")),
            [.compressed(deflated), .text(utf8("plain"))], compression: true)
        expect(
            frame(1, [1], final: false, reserved: 4) + frame(0, [2], reserved: 4),
            [.failure(.reservedBits)], compression: true)
        expect(frame(1, [0xFF]), [.failure(.textNotUTF8)], compression: true)
        // Compressed bytes may be an eighth more and 64 than what comes out of them.
        let most = [UInt8](repeating: 1, count: 80 + 10 + 64)
        expect(
            frame(2, most, reserved: 4), [.compressed(most)], messageBytesMax: 80,
            compression: true)
        for stream in [
            frame(2, most + [1], reserved: 4),
            frame(2, most, final: false, reserved: 4) + frame(0, [1]),
        ] {
            expect(
                stream, [.failure(.messageTooBig)], messageBytesMax: 80, compression: true)
        }
        expect(
            frame(2, [UInt8](repeating: 1, count: 81)), [.failure(.messageTooBig)],
            messageBytesMax: 80, compression: true)
    }

    @Test func wholeMessagesStayInPlaceAndHoldNoMemory() {
        var stream = frame(1, utf8("one")) + frame(2, [2, 2]) + frame(1, [])
        var receiver = WebSocketReceiver(role: .server, messageBytesMax: 100, fragmentsMax: 9)
        var bytes = stream.mutableSpan
        let first = receiver.receive(&bytes)
        #expect(
            first
                == WebSocketReceived(
                    consumed: 9,
                    event: .message(
                        WebSocketMessage(
                            kind: .text, isCompressed: false, place: .inPlace(6..<9)))))
        let second = receiver.receive(&bytes, from: 9)
        #expect(
            second
                == WebSocketReceived(
                    consumed: 8,
                    event: .message(
                        WebSocketMessage(
                            kind: .binary, isCompressed: false, place: .inPlace(15..<17)))))
        #expect(receiver.heldBytes == 0)
        #expect(Array(stream[6..<9]) == utf8("one"))
        #expect(MemoryLayout<WebSocketReceiver>.size <= 64)
    }

    @Test func memoryIsHeldOnlyWhileAMessageIsUnderAssembly() {
        func feed(_ receiver: inout WebSocketReceiver, _ bytes: [UInt8]) -> WebSocketEvent {
            var copy = bytes
            var span = copy.mutableSpan
            return receiver.receive(&span).event
        }
        var receiver = WebSocketReceiver(role: .server, messageBytesMax: 1 << 20, fragmentsMax: 9)
        let big = frame(2, [UInt8](repeating: 1, count: 500_000))
        #expect(feed(&receiver, Array(big[..<14])) == .needMore)
        #expect(receiver.heldBytes == 0)
        #expect(feed(&receiver, Array(big[14..<24])) == .needMore)
        #expect(receiver.heldBytes > 0)
        let assembled = WebSocketEvent.message(
            WebSocketMessage(kind: .binary, isCompressed: false, place: .assembled))
        #expect(feed(&receiver, Array(big[24...])) == assembled)
        let message = receiver.takeAssembled()
        #expect(copy(of: message) == [UInt8](repeating: 1, count: 500_000))
        #expect(receiver.heldBytes == 0)
        #expect(copy(of: receiver.takeAssembled()) == [])

        // Not taken: dropped with the next call.
        #expect(feed(&receiver, Array(big[..<100])) == .needMore)
        #expect(feed(&receiver, Array(big[100...])) == assembled)
        #expect(feed(&receiver, []) == .needMore)
        #expect(receiver.heldBytes == 0)
        #expect(copy(of: receiver.takeAssembled()) == [])

        // Under assembly it is nobody's to take; the end gives it back.
        #expect(feed(&receiver, Array(big[..<100])) == .needMore)
        #expect(copy(of: receiver.takeAssembled()) == [])
        #expect(receiver.heldBytes > 0)
        receiver.end()
        #expect(receiver.heldBytes == 0)
        #expect(feed(&receiver, frame(1, [65])) == .needMore)

        // What a header announces is not believed.
        var small = WebSocketReceiver(role: .server, messageBytesMax: 1 << 30, fragmentsMax: 9)
        #expect(feed(&small, [0x82, 0xFF, 0, 0, 0, 0, 0x3F, 0, 0, 0, 1, 2, 3, 4, 5]) == .needMore)
        #expect(small.heldBytes == 512)
    }
}
