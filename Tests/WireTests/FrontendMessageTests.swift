// Chat frames as clients send them, well and badly made.

import Base
import TestSupport
import Testing
import Wire

@Suite struct FrontendMessageTests {
    private func show(_ text: String) -> String {
        let span = text.utf8.span
        func string(_ token: JSONString?) -> String? { token.map { String($0, of: span) } }
        switch FrontendMessage.read(span) {
        case .message(let message):
            var shown = ["\(message.type)"]
            if let value = string(message.messageID) { shown.append("msg_id=\(value)") }
            if let value = string(message.to) { shown.append("to=\(value)") }
            if let value = message.groupID { shown.append("group_id=\(value)") }
            if let value = string(message.content) { shown.append("content=\(value)") }
            if let value = message.id { shown.append("id=\(value)") }
            if let value = string(message.status) { shown.append("status=\(value)") }
            return shown.joined(separator: " ")
        case .invalid(let defect):
            let field = defect.field.map { " \($0.name)" } ?? ""
            let messageID = string(defect.messageID).map { " msg_id=\($0)" } ?? ""
            return "\(defect.code.name)\(field)\(messageID)"
        }
    }

    @Test(arguments: [
        (#"{"type":1}"#, "1"),
        (#"{"type":1,"msg_id":"p"}"#, "1 msg_id=p"),
        (
            #"{"type":2,"msg_id":"m1","to":"小明","content":"a\n\ud83d\ude00"}"#,
            "2 msg_id=m1 to=小明 content=a\n\u{1F600}"
        ),
        (#" { "content" : "x" , "type" : 2 } "#, "2 content=x"),
        (
            #"{"type":3,"id":9007199254740991,"status":"received"}"#,
            "3 id=9007199254740991 status=received"
        ),
        (#"{"type":4,"group_id":42,"content":""}"#, "4 group_id=42 content="),
        (#"{"type":4,"to":"group_42","content":"c"}"#, "4 to=group_42 content=c"),
        (#"{"from":7,"type":99,"x":{"type":[1]},"contents":1,"ids":"","t":0}"#, "99"),
        (#"{"\u0074ype":2,"\u0074\u006f":"a","t\u006fo":1}"#, "2 to=a"),
        (#"{"to\u0000":1,"type\u0000":2,"type":5}"#, "5"),
        (#"{"type":"x","type":2,"to":1,"to":"a"}"#, "2 to=a"),
        (#"{"type":2,"to":"a","to":null,"group_id":null}"#, "2"),
        (#"{}"#, "invalid_request type"),
        (#"{"type":null,"msg_id":"m"}"#, "invalid_request type msg_id=m"),
        (#"{"type":"2","msg_id":"m"}"#, "invalid_request type msg_id=m"),
        (#"{"type":2.0}"#, "invalid_request type"),
        (#"{"type":2,"type":[]}"#, "invalid_request type"),
        (#"{"type":99999999999999999999}"#, "invalid_request type"),
        (#"{"type":2,"msg_id":7}"#, "invalid_request msg_id"),
        (#"{"type":2,"to":{},"msg_id":"m"}"#, "invalid_request to msg_id=m"),
        (#"{"type":4,"group_id":"42"}"#, "invalid_request group_id"),
        (#"{"type":2,"content":[],"to":1}"#, "invalid_request to"),
        (#"{"type":2,"content":["x"]}"#, "invalid_request content"),
        (#"{"type":3,"id":"7"}"#, "invalid_request id"),
        (#"{"type":3,"status":true}"#, "invalid_request status"),
        ("[]", "invalid_request"), ("1", "invalid_request"), ("\"x\"", "invalid_request"),
        ("", "invalid_json"), ("[1", "invalid_json"), ("{", "invalid_json"),
        (#"{"type":2"#, "invalid_json"), (#"{"type":2}}"#, "invalid_json"),
        (#"{"type":2,}"#, "invalid_json"), (#"{"type":02}"#, "invalid_json"),
        (#"{"type":2,"x":[}"#, "invalid_json"),
        (#"{"msg_id":"m","content":"\ud800"}"#, "invalid_json"),
    ])
    func reads(text: String, shown: String) {
        #expect(show(text) == shown)
    }

    @Test func everyPrefixIsNoJSON() {
        let text = Array(
            #"{"type":2,"msg_id":"m\u00e9","to":"小明","content":"hi","id":1,"group_id":-2} "#.utf8)
        for length in 0..<(text.count - 1) {
            guard case .invalid(let defect) = FrontendMessage.read(text.span.extracting(0..<length))
            else {
                Issue.record("a prefix of \(length) bytes is taken")
                continue
            }
            #expect(defect.code == .invalidJSON)
        }
    }

    @Test func agreesWithTheReader() {
        var random = Seed.random("frontend-message")
        let names = ["type", "msg_id", "to", "group_id", "content", "id", "status", "from"]
        for _ in 0..<3_000 {
            var members = ""
            for _ in 0..<Int.random(in: 0..<6, using: &random) {
                let value = JSONSample.random(&random, depth: 1).text()
                members += members.isEmpty ? "" : ","
                members += "\"\(names[Int.random(in: 0..<8, using: &random)])\":"
                members += String(decoding: value, as: UTF8.self)
            }
            var text = Array("{\(members)}".utf8)
            if Bool.random(using: &random) {
                text[Int.random(in: 0..<text.count, using: &random)] = UInt8.random(
                    in: 0...255, using: &random)
            }
            let isJSON = JSONSample.defect(text) == nil
            var isRefused = false
            if case .invalid(let defect) = FrontendMessage.read(text.span) {
                isRefused = defect.code == .invalidJSON
            }
            #expect(isRefused == !isJSON, "\(String(decoding: text, as: UTF8.self))")
        }
    }
}
