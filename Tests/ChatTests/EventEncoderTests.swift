// Frames as they go out: whole, with the length that they announce, valid JSON, and with what was
// put in to the byte, however odd the text.

import Base
import Chat
import Hub
import Reactor
import Store
import TestSupport
import Testing
import Wire

@Suite struct EventEncoderTests {
    private static let contents: [[UInt8]] = [
        Array("hello".utf8), Array("\"".utf8), Array("\\".utf8),
        Array("\"\\/\u{8}\u{C}\n\r\t".utf8),
        Array(0...0x1F), [0x7F], Array("小明 é 😀 \u{2028}\u{2029}\u{FEFF}".utf8), [0],
        Array("</script>".utf8), Array("\u{10FFFF}\u{E000}\u{FFFF}".utf8),
        Array(repeating: 0x61, count: 125), Array(repeating: 0x61, count: 126),
        Array(repeating: 0, count: 16_384), Array(repeating: 0x22, count: 16_384),
        Array(repeating: 0x62, count: 16_384),
    ]

    @Test func messagesAreWhatWasSent() throws {
        let bench = try ChatBench()
        let (li, wang) = (try bench.register("li"), try bench.register("王\u{301}-._9"))
        _ = bench.take()
        for (index, content) in Self.contents.enumerated() {
            let msgID = [[], Array("m\"\\\n小\(index)".utf8)][index % 2]
            try bench.send(from: li, to: .user(wang), msgID: msgID, content)
            let outcome = try #require(bench.take().first)
            let frames = try FrameReading.all(in: outcome.frame)
            let frame = try #require(frames.first)
            let id = try #require(frame.numbers["id"])
            let expected = msgID.isEmpty ? Array("server-\(id)".utf8) : msgID
            #expect(frames.count == 1 && outcome.kind == .privateMessage)
            #expect(frame.numbers["type"] == 2 && frame.numbers["seq"] == Int64(index) + 1)
            #expect(frame.texts["content"] == content && frame.texts["msg_id"] == expected)
            #expect(frame.text("from") == "li" && frame.text("to") == "王\u{301}-._9")
            #expect(frame.numbers["timestamp"] == bench.time)
            #expect(frame.texts.count + frame.numbers.count == 8)
            for (answer, status) in [
                (outcome.answer, "delivered"), (outcome.otherAnswer, "stored"),
            ] {
                let ack = try #require(try FrameReading.all(in: answer).first)
                #expect(ack.numbers["type"] == 3 && ack.text("status") == status)
                #expect(ack.numbers["id"] == id && ack.texts["msg_id"] == expected)
                #expect(ack.numbers["seq"] == frame.numbers["seq"])
                #expect(ack.numbers["timestamp"] == bench.time)
            }
        }
        try backlogIsTheSame(bench, ConversationKey(li, wang))
        bench.close()
        try bench.remove()
    }

    /// What comes later from the store are the same messages as those that went out live.
    private func backlogIsTheSame(_ bench: ChatBench, _ key: ConversationKey) throws {
        var next: UInt32 = 1
        var frames: [FrameReading] = []
        while true {
            var buffer = ByteBuffer()
            let step = bench.chat.appendBacklog(
                of: key, for: key.users.smaller, from: next, bytesMax: 10_000, to: &buffer,
                bench.workspace)
            let span = buffer.span
            frames += try FrameReading.all(in: span.indices.map { span[$0] })
            next = step.next
            #expect(next == UInt32(frames.count) + 1)
            if step.isDone { break }
        }
        #expect(frames.map { $0.texts["content"] } == Self.contents)
        #expect(frames.map { $0.numbers["seq"] } == Self.contents.indices.map { Int64($0) + 1 })
        #expect(frames[0].text("msg_id") == "server-\(frames[0].numbers["id"] ?? 0)")
        #expect(frames.allSatisfy { $0.numbers["type"] == 2 && $0.text("from") == "li" })
    }

    @Test func groupMessagesAndEventsNameTheirGroup() throws {
        let bench = try ChatBench()
        let (li, wang) = (try bench.register("li"), try bench.register("王"))
        var reading = Reading()
        try bench.chat.createGroup(
            name: "\"群\"\n", notice: nil, membersMax: nil, by: li, at: 1, origin: bench.origin,
            bench.workspace, &reading)
        try bench.chat.invite(
            named: "王", to: 1, by: li, at: 2, origin: bench.origin, bench.workspace, &reading)
        try bench.send(from: wang, to: .group(1), Array("大家好".utf8))
        try bench.chat.leaveGroup(
            1, by: li, at: 3, origin: bench.origin, bench.workspace, &reading)
        let outcomes = bench.take().dropFirst(2)
        #expect(outcomes.map(\.kind) == [.joined, .joined, .groupMessage, .left])
        #expect(outcomes.map(\.lsn) == [3, 4, 5, 6])
        let made = try FrameReading.all(in: outcomes[2].answer)
        #expect(made.first?.text("name") == "\"群\"\n" && made.first?.numbers["id"] == 1)
        let joined = try #require(try FrameReading.all(in: outcomes[3].frame).first)
        #expect(joined.text("event") == "member_joined" && joined.text("by") == "li")
        #expect(joined.numbers["group_id"] == 1 && joined.text("username") == "王")
        let message = try #require(try FrameReading.all(in: outcomes[4].frame).first)
        #expect(message.numbers["type"] == 4 && message.numbers["group_id"] == 1)
        #expect(message.text("to") == "group_1" && message.text("from") == "王")
        #expect(message.text("content") == "大家好")
        let left = try #require(try FrameReading.all(in: outcomes[5].frame).first)
        #expect(left.text("event") == "member_left" && left.text("owner") == "王")
        #expect(outcomes[5].userA == li && outcomes[5].group == 1)
        bench.close()
        try bench.remove()
    }

    @Test func systemFramesAreWhole() throws {
        let odd = Array("\"\\\u{0}小".utf8)
        var buffer = ByteBuffer()
        SystemFrame.appendHeartbeat(to: &buffer)
        SystemFrame.appendHeartbeatAck(to: &buffer, msgID: odd.span, time: -5)
        for code in Failure.Code.allCases {
            SystemFrame.appendFailedAck(
                to: &buffer, msgID: odd.span, failure: Failure(code), time: 1)
            SystemFrame.appendError(to: &buffer, msgID: odd.span, failure: Failure(code), time: 1)
        }
        let none: [UInt8] = []
        SystemFrame.appendError(
            to: &buffer, msgID: none.span, failure: Failure(.invalidJSON, "\"odd\"\n"), time: 1)
        SystemFrame.appendKicked(to: &buffer, time: .max)
        let span = buffer.span
        let frames = try FrameReading.all(in: span.indices.map { span[$0] })
        #expect(frames.count == 4 + 2 * Failure.Code.allCases.count)
        #expect(frames[0].numbers == ["type": 1] && frames[0].text("msg_id") == "ping")
        #expect(frames[1].texts["msg_id"] == odd && frames[1].numbers["timestamp"] == -5)
        for (index, code) in Failure.Code.allCases.enumerated() {
            #expect(frames[2 + 2 * index].text("reason") == "\(code.name)")
            #expect(frames[3 + 2 * index].text("code") == "\(code.name)")
            #expect(frames[3 + 2 * index].text("content") == "\(code.sentence)")
        }
        #expect(frames[frames.count - 2].text("content") == "\"odd\"\n")
        #expect(frames[frames.count - 1].numbers["timestamp"] == .max)
    }
}
