// Brings the sources together: defaults < file < environment < flags.
//
//     config.yaml ─► DocumentReader ─┐
//     LINGXI_…    ─► Environment    ─┼─► take(key, node) ─► Configuration ─► relations
//     --set …     ─► Flags          ─┘
//
// Every source is read to its end whatever is wrong with it, so that one run tells all problems, in
// the order of the sources. A configuration is handed out only when there is none.

package struct Loaded: Equatable, Sendable {
    package let configuration: Configuration
    /// By `section.name`, for every key that was given anywhere.
    package let origins: [String: Origin]
    /// The file that was read; nil where there is none.
    package let file: String?
}

package enum LoadResult: Equatable, Sendable {
    case loaded(Loaded)
    case refused([Problem])
}

extension Configuration {
    /// The file read without `--config`, if it exists.
    package static let standardFile = "config.yaml"

    /// Reads all sources.
    /// - Parameters:
    ///   - environment: all variables; those that do not concern the server are ignored.
    ///   - standardFile: what is read when the flags name no file; it may be missing.
    package static func load(
        _ flags: Flags, environment: [String: String],
        standardFile: String = Configuration.standardFile
    ) -> LoadResult {
        var loader = Loader()
        loader.readFile(flags.file, standard: standardFile)
        loader.readEnvironment(environment)
        loader.readFlags(flags)
        loader.checkRelations()
        guard loader.problems.isEmpty else { return .refused(loader.problems.all) }
        return .loaded(
            Loaded(
                configuration: loader.configuration, origins: loader.origins, file: loader.file))
    }

    /// Reads `text` alone, as if it were the file `name`: no variables, no flags.
    package static func parse(_ text: [UInt8], name: String = "config.yaml") -> LoadResult {
        var loader = Loader()
        loader.file = name
        loader.read(text, name: name)
        loader.checkRelations()
        guard loader.problems.isEmpty else { return .refused(loader.problems.all) }
        return .loaded(
            Loaded(configuration: loader.configuration, origins: loader.origins, file: name))
    }
}

struct Loader {
    var configuration = Configuration()
    var origins: [String: Origin] = [:]
    /// Keys with a problem of their own; no relation is checked for them.
    var failed: Set<String> = []
    /// Keys of relations that do not hold.
    var unrelated: Set<String> = []
    var problems = Problems()
    var file: String?

    // MARK: File

    mutating func readFile(_ named: String?, standard: String) {
        let path = named ?? standard
        switch TextFile.read(path, bytesMax: DocumentReader.bytesMax) {
        case .bytes(let text):
            file = path
            read(text, name: path)
        case .missing:
            guard named != nil else { return }
            problems.add("--config", "\(Shown.path(path)) does not exist; give the path of a file")
        case .tooLong:
            problems.add(path, "the file is longer than 1 MiB; no configuration needs that")
        case .failed(let error):
            problems.add(path, "cannot be read (\(error)); let the server's user read it")
        }
    }

    mutating func read(_ text: [UInt8], name: String) {
        let (root, complaints) = DocumentReader.read(text)
        for complaint in complaints {
            problems.add("\(name):\(complaint.line):\(complaint.column)", complaint.message)
        }
        guard let root else { return }
        let source = Source.file(name)
        switch root.content {
        case .mapping(let pairs):
            let reader = ValueReader(source: source, isSecret: false)
            for member in reader.members(pairs, "", &problems) { readSection(member, source) }
        case .scalar(let text, .plain) where Node.isNull(text): return
        case .refused: return
        case .scalar, .sequence:
            source.add(
                root, "\(root.kindName) stands here; begin with a section, as server:", &problems)
        }
    }

    private mutating func readSection(
        _ section: (name: String, key: Node, value: Node), _ source: Source
    ) {
        guard Keys.sections.contains(section.name) else {
            let message = "\(Shown.text(section.name)): no such section\(sectionFix(section.name))"
            source.add(section.key, message, &problems)
            return
        }
        switch section.value.content {
        case .mapping(let pairs):
            let reader = ValueReader(source: source, isSecret: false)
            for member in reader.members(pairs, section.name, &problems) {
                guard let key = Keys.find(section: section.name, name: member.name) else {
                    let name = "\(section.name).\(Shown.text(member.name))"
                    let fix = keyFix(section.name, member.name)
                    source.add(member.key, "\(name): no such key\(fix)", &problems)
                    continue
                }
                take(key, member.value, from: source)
            }
        case .scalar(let text, .plain) where Node.isNull(text): return
        case .refused: return
        case .scalar, .sequence:
            let message = "\(section.value.kindName) stands here; write its keys below, indented"
            source.add(section.value, "\(section.name): \(message)", &problems)
        }
    }

    // MARK: Suggestions

    private func sectionFix(_ name: String) -> String {
        if let key = Keys.all.first(where: { $0.name == name }) {
            return "; write it below \(key.section):"
        }
        return Suggestion.fix(
            name, among: Keys.sections,
            otherwise: "the sections are \(Keys.sections.joined(separator: ", "))")
    }

    func keyFix(_ section: String, _ name: String) -> String {
        if let key = Keys.all.first(where: { $0.name == name }) {
            return "; it belongs to \(key.section)"
        }
        let names = Keys.names(in: section)
        return Suggestion.fix(
            name, among: names, otherwise: "\(section) has \(names.joined(separator: ", "))")
    }
}
