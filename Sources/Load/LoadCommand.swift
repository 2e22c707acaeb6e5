// The load generator behind `lingxi load MODE …`: options, setup, run, report.
//
//     standard error    what it does, a line a second
//     standard output   one line of JSON at the end
//     exit code         0 all is well · 1 something was lost, doubled, late or refused · 2 usage

import Base
import CLinux
import Glibc

package enum LoadCommand {
    package static let usage = """
        Usage: lingxi load MODE [flags]

          pairs     pairs of users; one of each writes to the other
          fanout    one group; some of its members write, all receive

          --url HOST:PORT        the server (127.0.0.1:8080)
          --pairs N              pairs: how many (100)
          --members N            fanout: members of the group (1000)
          --senders N            fanout: members who write (1)
          --in-flight N          messages under way for each sender (pairs 16, fanout 1)
          --rate N               messages a second on a schedule, instead of as answers allow
          --seconds S            measured time (5)
          --warmup-seconds S     time before that (1)
          --messages N           send so many messages instead, without warm-up
          --content-bytes N      length of a message's content, 48 to 16384 (100)
          --users-prefix TEXT    users are TEXT0, TEXT1, … (load)
          --seed N               of the text in messages and of the masks (1)
          --cpu N                run on this processor only
          --server-pid N         tell the processor time that this process uses
          --bare                 the server is the bare reference: no users, no numbers

        The server needs limits.enabled=false; auth.bcrypt_cost=4 makes many users quick.
        """

    /// Runs it; `arguments` begin with the mode. Returns the exit code.
    package static func run(_ arguments: [String]) -> CInt {
        if arguments.contains("--help") || arguments.contains("-h") {
            Terminal.note(usage)
            return 0
        }
        switch LoadOptions.parse(arguments) {
        case .failure(let failure):
            Terminal.note("lingxi load: \(failure)\n\(usage)")
            return 2
        case .success(let options):
            do throws(LoadFailure) {
                return try run(options)
            } catch {
                Terminal.note("lingxi load: \(error.text)")
                return 1
            }
        }
    }

    private static func run(_ options: LoadOptions) throws(LoadFailure) -> CInt {
        if let cpu = options.cpu, linux_pin_to_cpu(CInt(cpu)) != 0 {
            throw .system(.last("sched_setaffinity"))
        }
        raiseDescriptorLimit()
        let address = try LoadAddress(host: options.host, port: options.port)
        let run = Random.bytes(4).reduce(0) { $0 << 8 | UInt32($1) }
        let state = RunState(options, run: run)
        var names = LoadSetup.names(options)
        var targets: [String] = []
        var group: Int64 = 1
        if options.isBare {
            targets = names.indices.map { "/?member=\($0)&mode=\(options.mode.rawValue)" }
        } else {
            let accounts = try LoadSetup.accounts(options, address)
            names = accounts.map(\.name)
            targets = accounts.map { "/api/v1/ws?token=\($0.token)" }
            if options.mode == .fanout { group = try LoadSetup.group(accounts, address) }
        }
        let loop = try LoadConnecting.open(
            targets, address, seed: options.seed, isBare: options.isBare)
        let mode: any LoadMode
        switch options.mode {
        case .pairs: mode = PairsMode(options, state, names: names, seed: options.seed)
        case .fanout: mode = FanoutMode(options, state, group: group, seed: options.seed)
        }
        unsafe loop.handler = mode
        var loadRun = LoadRun(options, state, mode, loop)
        let report = withExtendedLifetime(mode) { loadRun.run() }
        loop.closeAll()
        let line = report.json()
        Terminal.result(line.span)
        if let failure = report.failure { Terminal.note("lingxi load: \(failure)") }
        return report.isGood ? 0 : 1
    }

    /// Every client is a descriptor, and the usual limit is 1,024.
    private static func raiseDescriptorLimit() {
        var limit = rlimit()
        guard unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else {
            return
        }
        limit.rlim_cur = limit.rlim_max
        _ = unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }
}
