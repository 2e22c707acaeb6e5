// The members of a server's frame that the generator looks at, as places in its payload.
//
//     {"type":2,"id":7,"seq":1,"msg_id":"…","from":"a","to":"b","content":"…","timestamp":1}
//
// Two readers. The quick one takes what a server writes that wastes no byte (no blanks, no escapes,
// no nesting) eight bytes at a time and in any order of members; whatever else it meets it leaves
// to the strict one, which reads all of JSON. Both give the same fields.

import Wire

package struct MessageFields: Equatable, Sendable {
    package var type: Int64 = 0
    package var id: Int64 = 0
    package var sequence: Int64 = 0
    package var messageID = 0..<0
    package var content = 0..<0
    package var status = 0..<0
    package var reason = 0..<0
    package var event = 0..<0

    package init() {}

    /// Nil: not a JSON object.
    @inline(__always)
    package static func read(_ payload: Span<UInt8>) -> MessageFields? {
        quick(payload) ?? strict(payload)
    }

    /// All of JSON. Strings with escapes are left empty: none of ours has any.
    package static func strict(_ payload: Span<UInt8>) -> MessageFields? {
        var reader = JSONReader(payload)
        guard case .beginObject = reader.next() else { return nil }
        var fields = MessageFields()
        while true {
            switch reader.next() {
            case .key(let token):
                let key = token.hasEscapes ? 0 : packed(payload, token.range)
                switch reader.value() {
                case .number(let number): fields.set(key, number.integer ?? 0)
                case .string(let string): fields.set(key, string.hasEscapes ? 0..<0 : string.range)
                case .invalid: return nil
                default: continue
                }
            case .endObject:
                return reader.next() == .end ? fields : nil
            default: return nil
            }
        }
    }

    /// Nil: not in the plain form.
    package static func quick(_ payload: Span<UInt8>) -> MessageFields? {
        let count = payload.count
        guard count >= 2, payload[0] == UInt8(ascii: "{") else { return nil }
        var fields = MessageFields()
        var at = 1
        while true {
            guard at < count, payload[at] == UInt8(ascii: "\"") else { return nil }
            let keyEnd = endOfString(payload, from: at &+ 1)
            guard keyEnd &+ 2 < count, payload[keyEnd &+ 1] == UInt8(ascii: ":") else { return nil }
            let key = packed(payload, at &+ 1..<keyEnd)
            at = keyEnd &+ 2
            if payload[at] == UInt8(ascii: "\"") {
                let end = endOfString(payload, from: at &+ 1)
                guard end < count else { return nil }
                fields.set(key, at &+ 1..<end)
                at = end &+ 1
            } else {
                let start = at
                var value: Int64 = 0
                while at < count, payload[at] &- UInt8(ascii: "0") < 10 {
                    value = value &* 10 &+ Int64(payload[at] &- UInt8(ascii: "0"))
                    at &+= 1
                }
                guard at > start, at &- start < 19 else { return nil }
                fields.set(key, value)
            }
            guard at < count else { return nil }
            if payload[at] == UInt8(ascii: "}") { return at &+ 1 == count ? fields : nil }
            guard payload[at] == UInt8(ascii: ",") else { return nil }
            at &+= 1
        }
    }

    /// Where the quote stands that ends the string; `count` when there is none, or an escape first.
    @inline(__always)
    private static func endOfString(_ payload: Span<UInt8>, from start: Int) -> Int {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let count = payload.count
        var at = start
        while at &+ 8 <= count {
            let word = payload.eightBytes(at: at)
            let quote = word ^ (ones &* 0x22)
            let backslash = word ^ (ones &* 0x5C)
            let hits =
                (((quote &- ones) & ~quote) | ((backslash &- ones) & ~backslash))
                & (ones &* 0x80)
            if hits != 0 {
                // The lowest hit is exact.
                at &+= hits.trailingZeroBitCount &>> 3
                return payload[at] == UInt8(ascii: "\"") ? at : count
            }
            at &+= 8
        }
        while at < count {
            if payload[at] == UInt8(ascii: "\"") { return at }
            if payload[at] == UInt8(ascii: "\\") { return count }
            at &+= 1
        }
        return count
    }

    /// A name of at most eight bytes as one number, its first byte lowest; 0 for longer ones.
    @inline(__always)
    private static func packed(_ payload: Span<UInt8>, _ range: Range<Int>) -> UInt64 {
        if range.count > 8 || range.isEmpty { return 0 }
        if range.lowerBound &+ 8 <= payload.count {
            let word = payload.eightBytes(at: range.lowerBound)
            let spare = UInt64(64 &- range.count &* 8)
            return (word &<< spare) &>> spare
        }
        var key: UInt64 = 0
        for index in range.reversed() { key = key &<< 8 | UInt64(payload[index]) }
        return key
    }

    @inline(__always)
    private mutating func set(_ key: UInt64, _ value: Int64) {
        switch key {
        case 0x6570_7974: type = value
        case 0x6469: id = value
        case 0x71_6573: sequence = value
        default: break
        }
    }

    @inline(__always)
    private mutating func set(_ key: UInt64, _ place: Range<Int>) {
        switch key {
        case 0x6469_5F67_736D: messageID = place
        case 0x74_6E65_746E_6F63: content = place
        case 0x7375_7461_7473: status = place
        case 0x6E6F_7361_6572: reason = place
        case 0x74_6E65_7665: event = place
        default: break
        }
    }
}
