// A piece of YAML with the place where it stands: what the reader of a document makes, and what the
// keys take their values from. Variables and flags are made into scalars too, so there is one way
// from text to value.

struct Node {
    /// From 1; columns count characters.
    var line: Int
    var column: Int
    var content: Content

    enum Content {
        case scalar(String, Style)
        case sequence([Node])
        case mapping([(key: Node, value: Node)])
        /// Something that was reported already; nothing further is said about it.
        case refused
    }

    enum Style {
        /// Without quotes: may be a number, a truth value or null.
        case plain
        /// In quotes, or a block: is text.
        case quoted
        /// From a variable or a flag: is whatever the key wants.
        case outside
    }

    /// What it is, for "is a list; give …".
    var kindName: String {
        switch content {
        case .scalar(let text, let style):
            if style == .plain, Self.isNull(text) { return "nothing" }
            return style == .quoted ? "text in quotes" : "text"
        case .sequence: return "a list"
        case .mapping: return "a map"
        case .refused: return "refused"
        }
    }

    /// YAML 1.2 core schema, 10.3.2: null.
    static func isNull(_ text: String) -> Bool {
        ["", "~", "null", "Null", "NULL"].contains(text)
    }
}
