// `lingxi serve`: puts the parts together, runs until a signal, and takes them apart in order.
//
//     configuration → data directory (lock) → recovery → log → hub, reactors → listeners → wait
//     SIGTERM, SIGINT → drain reactors (10 s at most) → workers → snapshot → log → exit 0
//
// Refusing to start is one clear line on standard error and exit code 1.

import API
import Base
import CLinux
import Chat
import Configuration
import Glibc
import Hub
import Reactor
import Store

/// Seconds for connections to end in good order after SIGTERM; the whole exit has 10.
private let drainSeconds = 7
/// After this the exit waits for no disk any more, nor after that long at its end.
private let exitNanoseconds: UInt64 = 9_500_000_000
private let closeNanoseconds: UInt64 = 3_000_000_000

/// Why the server does not start.
struct Refusal: Error {
    let sentence: String
    init(_ sentence: String) { self.sentence = sentence }
}

func serve(_ flags: Flags) -> CInt {
    let configuration: Configuration
    switch Configuration.load(flags, environment: Environment.current()) {
    case .loaded(let loaded): configuration = loaded.configuration
    case .refused(let problems):
        complain(Configuration.report(problems))
        return 1
    }
    let log = LogWriter(level: configuration.log.level, format: configuration.log.format)
    do throws(Refusal) {
        try Server(configuration, log).run()
    } catch {
        log.flush(milliseconds: 1_000)
        complain("lingxi: \(error.sentence)")
        return 1
    }
    log.flush(milliseconds: 1_000)
    return 0
}

/// The main thread's own: everything else runs on threads that it starts and ends.
final class Server {
    private let configuration: Configuration
    private let log: LogWriter

    init(_ configuration: Configuration, _ log: LogWriter) {
        self.configuration = configuration
        self.log = log
    }

    func run() throws(Refusal) {
        let signals = SignalSource()
        raiseDescriptorLimit()
        let files = LinuxFileSystem()
        let directory = try openDirectory(files)
        let port = try openPort()
        let recovered = try recover(directory, files)
        let secret = try TokenSecret.load(configuration, directory: directory.path)
        let keys = TokenKeys(
            secret: secret, previous: configuration.auth.previousJWTSecrets.map { Array($0.utf8) })

        // The log hands batches to a hub that cannot exist before the loops do.
        let relay = HubRelay()
        let store = try openLog(directory, files, recovered.end, relay)
        let snapshotter = startSnapshots(directory, files, recovered, store)
        let upkeep = startUpkeep(recovered.tables, store)
        let reactors = try makeReactors(keys, recovered.tables, store, relay)
        for reactor in reactors {
            do throws(SystemError) {
                try reactor.loop.listen(try port.listener())
            } catch {
                throw Refusal("cannot listen on port \(port.port): \(error)")
            }
        }
        let threads = reactors.map { reactor in startThread(reactor.loop) }
        log.info(
            "listening",
            [
                "address": configuration.server.host, "port": port.port, "tls": false,
                "reactors": reactors.count,
            ])
        makeFirstAdmin(reactors)
        signals.wait()
        log.info("stopping")
        let deadline = Clock.monotonicNanoseconds() + exitNanoseconds
        drain(reactors, threads)
        reactors.first?.context.server.workers.stop()
        upkeep.stop()
        snapshotter.stop(by: deadline - closeNanoseconds)
        let patience = Clock.monotonicNanoseconds() + closeNanoseconds
        if !store.close(by: min(deadline, patience)) {
            log.error("the disk does not answer: stopped without it")
        }
        log.info("stopped")
    }

    // MARK: parts

    /// Every connection is a descriptor: takes as many as the system allows, and says how many.
    private func raiseDescriptorLimit() {
        var limit = rlimit()
        let kind = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        guard unsafe getrlimit(kind, &limit) == 0 else { return }
        limit.rlim_cur = limit.rlim_max
        _ = unsafe setrlimit(kind, &limit)
        log.info("descriptors", ["limit": UInt64(limit.rlim_cur)])
    }

    private func openDirectory(_ files: LinuxFileSystem) throws(Refusal) -> DataDirectory {
        do throws(StoreFailure) {
            return try DataDirectory(path: configuration.storage.dataDirectory, files: files)
        } catch {
            throw Refusal("\(error)")
        }
    }

    private func openPort() throws(Refusal) -> ListenerSet {
        let host = configuration.server.host
        let wanted = UInt16(clamping: configuration.server.port)
        do throws(SystemError) {
            return try Listener.open(host: host, port: wanted, count: reactorCount)
        } catch {
            if error.number == EADDRINUSE {
                throw Refusal("port \(wanted) on \(host) is in use; give another one with --port")
            }
            throw Refusal("cannot listen on \(host) port \(wanted): \(error)")
        }
    }

    private var reactorCount: Int {
        let wanted = configuration.server.reactors
        return min(max(wanted == 0 ? coreCount : wanted, 1), ReactorLimits.reactorsMax)
    }

    private var coreCount: Int { max(1, Int(sysconf(CInt(_SC_NPROCESSORS_ONLN)))) }

    private func recover(
        _ directory: DataDirectory, _ files: LinuxFileSystem
    ) throws(Refusal) -> Recovered {
        let report = RecoveryReport(log)
        let recovery = Recovery(directory, files, threads: min(coreCount, 4)) {
            report.progress($0)
        }
        do throws(StoreFailure) {
            let recovered = try recovery.run()
            report.end(recovered)
            return recovered
        } catch {
            throw Refusal("\(error)\(RecoveryReport.advice(error, directory.path))")
        }
    }

    private func openLog(
        _ directory: DataDirectory, _ files: LinuxFileSystem, _ end: LogEnd, _ relay: HubRelay
    ) throws(Refusal) -> Log {
        let policy: FsyncPolicy =
            switch configuration.storage.fsync {
            case .always: .always
            case .interval:
                .interval(milliseconds: configuration.storage.fsyncIntervalMilliseconds)
            case .never: .never
            }
        do throws(StoreFailure) {
            return try Log(
                directory: directory, files: files, policy: policy, end: end,
                report: { [log] in tell($0, to: log) }, release: { relay.release($0) })
        } catch {
            throw Refusal("\(error)")
        }
    }

    private func startSnapshots(
        _ directory: DataDirectory, _ files: LinuxFileSystem, _ recovered: Recovered, _ store: Log
    ) -> Snapshotter {
        var policy = SnapshotPolicy()
        policy.intervalSeconds = configuration.storage.snapshotIntervalSeconds
        policy.logBytes = configuration.storage.snapshotLogMegabytes << 20
        policy.kept = configuration.storage.snapshotsKept
        let writer = SnapshotWriter(
            directory: directory, files: files, tables: recovered.tables, log: store)
        let report = SnapshotReport(log)
        return Snapshotter(writer, policy, after: recovered) { report.event($0) }
    }

    private func startUpkeep(_ tables: Tables, _ store: Log) -> Upkeep {
        let report = UpkeepReport(log)
        let upkeep = Upkeep(
            tables: tables, log: store, policy: upkeepPolicy(configuration),
            report: { report.event($0) })
        upkeep.start()
        return upkeep
    }

    private func makeReactors(
        _ keys: TokenKeys, _ tables: Tables, _ store: Log, _ relay: HubRelay
    ) throws(Refusal) -> [Reactor] {
        // The loops call the delegates, which are made first and get their server afterwards.
        let delegates = (0..<reactorCount).map { _ in DelegateBox() }
        var loops: [EventLoop] = []
        do throws(SystemError) {
            for (index, delegate) in delegates.enumerated() {
                loops.append(
                    try EventLoop(
                        index: index, delegate: delegate,
                        connectionsMax: ReactorLimits.connectionsPerReactor))
            }
        } catch {
            throw Refusal("cannot start the reactors: \(error)")
        }
        let settings = apiSettings(configuration)
        try checkEchoPath(settings)
        let hub = Hub(loops: loops)
        relay.connect(hub)
        let chat = Chat(
            tables: tables, log: store, hub: hub, settings: chatSettings(configuration))
        let server = ServerContext(
            chat: chat, keys: keys, workers: WorkerPool(threads: 2),
            settings: settings, log: log)
        let router = Router(Routes.all(server.settings))
        return zip(loops, delegates).map { loop, delegate in
            let context = ReactorContext(server: server, router: router)
            context.attach(to: loop, hub: hub)
            delegate.context = context
            return Reactor(loop: loop, context: context, delegate: delegate)
        }
    }

    /// The echo endpoint must not stand where the server has something else.
    private func checkEchoPath(_ settings: APISettings) throws(Refusal) {
        var own = settings
        own.echoPath = ""
        if Routes.all(own).contains(where: { $0.path == settings.echoPath }) {
            throw Refusal(
                "server.ws_echo: \(settings.echoPath) is a path of the server; give another one")
        }
    }

    /// On a worker, because the hash of the password takes its time.
    private func makeFirstAdmin(_ reactors: [Reactor]) {
        guard let server = reactors.first?.context.server else { return }
        let configured = configuration.admin.password
        let name = configuration.admin.username
        _ = server.workers.submit {
            do throws(Failure) {
                let password = try server.chat.makeFirstAdmin(
                    name: name, password: configured.isEmpty ? nil : configured,
                    at: Clock.unixMilliseconds(), Workspace())
                server.chat.log.commit()
                if let password, configured.isEmpty {
                    complain(
                        "First admin: user \(name), password \(password) (shown only this once)")
                }
            } catch {
                server.log.error("the first admin cannot be stored", ["why": "\(error.code.name)"])
            }
        }
    }

    // MARK: the end

    private func drain(_ reactors: [Reactor], _ threads: [Thread]) {
        let left = Countdown(reactors.count)
        for (reactor, thread) in zip(reactors, threads) {
            reactor.loop.post(.task { loop in loop.drain() })
            awaitThread(thread, left)
        }
        if !left.wait(milliseconds: drainSeconds * 1_000) {
            log.warning("connections were cut off at the end of the drain time")
            for reactor in reactors { reactor.loop.post(.task { loop in loop.abort() }) }
            _ = left.wait(milliseconds: 1_500)
        }
    }
}

/// A loop with what belongs to it; lives as long as the process.
struct Reactor {
    let loop: EventLoop
    let context: ReactorContext
    let delegate: DelegateBox
}
