// From a piece of YAML, a variable or a flag to the value of a key: the only way in, so that every
// source has the same rules and the same words for what is wrong.
//
// A value that is wrong is reported and leaves the key as it was; reading goes on behind it. Values
// of secrets are never shown.

import Base

extension Loader {
    /// Sets `key` to what `node` says.
    mutating func take(_ key: Key, _ node: Node, from source: Source) {
        let before = problems.count
        origins[key.path] = source.origin(node)
        guard let node = unfolded(key, node, source) else {
            failed.insert(key.path)
            return
        }
        let reader = ValueReader(source: source, isSecret: key.isSecret)
        switch key.kind {
        case .text(let place, let rule):
            if let text = reader.text(node, key.path, rule, &problems) {
                configuration[keyPath: place] = text
            }
        case .integer(let place, let range, let advice):
            if let number = reader.integer(node, key.path, range, advice, &problems) {
                configuration[keyPath: place] = number
            }
        case .truth(let place):
            if let truth = reader.truth(node, key.path, &problems) {
                configuration[keyPath: place] = truth
            }
        case .choice(let choice):
            if let word = reader.choice(node, key.path, choice.words, &problems) {
                _ = choice.set(&configuration, word)
            }
        case .list(let place, let rule):
            if let list = reader.list(node, key.path, rule, &problems) {
                configuration[keyPath: place] = list
            }
        case .map(let place, let rule):
            if let map = reader.map(node, key.path, rule, &problems) {
                configuration[keyPath: place] = map
            }
        case .providers(let place):
            if let list = reader.providers(node, key.path, &problems) {
                configuration[keyPath: place] = list
            }
        }
        if problems.count > before { failed.insert(key.path) }
    }

    /// A list or map that came as text from outside, as a tree: `a, b` or YAML.
    private mutating func unfolded(_ key: Key, _ node: Node, _ source: Source) -> Node? {
        guard case .scalar(let text, .outside) = node.content else { return node }
        var commas = false
        switch key.kind {
        case .text, .integer, .truth, .choice: return node
        case .list: commas = !text.drop(while: \.isWhitespace).hasPrefix("[")
        case .map, .providers: break
        }
        if commas {
            let items = text.split(separator: ",", omittingEmptySubsequences: true)
            let trimmed = items.map { Self.trimmed($0) }.filter { !$0.isEmpty }
            var list = node
            list.content = .sequence(
                trimmed.map { item in
                    var each = node
                    each.content = .scalar(item, .outside)
                    return each
                })
            return list
        }
        let (root, complaints) = DocumentReader.read(Array(text.utf8))
        for complaint in complaints {
            problems.add(
                source.place(node),
                "\(key.path): at \(complaint.line):\(complaint.column): \(complaint.message)")
        }
        guard complaints.isEmpty else { return nil }
        if let root { return root }
        var empty = node
        if case .map = key.kind {
            empty.content = .mapping([])
        } else {
            empty.content = .sequence([])
        }
        return empty
    }

    private static func trimmed(_ text: Substring) -> String {
        var rest = text.drop(while: \.isWhitespace)
        while rest.last?.isWhitespace == true { rest.removeLast() }
        return String(rest)
    }
}
