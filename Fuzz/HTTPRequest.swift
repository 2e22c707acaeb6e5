// Fuzzing of everything that reads a request before it is understood: head, chunked body, query.
//
// The first byte says where the input is cut; the rest is what came from the network. Beyond not
// faulting, a cut must not change what is read, and what is read must lie inside of what was given.

import Base
import Wire

@c(LLVMFuzzerTestOneInput)
public func fuzz(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    guard count > 0 else { return 0 }
    let bytes = unsafe UnsafeBufferPointer(start: start + 1, count: count - 1)
    check(unsafe Span(_unsafeElements: bytes), cut: unsafe min(Int(start[0]), count - 1))
    return 0
}

private func check(_ bytes: Span<UInt8>, cut: Int) {
    let parser = HTTPRequestParser()
    var head = HTTPRequestHead()
    var scanned = 0
    let first = parser.parse(bytes.extracting(first: cut), scanned: &scanned, into: &head)
    let second = first == .incomplete
        ? parser.parse(bytes, scanned: &scanned, into: &head) : first
    scanned = 0
    let whole = parser.parse(bytes, scanned: &scanned, into: &head)
    // A cut may put off a refusal until the head is complete, and changes nothing else.
    precondition(second == whole || second == .incomplete && bytes.count < 16_384)
    guard case .head(let length) = whole else { return }
    precondition(second == whole && length <= bytes.count)
    for place in 0..<head.headerCount {
        precondition(head.name(at: place).upperBound < head.value(at: place).lowerBound)
        precondition(head.value(at: place).upperBound < length)
    }
    precondition(!head.path.isEmpty && head.query.upperBound < length)

    var decoded = ByteBuffer()
    var fields = QueryFields()
    let query = bytes.extracting(head.query)
    while let field = fields.next(in: query) {
        do throws(PercentFailure) {
            _ = try Percent.decode(query.extracting(field.value), plusIsSpace: true, into: &decoded)
        } catch {
            precondition(error == .notUTF8, "the parser let a bad escape through")
        }
    }
    if head.body == .chunked { checkChunks(bytes.extracting(length...), cut: cut) }
}

private func checkChunks(_ bytes: Span<UInt8>, cut: Int) {
    var whole = HTTPChunkedBody()
    var decoded = ByteBuffer()
    let once = whole.decode(bytes, into: &decoded, limit: 4_096)
    precondition(decoded.count <= 4_096 && once.consumed <= bytes.count)

    var split = HTTPChunkedBody()
    var again = ByteBuffer()
    var twice = split.decode(bytes.extracting(first: cut), into: &again, limit: 4_096)
    if twice.outcome == .needMore {
        let taken = twice.consumed
        twice = split.decode(bytes.extracting(taken...), into: &again, limit: 4_096)
        precondition(taken + twice.consumed == once.consumed)
    }
    precondition(twice.outcome == once.outcome && again.count == decoded.count)
}
