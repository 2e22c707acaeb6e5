// The command line as a value: which verb, with which flags.
//
//     lingxi serve [--config FILE] [--port N] [--data-dir DIR] [--set section.key=value]…
//     lingxi config check [the same flags]
//     lingxi load MODE …      (what follows is the load generator's own)
//     lingxi version | help
//
// A flag's value follows it or stands behind `=`. A flag given again replaces what it said before.
// Whether values are good is not decided here: `Configuration.load` does, with all sources.

/// What the flags say about the configuration.
package struct Flags: Equatable, Sendable {
    package struct Setting: Equatable, Sendable {
        /// How the flag is called in a message: `--port`, `--set server.port`.
        package let flag: String
        /// `server.port`
        package let path: String
        package let value: String
    }

    /// The file of `--config`; nil where the flag is not given.
    package var file: String?
    /// In the order of the command line.
    package var settings: [Setting] = []

    package init(file: String? = nil) { self.file = file }

    package mutating func set(_ flag: String, _ path: String, _ value: String) {
        settings.append(Setting(flag: flag, path: path, value: value))
    }
}

package enum Invocation: Equatable, Sendable {
    case serve(Flags)
    case configCheck(Flags)
    /// What follows `load`, untouched.
    case load([String])
    case version
    case help
    /// Cannot be understood: `text` is for standard error, and the exit code is `usageExitCode`.
    case refused(text: String)

    package static var usageExitCode: CInt { 2 }

    /// - Parameter arguments: without the program's own name.
    package static func parse(_ arguments: [String]) -> Invocation {
        guard let verb = arguments.first else { return .refused(text: usage) }
        let rest = Array(arguments.dropFirst())
        switch verb {
        case "serve": return withFlags(rest) { .serve($0) }
        case "config":
            guard let second = rest.first else {
                return refuse("config needs a verb: lingxi config check")
            }
            if isHelp(second) { return .help }
            guard second == "check" else {
                let fix = Suggestion.fix(
                    second, among: ["check"], otherwise: "there is lingxi config check")
                return refuse("config has no verb \(Shown.text(second))\(fix)")
            }
            return withFlags(Array(rest.dropFirst())) { .configCheck($0) }
        case "load": return .load(rest)
        case "version", "--version": return alone(rest, verb, .version)
        case "help", "--help", "-h": return alone(rest, verb, .help)
        default:
            if verb.hasPrefix("-") {
                return refuse("a verb comes before flags; did you mean lingxi serve \(verb)?")
            }
            let fix = Suggestion.fix(
                verb, among: ["serve", "config", "load", "version", "help"],
                otherwise: "the verbs are serve, config check, load, version, help")
            return refuse("there is no verb \(Shown.text(verb))\(fix)")
        }
    }

    /// For `help`, and for a call without arguments.
    package static let usage = """
        Usage: lingxi VERB [flags]

          serve          run the server, in the foreground
          config check   say whether the configuration is good, and where values come from
          load MODE      generate load against a server
          version        print the version
          help           print this

        Flags of serve and config check:
          --config FILE            read FILE; without it ./config.yaml is read if it exists
          --port N                 server.port
          --data-dir DIR           storage.data_dir
          --set SECTION.KEY=VALUE  any key of the configuration; may be given again

        Flags come before variables LINGXI_SECTION_KEY, these before the file.

        """

    // MARK: Flags

    private static let flagNames = ["--config", "--port", "--data-dir", "--set", "--help"]

    private static func withFlags(
        _ arguments: [String], _ make: (Flags) -> Invocation
    ) -> Invocation {
        var flags = Flags()
        var index = 0
        while index < arguments.count {
            let argument = arguments[index]
            index += 1
            if isHelp(argument) { return .help }
            let parts = argument.split(
                separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let name = String(parts.first ?? "")
            guard flagNames.contains(name), name != "--help" else { return unknown(name) }
            var value: String
            if parts.count == 2 {
                value = String(parts[1])
            } else if index < arguments.count, !flagNames.contains(arguments[index]) {
                value = arguments[index]
                index += 1
            } else {
                return refuse("\(name) needs a value, as in \(example(name))")
            }
            switch name {
            case "--config":
                if value.isEmpty { return refuse("--config needs a file, as in \(example(name))") }
                flags.file = value
            case "--port": flags.set(name, "server.port", value)
            case "--data-dir": flags.set(name, "storage.data_dir", value)
            default:
                guard let equals = value.firstIndex(of: "="), equals != value.startIndex else {
                    return refuse("--set needs section.key=value, as in \(example(name))")
                }
                let path = String(value[..<equals])
                value = String(value[equals...].dropFirst())
                flags.set("--set \(Shown.text(path))", path, value)
            }
        }
        return make(flags)
    }

    private static func unknown(_ name: String) -> Invocation {
        if !name.hasPrefix("-") {
            return refuse("\(Shown.text(name)) is no flag; flags begin with --, as --port 8080")
        }
        let fix = Suggestion.fix(
            name, among: flagNames,
            otherwise: "other keys are set with --set section.key=value")
        return refuse("there is no flag \(Shown.text(name))\(fix)")
    }

    private static func example(_ flag: String) -> String {
        switch flag {
        case "--config": "--config config.yaml"
        case "--port": "--port 8080"
        case "--data-dir": "--data-dir snapshots"
        default: "--set server.port=8080"
        }
    }

    private static func isHelp(_ text: String) -> Bool { text == "--help" || text == "-h" }

    private static func alone(
        _ rest: [String], _ verb: String, _ result: Invocation
    ) -> Invocation {
        guard let extra = rest.first, !isHelp(extra) else { return rest.isEmpty ? result : .help }
        return refuse("\(verb) takes nothing behind it; take \(Shown.text(extra)) away")
    }

    private static func refuse(_ sentence: String) -> Invocation {
        .refused(text: "lingxi: \(sentence) (lingxi help tells more)\n")
    }
}
