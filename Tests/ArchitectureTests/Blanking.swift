// Blanks comments and the contents of string literals, line by line.
//
//   code ──"──► string ──"──► code      code ──//──► rest of the line is gone
//   code ──/*──► comment ──*/──► code   (nested)      `"""` and `#"…"#` likewise
//
// What stands inside `\( )` in a string is blanked too: no rule here looks for it.

enum Blanking {
    private enum State {
        case code
        case comment(depth: Int)
        case string(hashes: Int, multiline: Bool)
    }

    static func code(of lines: [String]) -> [String] {
        var state = State.code
        return lines.map { blank($0, &state) }
    }

    private static func blank(_ line: String, _ state: inout State) -> String {
        let text = Array(line)
        var kept: [Character] = []
        var index = 0
        while index < text.count {
            switch state {
            case .code:
                if starts(text, index, "//") { return String(kept) }
                if starts(text, index, "/*") {
                    state = .comment(depth: 1)
                    index += 2
                } else if let opening = opening(text, index) {
                    state = .string(hashes: opening.hashes, multiline: opening.multiline)
                    index += opening.length
                } else {
                    kept.append(text[index])
                    index += 1
                }
            case .comment(let depth):
                if starts(text, index, "*/") {
                    state = depth == 1 ? .code : .comment(depth: depth - 1)
                    index += 2
                } else if starts(text, index, "/*") {
                    state = .comment(depth: depth + 1)
                    index += 2
                } else {
                    index += 1
                }
            case .string(let hashes, let multiline):
                let marks = String(repeating: "#", count: hashes)
                if starts(text, index, (multiline ? "\"\"\"" : "\"") + marks) {
                    state = .code
                    index += (multiline ? 3 : 1) + hashes
                    kept.append("_")
                } else {
                    index += text[index] == "\\" && hashes == 0 ? 2 : 1
                }
            }
        }
        if case .string(_, false) = state { state = .code }
        return String(kept)
    }

    private static func starts(_ text: [Character], _ index: Int, _ mark: String) -> Bool {
        text[index...].starts(with: mark)
    }

    private static func opening(
        _ text: [Character], _ index: Int
    ) -> (length: Int, hashes: Int, multiline: Bool)? {
        let hashes = text[index...].prefix { $0 == "#" }.count
        let quote = index + hashes
        guard quote < text.count, text[quote] == "\"" else { return nil }
        let multiline = starts(text, quote, "\"\"\"")
        return (hashes + (multiline ? 3 : 1), hashes, multiline)
    }
}
