// Values as YAML text, such that reading the text gives the value again; and with secrets hidden.

extension Key {
    static let hidden = "***"

    /// The value in YAML flow form on one line: `8080`, `""`, `["@AI", "@ai"]`.
    package func rendered(_ configuration: Configuration) -> String {
        switch kind {
        case .text(let place, _): return YAMLText.scalar(configuration[keyPath: place])
        case .integer(let place, _, _): return String(configuration[keyPath: place])
        case .truth(let place): return configuration[keyPath: place] ? "true" : "false"
        case .choice(let choice): return choice.get(configuration)
        case .list(let place, _):
            let items = configuration[keyPath: place].map { YAMLText.quoted($0) }
            return "[\(items.joined(separator: ", "))]"
        case .map(let place, _):
            if configuration[keyPath: place].isEmpty { return "{}" }
            let items = configuration[keyPath: place].sorted { $0.key < $1.key }
                .map { "\(YAMLText.quoted($0.key)): \(YAMLText.quoted($0.value))" }
            return "{ \(items.joined(separator: ", ")) }"
        case .providers(let place):
            let items = configuration[keyPath: place].map { Self.provider($0, apiKey: $0.apiKey) }
            return "[\(items.joined(separator: ", "))]"
        }
    }

    /// The same for a person's eyes: secrets as `***`, an empty one as `""`.
    package func shown(_ configuration: Configuration) -> String {
        guard isSecret else { return rendered(configuration) }
        switch kind {
        case .providers(let place):
            let items = configuration[keyPath: place].map { provider in
                Self.provider(provider, apiKey: provider.apiKey.isEmpty ? "" : Self.hidden)
            }
            return "[\(items.joined(separator: ", "))]"
        case .list(let place, _):
            let items = configuration[keyPath: place].map { _ in Self.hidden }
            return "[\(items.joined(separator: ", "))]"
        case .text(let place, _):
            return configuration[keyPath: place].isEmpty ? "\"\"" : Self.hidden
        case .integer, .truth, .choice, .map: return Self.hidden
        }
    }

    private static func provider(_ provider: Configuration.Provider, apiKey: String) -> String {
        let name = YAMLText.quoted(provider.name)
        let base = YAMLText.quoted(provider.baseURL)
        let model = YAMLText.quoted(provider.model)
        let key = apiKey == hidden ? hidden : YAMLText.quoted(apiKey)
        return "{ name: \(name), base_url: \(base), api_key: \(key), model: \(model) }"
    }
}

enum YAMLText {
    /// Plain where nothing in the text can be taken for syntax, a number or null; else in quotes.
    static func scalar(_ text: String) -> String {
        let letters = text.utf8.first.map { ($0 | 0x20) >= 0x61 && ($0 | 0x20) <= 0x7A } ?? false
        let safe = text.utf8.allSatisfy { byte in
            let letter = (byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x7A
            return letter || (byte >= 0x2D && byte <= 0x3A) || byte == 0x5F
        }
        let reserved = Node.isNull(text) || ["true", "false"].contains(text.lowercased())
        let isHost =
            !text.isEmpty && text.utf8.allSatisfy { $0 == 0x2E || ($0 >= 0x30 && $0 <= 0x39) }
        let dots = text.utf8.count { $0 == 0x2E }
        if isHost && dots == 3 { return text }
        return letters && safe && !reserved && text.utf8.last != 0x3A ? text : quoted(text)
    }

    /// In double quotes (YAML 1.2, 7.3.1).
    static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar.value {
            case 0x22: result += "\\\""
            case 0x5C: result += "\\\\"
            case 0...0x1F, 0x7F...0x9F, 0x2028, 0x2029, 0xFEFF:
                let digits = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - digits.utf8.count) + digits
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}
