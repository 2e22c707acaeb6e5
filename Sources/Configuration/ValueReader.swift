// Values of each kind from a tree, with the words for what is wrong: `path: what; what to do`.

struct ValueReader {
    let source: Source
    let isSecret: Bool

    // MARK: Scalars

    func text(
        _ node: Node, _ path: String, _ rule: TextRule, _ problems: inout Problems
    ) -> String? {
        guard case .scalar(let text, let style) = node.content else {
            return wrong(node, path, "give a text", &problems)
        }
        if style == .plain, Node.isNull(text) {
            return wrong(node, path, "write \"\" for an empty text", &problems)
        }
        if text.utf8.contains(0) {
            return refuse(node, "\(path): holds a NUL byte; take it away", &problems)
        }
        if let objection = rule(text) {
            let subject = isSecret ? "" : "\(Shown.text(text)) "
            return refuse(node, "\(path): \(subject)\(objection)", &problems)
        }
        return text
    }

    func integer(
        _ node: Node, _ path: String, _ range: ClosedRange<Int>, _ advice: String,
        _ problems: inout Problems
    ) -> Int? {
        let bounds = "\(range.lowerBound) and \(range.upperBound)"
        guard case .scalar(let text, let style) = node.content,
            !(style == .plain && Node.isNull(text))
        else { return wrong(node, path, "give a whole number between \(bounds)", &problems) }
        let digits = text.utf8.first == UInt8(ascii: "-") ? text.utf8.dropFirst() : text.utf8[...]
        let isNumber = !digits.isEmpty && digits.allSatisfy { $0 >= 0x30 && $0 <= 0x39 }
        guard isNumber else {
            let message = "is not a whole number; give one between \(bounds)"
            return refuse(node, "\(path): \(Shown.text(text)) \(message)", &problems)
        }
        if style == .quoted {
            return wrong(node, path, "take the quotes away to make it a number", &problems)
        }
        // More digits than an Int has are out of range, too.
        guard let number = Int(text), range.contains(number) else {
            let message = "is not between \(bounds); \(advice)"
            return refuse(node, "\(path): \(Shown.text(text)) \(message)", &problems)
        }
        return number
    }

    /// YAML 1.2 core schema, 10.3.2. YAML 1.1's `yes` and `on` are refused rather than guessed.
    func truth(_ node: Node, _ path: String, _ problems: inout Problems) -> Bool? {
        guard case .scalar(let text, let style) = node.content,
            !(style == .plain && Node.isNull(text))
        else { return wrong(node, path, "write true or false", &problems) }
        if style == .quoted { return wrong(node, path, "write true or false", &problems) }
        switch text {
        case "true", "True", "TRUE": return true
        case "false", "False", "FALSE": return false
        default:
            let message = "is neither true nor false; write true or false"
            return refuse(node, "\(path): \(Shown.text(text)) \(message)", &problems)
        }
    }

    func choice(
        _ node: Node, _ path: String, _ words: [String], _ problems: inout Problems
    ) -> String? {
        let list = words.joined(separator: ", ")
        guard case .scalar(let text, let style) = node.content,
            !(style == .plain && Node.isNull(text))
        else { return wrong(node, path, "give one of \(list)", &problems) }
        guard words.contains(text) else {
            let fix = Suggestion.fix(text, among: words, otherwise: "give one of them")
            return refuse(node, "\(path): \(Shown.text(text)) is none of \(list)\(fix)", &problems)
        }
        return text
    }

    // MARK: Collections

    func list(
        _ node: Node, _ path: String, _ rule: TextRule, _ problems: inout Problems
    ) -> [String]? {
        guard case .sequence(let items) = node.content else {
            return wrong(node, path, "give a list, as [a, b], or [] for none", &problems)
        }
        return items.enumerated().compactMap { index, item in
            text(item, "\(path)[\(index)]", rule, &problems)
        }
    }

    func map(
        _ node: Node, _ path: String, _ rule: TextRule, _ problems: inout Problems
    ) -> [String: String]? {
        guard case .mapping(let pairs) = node.content else {
            return wrong(node, path, "give a map, as { name: value }, or {} for none", &problems)
        }
        var result: [String: String] = [:]
        for member in members(pairs, path, &problems) {
            let place = "\(path).\(member.name)"
            if member.name.isEmpty {
                source.add(member.key, "\(path): a name is empty; give one", &problems)
            } else if let value = text(member.value, place, rule, &problems) {
                result[member.name] = value
            }
        }
        return result
    }

    func providers(
        _ node: Node, _ path: String, _ problems: inout Problems
    ) -> [Configuration.Provider]? {
        guard case .sequence(let items) = node.content else {
            return wrong(
                node, path, "give a list, as [{ name, base_url, api_key, model }]", &problems)
        }
        return items.enumerated().compactMap { index, item in
            provider(item, "\(path)[\(index)]", &problems)
        }
    }

    private func provider(
        _ node: Node, _ path: String, _ problems: inout Problems
    ) -> Configuration.Provider? {
        guard case .mapping(let pairs) = node.content else {
            return wrong(node, path, "give { name, base_url, api_key, model }", &problems)
        }
        let known: [(name: String, rule: TextRule)] = [
            ("name", Rules.word), ("base_url", Rules.address), ("api_key", Rules.any),
            ("model", Rules.notEmpty),
        ]
        var given: [String: String] = [:]
        var bad = false
        for member in members(pairs, path, &problems) {
            guard let row = known.first(where: { $0.name == member.name }) else {
                let fix = Suggestion.fix(
                    member.name, among: known.map(\.name),
                    otherwise: "a provider has name, base_url, api_key and model")
                source.add(
                    member.key, "\(path).\(Shown.text(member.name)): no such key\(fix)", &problems)
                continue
            }
            // Only the key is secret: what is wrong with the rest may be shown.
            let reader = ValueReader(source: source, isSecret: row.name == "api_key")
            let value = reader.text(member.value, "\(path).\(row.name)", row.rule, &problems)
            bad = bad || value == nil
            given[row.name] = value
        }
        for name in ["name", "base_url", "model"] where given[name] == nil && !bad {
            source.add(node, "\(path): \(name) is missing; add it", &problems)
            bad = true
        }
        if bad { return nil }
        return Configuration.Provider(
            name: given["name", default: ""], baseURL: given["base_url", default: ""],
            apiKey: given["api_key", default: ""], model: given["model", default: ""])
    }

    // MARK: Parts

    /// The members of a map by name; keys that are no words, and names given twice, are reported
    /// and left out.
    func members(
        _ pairs: [(key: Node, value: Node)], _ path: String, _ problems: inout Problems
    ) -> [(name: String, key: Node, value: Node)] {
        var seen: [String: Int] = [:]
        var result: [(name: String, key: Node, value: Node)] = []
        let prefix = path.isEmpty ? "" : "\(path)."
        for (key, value) in pairs {
            guard case .scalar(let name, _) = key.content else {
                if case .refused = key.content { continue }
                let whole = path.isEmpty ? "" : "\(path): "
                source.add(key, "\(whole)\(key.kindName) stands for a key; write a name", &problems)
                continue
            }
            if let line = seen[name] {
                let message = "is given twice, first in line \(line); keep one"
                source.add(key, "\(prefix)\(Shown.text(name)): \(message)", &problems)
                continue
            }
            seen[name] = key.line
            result.append((name, key, value))
        }
        return result
    }

    /// A value of the wrong kind. What was refused before is not spoken of again.
    private func wrong<Value>(
        _ node: Node, _ path: String, _ fix: String, _ problems: inout Problems
    ) -> Value? {
        if case .refused = node.content { return nil }
        return refuse(node, "\(path): \(node.kindName) stands here; \(fix)", &problems)
    }

    private func refuse<Value>(
        _ node: Node, _ message: String, _ problems: inout Problems
    ) -> Value? {
        source.add(node, message, &problems)
        return nil
    }
}
