// Where a value comes from, and how that is told.

package enum Origin: Equatable, Sendable, CustomStringConvertible {
    case file(String, line: Int, column: Int)
    /// An environment variable.
    case variable(String)
    case flag(String)

    /// `config.yaml:12:9`, `LINGXI_SERVER_PORT`, `--port`.
    package var description: String {
        switch self {
        case .file(let name, let line, let column): "\(name):\(line):\(column)"
        case .variable(let name): name
        case .flag(let name): name
        }
    }
}

/// What is being read.
enum Source {
    case file(String)
    case variable(String)
    case flag(String)

    func origin(_ node: Node) -> Origin {
        switch self {
        case .file(let name): .file(name, line: node.line, column: node.column)
        case .variable(let name): .variable(name)
        case .flag(let name): .flag(name)
        }
    }

    func place(_ node: Node) -> String { origin(node).description }

    func add(_ node: Node, _ message: String, _ problems: inout Problems) {
        problems.add(place(node), message)
    }
}
