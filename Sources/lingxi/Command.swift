// The verbs.

import Configuration
import Glibc
import Load

/// The version of the server and of what it prints about itself.
let lingxiVersion = "0.1.0"

/// Runs what the arguments say; the exit code.
func runCommand(_ arguments: [String]) -> CInt {
    switch Invocation.parse(arguments) {
    case .serve(let flags): return serve(flags)
    case .configCheck(let flags):
        let outcome = Configuration.check(flags, environment: Environment.current())
        if outcome.exitCode == 0 { print(outcome.text) } else { complain(outcome.text) }
        return outcome.exitCode
    case .load(let rest): return LoadCommand.run(rest)
    case .version:
        print("lingxi \(lingxiVersion)")
        return 0
    case .help:
        print(Invocation.usage)
        return 0
    case .refused(let text):
        complain(text)
        return Invocation.usageExitCode
    }
}

/// One line to standard error.
func complain(_ text: String) {
    let line = text.hasSuffix("\n") ? text : text + "\n"
    var bytes = Array(line.utf8)
    unsafe bytes.withUnsafeMutableBytes { _ = unsafe write(2, $0.baseAddress, $0.count) }
}
