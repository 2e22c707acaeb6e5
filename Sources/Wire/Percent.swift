// Percent-decoding (RFC 3986, 2.1) and the fields of a query string (`a=1&b=two+words`, the
// application/x-www-form-urlencoded form, in which `+` is a space).
//
// Strict: a percent sign without two hex digits and text that is not UTF-8 are errors, never passed
// on as they are. Decoded text goes behind what is in a buffer of the caller's; after an error the
// buffer is as it was before.

package import Base

package enum PercentFailure: Error, Equatable, Sendable {
    case badEscape
    case notUTF8
}

package enum Percent {
    /// Appends the text that `bytes` encode to `out`, and says where in `out` it stands.
    package static func decode(
        _ bytes: Span<UInt8>, plusIsSpace: Bool = false, into out: inout ByteBuffer
    ) throws(PercentFailure) -> Range<Int> {
        let start = out.count
        out.reserve(bytes.count)
        var isASCII = true
        var at = 0
        while at < bytes.count {
            var byte = bytes[at]
            if byte == UInt8(ascii: "%") {
                guard at &+ 2 < bytes.count, let high = HTTPByte.hexadecimal(bytes[at &+ 1]),
                    let low = HTTPByte.hexadecimal(bytes[at &+ 2])
                else {
                    out.truncate(to: start)
                    throw .badEscape
                }
                byte = high << 4 | low
                at &+= 3
            } else {
                if byte == UInt8(ascii: "+"), plusIsSpace { byte = HTTPByte.space }
                at &+= 1
            }
            isASCII = isASCII && byte < 0x80
            out.append(byte)
        }
        if !isASCII, !isUTF8(out.span(start..<out.count)) {
            out.truncate(to: start)
            throw .notUTF8
        }
        return start..<out.count
    }

    private static func isUTF8(_ bytes: Span<UInt8>) -> Bool {
        do {
            _ = try UTF8Span(validating: bytes)
            return true
        } catch {
            return false
        }
    }

    /// Whether `bytes` encode exactly `text`, as a field name of a query does.
    static func encodes(_ bytes: Span<UInt8>, in range: Range<Int>, _ text: StaticString) -> Bool {
        var at = range.lowerBound
        var place = 0
        while at < range.upperBound {
            if place == text.utf8CodeUnitCount { return false }
            var byte = bytes[at]
            if byte == UInt8(ascii: "%"), at &+ 2 < range.upperBound,
                let high = HTTPByte.hexadecimal(bytes[at &+ 1]),
                let low = HTTPByte.hexadecimal(bytes[at &+ 2])
            {
                byte = high << 4 | low
                at &+= 2
            } else if byte == UInt8(ascii: "+") {
                byte = HTTPByte.space
            }
            if unsafe byte != text.utf8Start[place] { return false }
            at &+= 1
            place &+= 1
        }
        return place == text.utf8CodeUnitCount
    }
}

/// What a query says under a name.
package enum QueryValue: Equatable, Sendable {
    /// The name is not there.
    case absent
    /// The decoded value stands here in the buffer that was given; it may be empty.
    case value(Range<Int>)
    case invalid(PercentFailure)
}

/// The fields of a query string in order, still encoded. Empty ones (`a&&b`) are left out.
package struct QueryFields {
    /// Offsets into the query; `value` is empty when there is no `=`.
    package struct Field: Equatable, Sendable {
        package let name: Range<Int>
        package let value: Range<Int>
    }

    private var at = 0

    package init() {}

    /// The next field of `query`, which must be the same at each call.
    package mutating func next(in query: Span<UInt8>) -> Field? {
        while at < query.count {
            let start = at
            var equals = -1
            while at < query.count, query[at] != UInt8(ascii: "&") {
                if query[at] == UInt8(ascii: "="), equals < 0 { equals = at }
                at &+= 1
            }
            let end = at
            at &+= 1
            if start == end { continue }
            if equals < 0 { return Field(name: start..<end, value: end..<end) }
            return Field(name: start..<equals, value: equals &+ 1..<end)
        }
        return nil
    }

    /// The value of the first field called `name`, decoded behind what is in `out`.
    package static func value(
        named name: StaticString, in query: Span<UInt8>, into out: inout ByteBuffer
    ) -> QueryValue {
        var fields = QueryFields()
        while let field = fields.next(in: query) {
            guard Percent.encodes(query, in: field.name, name) else { continue }
            do throws(PercentFailure) {
                return .value(
                    try Percent.decode(
                        query.extracting(field.value), plusIsSpace: true, into: &out))
            } catch {
                return .invalid(error)
            }
        }
        return .absent
    }
}
