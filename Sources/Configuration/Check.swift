// `lingxi config check`: whether the configuration is good, and where each value that is not the
// default comes from.

/// What a verb says and how it ends.
package struct Outcome: Equatable, Sendable {
    /// With a newline at its end. For standard output when `exitCode` is 0, else standard error.
    package let text: String
    package let exitCode: CInt
}

extension Configuration {
    package static func check(
        _ flags: Flags, environment: [String: String],
        standardFile: String = Configuration.standardFile
    ) -> Outcome {
        switch load(flags, environment: environment, standardFile: standardFile) {
        case .refused(let problems):
            return Outcome(text: report(problems), exitCode: 1)
        case .loaded(let loaded):
            var text = "configuration is good\n"
            let defaults = Configuration()
            for key in Keys.all where !key.isEqual(loaded.configuration, defaults) {
                let origin = loaded.origins[key.path].map { " (\($0))" } ?? ""
                text += "\(key.path): \(key.shown(loaded.configuration))\(origin)\n"
            }
            return Outcome(text: text, exitCode: 0)
        }
    }

    /// One line a problem, as `serve` says it too when it refuses to start.
    package static func report(_ problems: [Problem]) -> String {
        problems.map { "\($0)\n" }.joined()
    }
}
