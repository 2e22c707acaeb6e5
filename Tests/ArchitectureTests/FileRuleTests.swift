// House rules that a machine can check, on every Swift file of Sources and Tests:
// size, width, an opening comment, nothing left for later, nothing that traps by design, and names
// that say what a thing is. Words from outside of the project are refused in all its text.

import Testing

@Suite struct FileRuleTests {
    static let linesMax = 400
    static let columnsMax = 100

    /// Written backwards, so that this file does not hold them itself.
    static let leftForLater = ["ODOT", "EMXIF", "KCAH"].map(reversed)
    static let foreign = ["/krow/", "/mraf/", "/toor/", "derahs/..", "-mraf", "tnegabus"]
        .map(reversed)
    static let trapping = ["!yrt", "!sa", "elbatset@"].map(reversed)
    static let vague = ["reganaM", "repleH", "slitU", "litU"].map(reversed)

    static func reversed(_ text: String) -> String { String(text.reversed()) }

    /// What is wrong with one Swift file, in words.
    static func faults(of file: SourceFile) -> [String] {
        var faults: [String] = []
        if file.lines.count > linesMax { faults.append("\(file.lines.count) lines") }
        if file.lines.first?.hasPrefix("//") != true { faults.append("no opening comment") }
        if file.code.allSatisfy({ $0.allSatisfy(\.isWhitespace) }) { faults.append("no code") }
        for (index, line) in file.lines.enumerated() {
            let number = index + 1
            if line.count > columnsMax { faults.append("\(number): \(line.count) columns") }
            if line.contains("\t") { faults.append("\(number): a tab") }
            for word in leftForLater where words(of: line).contains(where: { $0 == word }) {
                faults.append("\(number): \(word)")
            }
            for text in trapping where holds(file.code[index], text) {
                faults.append("\(number): \(text)")
            }
            if let name = declared(file.code[index]), vague.contains(where: name.hasSuffix) {
                faults.append("\(number): \(name) says nothing")
            }
        }
        if let name = file.parts.last?.split(separator: ".").first,
            vague.contains(where: name.hasSuffix)
        {
            faults.append("the file's name says nothing")
        }
        return faults.map { "\(file.path): \($0)" }
    }

    private static func words(of line: String) -> [Substring] {
        line.split { !($0.isLetter || $0.isNumber || $0 == "_") }
    }

    /// Whether the code has this text as a word of its own (`as!`, not `alias!`).
    private static func holds(_ code: String, _ text: String) -> Bool {
        code.split { " \t()[]{},:;".contains($0) }.contains { $0 == text }
    }

    /// The type that this line declares.
    private static func declared(_ code: String) -> Substring? {
        let words = words(of: code)
        let kinds: Set<Substring> = ["struct", "class", "enum", "protocol", "actor"]
        guard let kind = words.firstIndex(where: kinds.contains), kind + 1 < words.count else {
            return nil
        }
        return words[kind + 1]
    }

    @Test func swiftFilesKeepTheHouseRules() throws {
        let files = try Project.swiftFiles()
        #expect(files.count > 10, "the sources were not found")
        #expect(files.flatMap(Self.faults) == [])
    }

    @Test func nothingSpeaksOfAnotherWorld() throws {
        let folders = [
            "Sources", "Tests", "Benchmarks", "docs", "scripts", ".ci", "README.md", "Makefile",
            "Package.swift", "config.example.yaml",
        ].filter { Project.exists($0) }
        let files = try Project.files(
            in: folders,
            endings: [
                ".swift", ".c", ".h", ".py", ".md", ".yaml", ".json", ".js", ".css", ".html",
                "Makefile", "run", "deps", "venv", "check-link",
            ])
        for file in files {
            for (index, line) in file.lines.enumerated() {
                for word in Self.foreign where line.contains(word) {
                    Issue.record("\(file.path):\(index + 1): \(word)")
                }
            }
        }
    }

    @Test(arguments: [
        ("// Fine.\nlet answer = 42\n", 0),
        ("let answer = 42\n", 1),
        ("// Only a comment.\n", 1),
        ("// Long.\n" + String(repeating: "let a = 1\n", count: 400), 1),
        ("// Wide.\nlet a = \"\(String(repeating: "a", count: 100))\"\n", 1),
        ("// Later.\nlet a = 1  // \(reversed("ODOT")): more\n", 1),
        ("// Traps.\nlet a = \(reversed("!yrt")) b()\n", 1),
        ("// Traps.\nlet a = b \(reversed("!sa")) C\n", 1),
        ("// Speaks of it.\nlet a = \"\(reversed("!yrt")) \"  // \(reversed("!yrt")) it\n", 0),
        ("// Peeks.\n\(reversed("elbatset@")) import Base\n", 1),
        ("// Vague.\nfinal class User\(reversed("reganaM")) {}\n", 1),
    ])
    func aBrokenRuleIsSeen(text: String, count: Int) {
        let faults = Self.faults(of: SourceFile(path: "Sources/Base/Example.swift", text: text))
        #expect(faults.count == count, "\(faults)")
    }
}
