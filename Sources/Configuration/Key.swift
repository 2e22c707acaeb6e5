// One key of the configuration: its name, what it may hold, and where it lives in `Configuration`.
//
// A `Kind` carries the key path, so a row of the table is all that YAML, the environment, flags,
// the example file, `config check` and reload need to know. Keys of a new kind need a case here
// and a branch in `Reading.swift` and `Rendering.swift`; keys of a kind that exists need a row
// only.

typealias Place<Value> = any WritableKeyPath<Configuration, Value> & Sendable

/// Says what is wrong with a text ("is not an address; give …"), or nil.
typealias TextRule = @Sendable (String) -> String?

package struct Key: Sendable {
    package let section: String
    package let name: String
    let kind: Kind
    /// One line for the example file.
    package let purpose: String
    package let reloading: Reloading
    /// Secrets are never shown, and have a `_FILE` twin in the environment.
    package let isSecret: Bool

    init(
        _ path: StaticString, _ kind: Kind, _ purpose: String, reloading: Reloading = .restart,
        isSecret: Bool = false
    ) {
        let parts = path.description.split(separator: ".", maxSplits: 1)
        precondition(parts.count == 2, "a key's path is section.name")
        section = String(parts[0])
        name = String(parts[1])
        self.kind = kind
        self.purpose = purpose
        self.reloading = reloading
        self.isSecret = isSecret
    }

    /// `server.port`
    package var path: String { "\(section).\(name)" }

    /// `LINGXI_SERVER_PORT`
    package var variable: String { "LINGXI_\(section.uppercased())_\(name.uppercased())" }

    /// Whether SIGHUP changes the value in a running server.
    package enum Reloading: Sendable {
        case live
        /// Live while both the old and the new value are set: a certificate can be replaced, but
        /// TLS cannot be switched on or off.
        case liveWhenSet
        case restart
    }

    enum Kind: Sendable {
        case text(Place<String>, TextRule)
        /// The last text says what to do about a number out of range.
        case integer(Place<Int>, ClosedRange<Int>, String)
        case truth(Place<Bool>)
        case choice(Choice)
        case list(Place<[String]>, TextRule)
        case map(Place<[String: String]>, TextRule)
        case providers(Place<[Configuration.Provider]>)
    }

    /// An enum of fixed words, without its type.
    struct Choice: Sendable {
        let words: [String]
        let get: @Sendable (Configuration) -> String
        /// False when the word is none of `words`.
        let set: @Sendable (inout Configuration, String) -> Bool
    }

    static func choice<Word: RawRepresentable<String> & CaseIterable & Sendable>(
        _ place: Place<Word>
    ) -> Kind {
        .choice(
            Choice(
                words: Word.allCases.map(\.rawValue),
                get: { $0[keyPath: place].rawValue },
                set: { configuration, text in
                    guard let word = Word(rawValue: text) else { return false }
                    configuration[keyPath: place] = word
                    return true
                }))
    }

    /// Copies this key's value from one configuration into another.
    func copy(from source: Configuration, to target: inout Configuration) {
        switch kind {
        case .text(let place, _): target[keyPath: place] = source[keyPath: place]
        case .integer(let place, _, _): target[keyPath: place] = source[keyPath: place]
        case .truth(let place): target[keyPath: place] = source[keyPath: place]
        case .choice(let choice): _ = choice.set(&target, choice.get(source))
        case .list(let place, _): target[keyPath: place] = source[keyPath: place]
        case .map(let place, _): target[keyPath: place] = source[keyPath: place]
        case .providers(let place): target[keyPath: place] = source[keyPath: place]
        }
    }

    /// Whether two configurations hold the same value for this key.
    package func isEqual(_ one: Configuration, _ other: Configuration) -> Bool {
        switch kind {
        case .text(let place, _): one[keyPath: place] == other[keyPath: place]
        case .integer(let place, _, _): one[keyPath: place] == other[keyPath: place]
        case .truth(let place): one[keyPath: place] == other[keyPath: place]
        case .choice(let choice): choice.get(one) == choice.get(other)
        case .list(let place, _): one[keyPath: place] == other[keyPath: place]
        case .map(let place, _): one[keyPath: place] == other[keyPath: place]
        case .providers(let place): one[keyPath: place] == other[keyPath: place]
        }
    }
}
