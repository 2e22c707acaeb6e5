// What several JSON tests share: a value as a plain tree, made at random, written by the writer
// and read back through the reader's steps. Strings are compared as bytes, because String's `==`
// takes canonically equivalent texts for equal.

import Base
import Wire

indirect enum JSONSample: Equatable {
    case null
    case bool(Bool)
    case integer(Int64)
    case real(String)
    case string([UInt8])
    case array([JSONSample])
    case object([Member])

    struct Member: Equatable {
        var name: [UInt8]
        var value: JSONSample
    }

    // MARK: Reading.

    /// The tree of `text`, or why the reader refuses it.
    static func read(_ text: [UInt8]) -> Result<JSONSample, JSONDefect> {
        let span = text.span
        var reader = JSONReader(span)
        do throws(JSONDefect) {
            let sample = try build(reader.next(), &reader, span)
            switch reader.next() {
            case .end: return .success(sample)
            case .invalid(let defect): return .failure(defect)
            default: preconditionFailure("a second value")
            }
        } catch {
            return .failure(error)
        }
    }

    static func defect(_ text: [UInt8]) -> JSONDefect? {
        if case .failure(let defect) = read(text) { return defect }
        return nil
    }

    private static func build(
        _ event: JSONEvent, _ reader: inout JSONReader, _ text: Span<UInt8>
    ) throws(JSONDefect) -> JSONSample {
        switch event {
        case .null: return .null
        case .bool(let value): return .bool(value)
        case .string(let token): return .string(bytes(token, text))
        case .number(let token):
            if let integer = token.integer { return .integer(integer) }
            return .real(String(decoding: token.range.map { text[$0] }, as: UTF8.self))
        case .beginArray:
            var elements: [JSONSample] = []
            while true {
                let next = reader.next()
                if next == .endArray { return .array(elements) }
                elements.append(try build(next, &reader, text))
            }
        case .beginObject:
            var members: [Member] = []
            while true {
                switch reader.next() {
                case .endObject: return .object(members)
                case .key(let name):
                    let value = try build(reader.next(), &reader, text)
                    members.append(Member(name: bytes(name, text), value: value))
                case .invalid(let defect): throw defect
                default: preconditionFailure("a member without a key")
                }
            }
        case .invalid(let defect): throw defect
        case .key, .endArray, .endObject, .end: preconditionFailure("no value")
        }
    }

    private static func bytes(_ token: JSONString, _ text: Span<UInt8>) -> [UInt8] {
        var buffer = ByteBuffer()
        buffer.append(unescaped: token, of: text)
        precondition(buffer.count == token.unescapedLength(in: text), "length and content differ")
        precondition(token.equals(buffer.span, in: text), "the token is not equal to its content")
        return Array(String(token, of: text).utf8)
    }

    // MARK: Writing.

    func text() -> [UInt8] {
        var buffer = ByteBuffer()
        buffer.append(json: { write(to: &$0) })
        return buffer.span.indices.map { buffer.span[$0] }
    }

    private func write(to writer: inout JSONWriter) {
        switch self {
        case .null: writer.null()
        case .bool(let value): writer.bool(value)
        case .integer(let value): writer.number(value)
        case .real(let text): writer.raw(text.utf8.span)
        case .string(let bytes): writer.string(bytes.span)
        case .array(let elements):
            writer.beginArray()
            for element in elements { element.write(to: &writer) }
            writer.endArray()
        case .object(let members):
            writer.beginObject()
            for member in members {
                writer.key(text: String(decoding: member.name, as: UTF8.self))
                member.value.write(to: &writer)
            }
            writer.endObject()
        }
    }

    // MARK: Chance.

    static func random(_ random: inout SeededRandom, depth: Int = 4) -> JSONSample {
        switch Int.random(in: 0..<(depth > 0 ? 8 : 5), using: &random) {
        case 0: return .null
        case 1: return .bool(Bool.random(using: &random))
        case 2:
            let shift = Int64.random(in: 0..<64, using: &random)
            return .integer(Int64.random(in: .min ... .max, using: &random) >> shift)
        case 3:
            return .real(
                ["1.5", "-0.0", "1e3", "2E-7", "12345678901234567890"]
                    .randomElement(using: &random) ?? "0.5")
        case 4: return .string(text(&random))
        case 5:
            return .array(
                (0..<Int.random(in: 0..<5, using: &random)).map { _ in
                    .random(&random, depth: depth - 1)
                })
        default:
            return .object(
                (0..<Int.random(in: 0..<5, using: &random)).map { _ in
                    Member(name: text(&random), value: .random(&random, depth: depth - 1))
                })
        }
    }

    /// Scalars from every length of UTF-8, with what needs escapes among them.
    static func text(_ random: inout SeededRandom) -> [UInt8] {
        var scalars = String.UnicodeScalarView()
        for _ in 0..<Int.random(in: 0..<24, using: &random) {
            let ranges: [ClosedRange<UInt32>] = [
                0x20...0x7E, 0x20...0x7E, 0x00...0x1F, 0x22...0x22, 0x5C...0x5C, 0x80...0x7FF,
                0x800...0xFFFF, 0x2028...0x2029, 0x4E00...0x9FFF, 0x10000...0x10FFFF,
            ]
            let range = ranges[Int.random(in: 0..<ranges.count, using: &random)]
            if let scalar = Unicode.Scalar(UInt32.random(in: range, using: &random)) {
                scalars.append(scalar)
            }
        }
        return Array(String(scalars).utf8)
    }
}
