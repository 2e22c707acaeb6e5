// What the generator writes into its messages comes back out of them, and both readers of frames
// agree on what a frame says.

import Base
import Load
import TestSupport
import Testing

@Suite struct MessageTests {
    private func payload(
        _ target: MessageTemplate.Target, counter: UInt64, time: UInt64, bytes: Int = 100
    ) -> (text: [UInt8], template: TemplateBox) {
        var random = SeededRandom(seed: 7)
        let template = MessageTemplate(
            run: 0xDEAD_BEEF, sender: 0x0ABC_DEF1, target: target, contentBytes: bytes, &random)
        var buffer = ByteBuffer()
        template.appendPayload(counter: counter, time: time, to: &buffer)
        return (copy(buffer.span), TemplateBox(template))
    }

    /// A template that the macros of the tests can hold.
    final class TemplateBox {
        private let template: MessageTemplate
        init(_ template: consuming MessageTemplate) { self.template = template }

        func counter(ofID text: [UInt8], _ range: Range<Int>) -> UInt64? {
            template.counter(ofID: text.span.extracting(range))
        }

        func hasFiller(of text: [UInt8], _ range: Range<Int>) -> Bool {
            template.hasFiller(of: text.span.extracting(range))
        }
    }

    private func stamp(_ text: [UInt8], _ range: Range<Int>) -> MessageStamp? {
        MessageStamp(text.span.extracting(range))
    }

    private func read(_ text: [UInt8]) -> MessageFields? { MessageFields.read(text.span) }
    private func quick(_ text: [UInt8]) -> MessageFields? { MessageFields.quick(text.span) }
    private func strict(_ text: [UInt8]) -> MessageFields? { MessageFields.strict(text.span) }

    @Test(arguments: [0, 1, 9, 0xFFFF_FFFF, 0x1_0000_0000, 0xFFFF_FFFF_FFFF] as [UInt64])
    func aMessageTellsWhatWasPutIntoIt(counter: UInt64) throws {
        let time = 0x0123_4567_89AB_CDEF &+ counter
        let (text, box) = payload(.user("mei \"x\""), counter: counter, time: time)
        let fields = try #require(strict(text))
        #expect(fields.type == 2)
        #expect(fields.content.count == 100)
        let wanted = MessageStamp(
            run: 0xDEAD_BEEF, sender: 0x0ABC_DEF1, counter: counter, time: time)
        #expect(stamp(text, fields.content) == wanted)
        #expect(box.counter(ofID: text, fields.messageID) == counter)
        #expect(box.hasFiller(of: text, fields.content))
    }

    @Test func anyChangedByteOfAContentIsSeen() throws {
        let (text, box) = payload(.group(42), counter: 5, time: 6)
        let fields = try #require(read(text))
        let wanted = stamp(text, fields.content)
        for place in fields.content {
            var changed = text
            changed[place] ^= 1
            let isSame =
                stamp(changed, fields.content) == wanted
                && box.hasFiller(of: changed, fields.content)
            #expect(!isSame, "at \(place)")
        }
        let short = fields.content.lowerBound..<fields.content.upperBound - 1
        #expect(!box.hasFiller(of: text, short))
    }

    @Test func digitsInUpperCaseAreNotOurs() {
        let text = Array(String(repeating: "A", count: 48).utf8)
        #expect(stamp(text, 0..<48) == nil)
        let good = Array(String(repeating: "a", count: 48).utf8)
        #expect(stamp(good, 0..<48)?.run == 0xAAAA_AAAA)
        #expect(stamp(good, 0..<47) == nil)
    }

    @Test(arguments: [
        #"{"type":2,"id":7,"seq":9,"msg_id":"m","from":"a","to":"b","content":"c","timestamp":1}"#,
        #"{"seq":9,"id":7,"content":"12345678901234567890","type":4,"group_id":3}"#,
        #"{"type":3,"msg_id":"0123456789abcdef","status":"stored","id":1,"seq":1,"timestamp":1}"#,
        #"{"type":5,"event":"error","content":"…","reason":"x","code":"y"}"#,
        #"{"id":1}"#, #"{"type":9999999999}"#,
    ])
    func bothReadersAgree(text: String) throws {
        let bytes = Array(text.utf8)
        let fields = try #require(quick(bytes))
        #expect(strict(bytes) == fields)
    }

    @Test(arguments: [
        #"{ "type":2}"#, #"{"type":2,"content":"a\"b"}"#, #"{"type":-2}"#, #"{"type":2.5}"#,
        #"{"a":null,"type":2}"#, #"{"a":{"type":1},"type":2}"#,
    ])
    func whatIsNotPlainIsLeftToTheStrictReader(text: String) {
        let bytes = Array(text.utf8)
        #expect(quick(bytes) == nil)
        #expect(read(bytes) != nil)
    }

    @Test func noPrefixOfAFrameIsReadAsOne() {
        let text = #"{"type":2,"id":7,"seq":9,"content":"abcdefghij","timestamp":1}"#
        let bytes = Array(text.utf8)
        for count in bytes.indices {
            #expect(read(Array(bytes.prefix(count))) == nil, "\(count) bytes")
        }
    }

    private func copy(_ bytes: Span<UInt8>) -> [UInt8] {
        bytes.indices.map { bytes[$0] }
    }
}
