// A chat frame as a client sends it, read in one pass and without allocation: this stands before
// every message, so it is the hottest of all readers.
//
//     {"type":2,"msg_id":"m1","to":"li","content":"hello"}
//          │            │        │              │
//     type 2      messageID     to           content          offsets into the frame
//
// Every name that counts is at most eight bytes, so a key is compared as one integer. Members with
// other names are ignored (`from` too: who sends is known from the connection). Of a repeated name
// the last one counts, in value and in type; null counts as absent. What a type needs to be
// complete, and how long its strings may be, is for the command that the frame becomes.

@usableFromInline
package struct FrontendMessage: BitwiseCopyable, Sendable {
    /// The members that are read, in the order in which a wrong one is reported.
    package enum Field: UInt8, Sendable, CaseIterable {
        case type, messageID, to, groupID, content, id, status

        /// The member's name in JSON.
        package var name: StaticString {
            switch self {
            case .type: "type"
            case .messageID: "msg_id"
            case .to: "to"
            case .groupID: "group_id"
            case .content: "content"
            case .id: "id"
            case .status: "status"
            }
        }
    }

    package enum Code: Sendable {
        case invalidJSON, invalidRequest

        /// The `code` of the error contract.
        package var name: StaticString {
            switch self {
            case .invalidJSON: "invalid_json"
            case .invalidRequest: "invalid_request"
            }
        }
    }

    /// Why a frame is no message.
    package struct Defect: Sendable {
        package let code: Code
        /// The member that is missing or of the wrong type; nil when the whole is at fault.
        package let field: Field?
        /// The frame's `msg_id`, so that the client can tell what failed. Known only where the
        /// frame is JSON.
        package let messageID: JSONString?
    }

    package enum Reading: Sendable {
        case message(FrontendMessage)
        case invalid(Defect)
    }

    package private(set) var type: Int64 = 0
    package private(set) var groupID: Int64?
    package private(set) var id: Int64?
    package private(set) var messageID: JSONString?
    package private(set) var to: JSONString?
    package private(set) var content: JSONString?
    package private(set) var status: JSONString?
    /// One bit for each field that is of the wrong type as it stands; `type` begins as missing.
    private var wrong: UInt8 = 1

    private init() {}

    /// Reads the one object in `text`. Tokens in the result are places in `text`.
    package static func read(_ text: Span<UInt8>) -> Reading {
        var reader = JSONReader(text)
        var message = FrontendMessage()
        switch reader.next() {
        case .beginObject: break
        case .invalid: return invalid(.invalidJSON)
        default: return notObject(&reader)
        }
        members: while true {
            switch reader.next() {
            case .key(let token):
                let field = field(token, in: text)
                let value = reader.value()
                if case .invalid = value { return invalid(.invalidJSON) }
                if let field { message.set(field, value) }
            case .endObject: break members
            default: return invalid(.invalidJSON)
            }
        }
        guard case .end = reader.next() else { return invalid(.invalidJSON) }
        guard message.wrong == 0 else {
            let field = Field(rawValue: UInt8(message.wrong.trailingZeroBitCount))
            return .invalid(
                Defect(code: .invalidRequest, field: field, messageID: message.messageID))
        }
        return .message(message)
    }

    private static func invalid(_ code: Code) -> Reading {
        .invalid(Defect(code: code, field: nil, messageID: nil))
    }

    /// Some other value: a wrong request when it is JSON to its end.
    private static func notObject(_ reader: inout JSONReader) -> Reading {
        while true {
            switch reader.next() {
            case .end: return invalid(.invalidRequest)
            case .invalid: return invalid(.invalidJSON)
            default: continue
            }
        }
    }

    @inline(__always)
    private mutating func set(_ field: Field, _ value: JSONValue) {
        let bit: UInt8 = 1 << field.rawValue
        wrong &= ~bit
        switch field {
        case .type:
            let number = integer(value, bit)
            type = number ?? 0
            if number == nil { wrong |= bit }
        case .groupID: groupID = integer(value, bit)
        case .id: id = integer(value, bit)
        case .messageID: messageID = string(value, bit)
        case .to: to = string(value, bit)
        case .content: content = string(value, bit)
        case .status: status = string(value, bit)
        }
    }

    @inline(__always)
    private mutating func integer(_ value: JSONValue, _ bit: UInt8) -> Int64? {
        if case .number(let number) = value, let integer = number.integer { return integer }
        if value != .null { wrong |= bit }
        return nil
    }

    @inline(__always)
    private mutating func string(_ value: JSONValue, _ bit: UInt8) -> JSONString? {
        if case .string(let token) = value { return token }
        if value != .null { wrong |= bit }
        return nil
    }

    /// Which field a key names. Keys with escapes are rare and take the long way.
    @inline(__always)
    private static func field(_ key: JSONString, in text: Span<UInt8>) -> Field? {
        if key.hasEscapes {
            return Field.allCases.first { key.equals($0.name, in: text) }
        }
        guard key.length <= 8, key.length >= 2 else { return nil }
        var packed: UInt64 = 0
        for index in key.range { packed = packed &<< 8 | UInt64(text[index]) }
        // Raw control characters are no JSON, so no byte is NUL and the length is in the number.
        switch packed {
        case 0x7479_7065: return .type
        case 0x6D73_675F_6964: return .messageID
        case 0x746F: return .to
        case 0x6772_6F75_705F_6964: return .groupID
        case 0x63_6F6E_7465_6E74: return .content
        case 0x6964: return .id
        case 0x7374_6174_7573: return .status
        default: return nil
        }
    }
}
