// The members that a REST body is asked for, out of one JSON object, read once.
//
//     body    {"username":"li","x":[1,2],"max_count":5}
//     names   username      max_count      notice
//     slots   string "li"   number 5       nil            x was validated and passed over
//
// One slot a name, in the value itself: nothing is allocated but the Strings that are taken out.
// The whole body has been validated when the initialiser returns. Of a repeated name the last one
// counts, null counts as absent, and members that nobody asked for are ignored.
// To ask for a name that was not given at the start is a programmer's error and traps.

/// Why a field does not serve, in words for the `errors` of a problem document.
package struct FieldDefect: Error, Sendable {
    package enum Problem: Sendable {
        case missing, notString, notInteger, notBool, notObject, notArray
    }

    package let field: StaticString
    package let problem: Problem

    package var message: StaticString {
        switch problem {
        case .missing: "is required"
        case .notString: "must be a string"
        case .notInteger: "must be an integer"
        case .notBool: "must be true or false"
        case .notObject: "must be an object"
        case .notArray: "must be an array"
        }
    }
}

package struct JSONFields<let count: Int>: ~Escapable {
    private let text: Span<UInt8>
    private let names: InlineArray<count, StaticString>
    private var slots: InlineArray<count, JSONValue?>

    /// Reads the one object in `text`. Throws what makes it no JSON, or `.notObject`.
    @_lifetime(copy text)
    package init(
        _ text: Span<UInt8>, names: InlineArray<count, StaticString>
    ) throws(JSONDefect) {
        self.text = text
        self.names = names
        slots = InlineArray(repeating: nil)
        var reader = JSONReader(text)
        let isObject = reader.next() == .beginObject
        if !isObject { try JSONFields.validateRest(&reader) }
        members: while isObject {
            switch reader.next() {
            case .key(let token):
                let value = reader.value()
                if case .invalid(let defect) = value { throw defect }
                if let index = JSONFields.index(of: token, in: text, names) {
                    slots[index] = value
                }
            case .invalid(let defect): throw defect
            default: break members
            }
        }
        try JSONFields.validateRest(&reader)
        if !isObject { throw .notObject }
    }

    private static func validateRest(_ reader: inout JSONReader) throws(JSONDefect) {
        while true {
            switch reader.next() {
            case .end: return
            case .invalid(let defect): throw defect
            default: continue
            }
        }
    }

    private static func index(
        of token: JSONString, in text: Span<UInt8>, _ names: InlineArray<count, StaticString>
    ) -> Int? {
        for index in names.indices where token.equals(names[index], in: text) { return index }
        return nil
    }

    private func slot(_ name: StaticString) -> JSONValue? {
        let wanted = name.utf8Span
        for index in names.indices {
            let known = names[index].utf8Span
            guard known.count == wanted.count else { continue }
            if known.indices.allSatisfy({ known[$0] == wanted[$0] }) { return slots[index] }
        }
        preconditionFailure("a field is asked for that was not named")
    }

    // MARK: Presence.

    /// Whether the member is there, null included.
    package func isPresent(_ name: StaticString) -> Bool { slot(name) != nil }

    /// Whether the member is there and null.
    package func isNull(_ name: StaticString) -> Bool { slot(name) == .null }

    // MARK: Required members: absent or null is `.missing`.

    package func string(_ name: StaticString) throws(FieldDefect) -> String {
        try required(name, optionalString(name))
    }

    package func integer(_ name: StaticString) throws(FieldDefect) -> Int64 {
        try required(name, optionalInteger(name))
    }

    package func bool(_ name: StaticString) throws(FieldDefect) -> Bool {
        try required(name, optionalBool(name))
    }

    private func required<Value>(
        _ name: StaticString, _ value: Value?
    ) throws(FieldDefect) -> Value {
        guard let value else { throw FieldDefect(field: name, problem: .missing) }
        return value
    }

    // MARK: Optional members: absent or null is nil.

    package func optionalString(_ name: StaticString) throws(FieldDefect) -> String? {
        try optionalToken(name).map { String($0, of: text) }
    }

    /// The string's place in the body, for whoever wants its bytes and no String.
    package func optionalToken(_ name: StaticString) throws(FieldDefect) -> JSONString? {
        switch slot(name) {
        case .string(let token): return token
        case nil, .null: return nil
        default: throw FieldDefect(field: name, problem: .notString)
        }
    }

    /// An integer, as `JSONNumber.integer` defines it.
    package func optionalInteger(_ name: StaticString) throws(FieldDefect) -> Int64? {
        let value = slot(name)
        if case .number(let number) = value, let integer = number.integer { return integer }
        if value == nil || value == .null { return nil }
        throw FieldDefect(field: name, problem: .notInteger)
    }

    package func optionalBool(_ name: StaticString) throws(FieldDefect) -> Bool? {
        switch slot(name) {
        case .bool(let value): return value
        case nil, .null: return nil
        default: throw FieldDefect(field: name, problem: .notBool)
        }
    }

    /// Where the nested object stands in the body; its text can be read in the same way.
    package func optionalObject(_ name: StaticString) throws(FieldDefect) -> Range<Int>? {
        switch slot(name) {
        case .object(let place): return place.range
        case nil, .null: return nil
        default: throw FieldDefect(field: name, problem: .notObject)
        }
    }

    package func optionalArray(_ name: StaticString) throws(FieldDefect) -> Range<Int>? {
        switch slot(name) {
        case .array(let place): return place.range
        case nil, .null: return nil
        default: throw FieldDefect(field: name, problem: .notArray)
        }
    }
}
