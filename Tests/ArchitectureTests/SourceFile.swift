// The project's own text, as the architecture tests see it.
//
// A file knows its path from the root, its lines, and its code: the same lines with comments and
// the contents of string literals blanked, so that a rule about code does not trip over prose.
// The blanking knows `//`, `/* */`, `"…"`, `"""…"""` and their raw forms; it is no Swift parser.

import Foundation

struct SourceFile: Sendable, CustomStringConvertible {
    /// From the root, like `Sources/Wire/Percent.swift`.
    let path: String
    let lines: [String]
    let code: [String]

    init(path: String, text: String) {
        self.path = path
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        if lines.last == "" { lines.removeLast() }
        self.lines = lines
        code = Blanking.code(of: lines)
    }

    var description: String { path }

    /// The folders and the name.
    var parts: [String] { path.split(separator: "/").map(String.init) }

    /// The module a file belongs to, by its folder.
    var module: String { parts.count > 2 ? parts[1] : "" }

    /// The modules that this file imports, each with the number of its line.
    var imports: [(module: String, line: Int)] {
        code.enumerated().compactMap { index, line in
            Import.module(in: line).map { ($0, index + 1) }
        }
    }
}

/// The working tree that this test was compiled from.
enum Project {
    static let root = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    /// All files below some folders or files of the root with one of these endings.
    static func files(in folders: [String], endings: [String]) throws -> [SourceFile] {
        var found: [SourceFile] = []
        for folder in folders {
            let start = root.appending(path: folder)
            let paths =
                isFolder(start)
                ? try FileManager.default.subpathsOfDirectory(atPath: start.path)
                    .map { "\(folder)/\($0)" } : [folder]
            for path in paths.sorted() where endings.contains(where: path.hasSuffix) {
                if path.contains("__pycache__") { continue }
                let text = try String(contentsOf: root.appending(path: path), encoding: .utf8)
                found.append(SourceFile(path: path, text: text))
            }
        }
        return found
    }

    /// The Swift files of the server and of its tests.
    static func swiftFiles() throws -> [SourceFile] {
        try files(in: ["Sources", "Tests"], endings: [".swift"])
    }

    static func exists(_ path: String) -> Bool {
        FileManager.default.fileExists(atPath: root.appending(path: path).path)
    }

    private static func isFolder(_ url: URL) -> Bool {
        (try? url.resourceValues(forKeys: [.isDirectoryKey]))?.isDirectory == true
    }
}

/// One `import` line.
enum Import {
    private static let modifiers: Set<String> = [
        "package", "public", "internal", "private", "fileprivate",
    ]
    private static let kinds: Set<String> = [
        "struct", "class", "enum", "protocol", "typealias", "func", "let", "var", "actor",
    ]

    /// The top module that this line imports; nil where it is no import.
    static func module(in line: String) -> String? {
        var words = line.split(whereSeparator: { " \t;".contains($0) }).map(String.init)
        while let first = words.first, first.hasPrefix("@") || modifiers.contains(first) {
            words.removeFirst()
        }
        guard words.first == "import" else { return nil }
        words.removeFirst()
        if let kind = words.first, kinds.contains(kind) { words.removeFirst() }
        return words.first.flatMap { $0.split(separator: ".").first.map(String.init) }
    }
}
