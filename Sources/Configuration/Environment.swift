// Variables `LINGXI_SECTION_KEY`, and for secrets `LINGXI_SECTION_KEY_FILE`, which names a file
// that holds the value (one newline at its end is not part of it).
//
// A variable that begins with `LINGXI_` and a section's name must name a key, or it is an error:
// mistyped settings are never ignored. Any other `LINGXI_…` is somebody else's (service links of a
// container platform, test seeds) and is ignored. Lists are `a, b` or YAML (`[a, b]`), maps and
// providers YAML. An empty variable is an empty text, list or map, and an error elsewhere.

@unsafe @preconcurrency import Glibc

package enum Environment {
    /// The variables of this process. Names and values that are not UTF-8 are repaired with U+FFFD.
    package static func current() -> [String: String] {
        var result: [String: String] = [:]
        guard var entry = unsafe __environ else { return result }
        while let text = unsafe entry.pointee {
            let parts = unsafe String(cString: text).split(
                separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            if parts.count == 2 { result[String(parts[0])] = String(parts[1]) }
            unsafe entry += 1
        }
        return result
    }
}

extension Loader {
    /// A secret's file is a line or a short list.
    private static var secretBytesMax: Int { 65_536 }

    mutating func readEnvironment(_ variables: [String: String]) {
        for (name, value) in variables.sorted(by: { $0.key < $1.key }) {
            guard let section = Self.section(of: name) else { continue }
            readVariable(name, value, section: section, variables)
        }
    }

    /// The section that `LINGXI_SECTION_…` names.
    private static func section(of name: String) -> String? {
        Keys.sections.first { name.hasPrefix("LINGXI_\($0.uppercased())_") }
    }

    private mutating func readVariable(
        _ name: String, _ value: String, section: String, _ variables: [String: String]
    ) {
        if let key = Keys.all.first(where: { $0.variable == name }) {
            takeText(key, value, from: .variable(name))
            return
        }
        let suffix = "_FILE"
        let base = name.hasSuffix(suffix) ? String(name.dropLast(suffix.count)) : nil
        guard let base, let key = Keys.all.first(where: { $0.variable == base }) else {
            let known = Keys.all.filter { $0.section == section }.flatMap { key in
                key.isSecret ? [key.variable, key.variable + suffix] : [key.variable]
            }
            let near = Suggestion.nearest(to: name, among: known)
            let fix = near.map { "did you mean \($0)?" } ?? "unset it, or see config.example.yaml"
            problems.add(name, "no such variable; \(fix)")
            return
        }
        if !key.isSecret {
            problems.add(name, "\(key.path) is no secret and takes no file; set \(base)")
        } else if variables[base] != nil {
            problems.add(name, "\(base) is set too; set one of the two")
            failed.insert(key.path)
        } else {
            readSecret(key, file: value, variable: name)
        }
    }

    private mutating func readSecret(_ key: Key, file: String, variable: String) {
        failed.insert(key.path)
        switch TextFile.read(file, bytesMax: Self.secretBytesMax) {
        case .bytes(var bytes):
            if bytes.last == UInt8(ascii: "\n") { bytes.removeLast() }
            guard let text = String(validating: bytes, as: UTF8.self) else {
                problems.add(variable, "\(key.path): \(Shown.text(file)) is not UTF-8; save it so")
                return
            }
            failed.remove(key.path)
            takeText(key, text, from: .variable(variable))
        case .missing:
            problems.add(variable, "\(key.path): \(Shown.path(file)) does not exist; create it")
        case .tooLong:
            problems.add(
                variable, "\(key.path): \(Shown.text(file)) is longer than 64 KiB; shorten it")
        case .failed(let error):
            let fix = "let the server's user read it"
            problems.add(
                variable, "\(key.path): \(Shown.text(file)) cannot be read (\(error)); \(fix)")
        }
    }

    mutating func takeText(_ key: Key, _ text: String, from source: Source) {
        take(key, Node(line: 1, column: 1, content: .scalar(text, .outside)), from: source)
    }

    mutating func readFlags(_ flags: Flags) {
        for setting in flags.settings {
            if let key = Keys.find(setting.path) {
                takeText(key, setting.value, from: .flag(setting.flag))
                continue
            }
            let message = "\(Shown.text(setting.path)): no such key"
            let fix = Suggestion.fix(
                setting.path, among: Keys.all.map(\.path),
                otherwise: "write it as section.key=value, as in config.example.yaml")
            problems.add(setting.flag, message + fix)
        }
    }
}
