// What a search looks for, in any script and without regard to case or canonical form: both sides
// are folded, and in UTF-8 a match of bytes is a match of characters. A text is folded into memory
// that is used again for the next one.

import Base

package struct Keyword: ~Copyable {
    private let folded: String
    private var scratch = ByteBuffer(capacity: 1_024)

    package init(_ text: String) { folded = Folding.fold(text) }

    /// Whether `text`, which is UTF-8, contains the keyword.
    package mutating func matches(_ text: Span<UInt8>) -> Bool {
        scratch.removeAll()
        if FoldingTable.shared.append(text, to: &scratch) {
            return Search.contains(scratch.span, folded.utf8.span)
        }
        guard let valid = try? UTF8Span(validating: text) else { return false }
        return Folding.fold(String(copying: valid)).utf8Contains(folded)
    }
}
