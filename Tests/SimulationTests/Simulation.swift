// One seed: several lives of a server on one disk, each with commands, faults and an end of its
// own, and after each the question whether the promise was kept.
//
//     shown ≤ what a start recovers ≤ appended        after the process died
//     promised ≤ what a start recovers ≤ appended     after the power went
//
// What was recovered is, to the byte, what was appended first; it gives the state that the model
// has after as many changes; and from then on it is promised, because it can be read.

import Base
import Chat
import Hub
import SimulatedDisk
import Store

final class Simulation {
    static let path = "/data"

    struct Entry {
        var change: Change
        var record: StoredRecord
    }

    let disk = MemoryDisk()
    let trace: Trace
    var random: SeededRandom
    /// What was appended; LSN n is at n - 1.
    private(set) var entries: [Entry] = []
    private(set) var model = Model()
    /// The last LSN that somebody may have heard of.
    var shown: LSN = 0
    /// The last LSN that was to be on disk by then.
    var promised: LSN = 0
    private var time: Int64 = 1_700_000_000_000
    private let lengths: Lengths

    private init(seed: UInt64, _ trace: Trace) {
        random = SeededRandom(seed: seed)
        self.trace = trace
        lengths = Lengths.allCases[Int(random.next() % 3)]
        disk.calm()
    }

    /// Runs the seed; gives what went wrong, or nil.
    static func run(seed: UInt64, _ trace: Trace = Trace(isOn: false)) -> Violation? {
        let simulation = Simulation(seed: seed, trace)
        do throws(Violation) {
            for life in 1...Int.random(in: 2...6, using: &simulation.random) {
                try simulation.live(life)
            }
            try simulation.lastLife()
            return nil
        } catch {
            trace.note("VIOLATION: \(error.what)")
            return error
        }
    }

    private static let policies: [FsyncPolicy] = [
        .always, .always, .interval(milliseconds: 1_000_000), .never,
    ]

    private func live(_ number: Int) throws(Violation) {
        let policy = Self.policies[Int(random.next() % 4)]
        let weather = Weather(&random)
        let faults = weather.faults.sorted { $0.key < $1.key }.map { "\($0.key):\($0.value)" }
        trace.note(
            "life \(number): fsync \(policy), \(lengths) messages, ends with \(weather.ending),"
                + " failing calls \(faults)")
        weather.begin(disk, steps: SeededRandom(seed: random.next()))
        guard let life = try start(policy) else {
            trace.note("  no start")
            return end(after: weather.ending.crash ?? .kill)
        }
        life.isCalm = weather.faults.isEmpty
        var steps = Int.random(in: 1...90, using: &random)
        while steps > 0, !disk.isDead {
            steps -= 1
            try step(life, weather)
        }
        try stop(life, weather)
    }

    /// A life on a good disk: whatever happened before, the server starts, and works.
    private func lastLife() throws(Violation) {
        trace.note("last life")
        guard let life = try start(.always) else {
            throw Violation(what: "no start on a good disk")
        }
        for _ in 0..<10 {
            try command(life)
            try settle(life, timed: false)
        }
        try close(life)
        end(after: .kill)
        guard try start(.always) != nil else { throw Violation(what: "no start after a stop") }
    }

    // MARK: steps

    private func step(_ life: Life, _ weather: Weather) throws(Violation) {
        switch Int.random(in: 0..<100, using: &random) {
        case 0..<5: try settle(life, timed: true)
        case 5..<8 where weather.fills:
            life.isCalm = false
            let room = Int.random(in: 0...2 << 20, using: &random)
            disk.with { $0.capacity = $0.used + room }
            trace.note("  the disk has \(room) bytes left")
        case 8..<11 where !life.isCalm: try mend(life)
        case 11: try compare(model, life.chat.tables, "in memory")
        case 12..<16: try takeSnapshot(life)
        case 16:
            for stripe in 0..<Life.stripes { life.pack(stripe) }
        default:
            try command(life)
            if random.chance(70) { life.log.commit() }
            if random.chance(50) { try settle(life, timed: random.chance(20)) }
        }
        try note(life)
    }

    func command(_ life: Life) throws(Violation) {
        time += 1
        let groups = model.groupsGiven
        let command = Command.random(model, lengths, time: time, &random)
        let expected = model.outcome(of: command, at: time)
        let effect = try life.give(command, at: time, expected: expected)
        switch effect {
        case .changed(let change):
            entries.append(Entry(change: change, record: change.record))
            model.apply(change)
        case .unchanged: break
        case .unavailable: model.groupsGiven = groups
        }
        trace.note("  \(command.line): \(effect.line), LSN \(life.log.appended)")
    }

    /// The end of a reactor's turn, and a turn of the log's duties.
    private func settle(_ life: Life, timed: Bool) throws(Violation) {
        life.log.commit()
        life.log.runDuties(timed: timed)
        try note(life)
        if !life.isCalm || disk.isDead { return }
        let appended = life.log.appended
        if life.ledger.released != appended || !life.ledger.isEmpty {
            throw Violation(what: "\(life.ledger.released) of \(appended) are released")
        }
        if timed, case .interval = life.policy, life.log.statistics.durable != appended {
            throw Violation(what: "\(life.log.statistics.durable) of \(appended) are synced")
        }
    }

    /// The disk works again, and so must the log.
    private func mend(_ life: Life) throws(Violation) {
        trace.note("  the disk is mended")
        disk.calm()
        for _ in 0..<2 {
            life.log.commit()
            life.log.runDuties()
        }
        life.isCalm = true
        try settle(life, timed: true)
    }

    /// Notes what has been handed out.
    private func note(_ life: Life) throws(Violation) {
        if let violation = life.ledger.violation { throw violation }
        if life.ledger.released > shown { trace.note("  released \(life.ledger.released)") }
        shown = max(shown, life.ledger.released)
        if case .always = life.policy { promised = max(promised, life.ledger.released) }
        promised = max(promised, life.log.statistics.durable)
    }

    // MARK: the end of a life

    private func stop(_ life: Life, _ weather: Weather) throws(Violation) {
        if let crash = weather.ending.crash {
            try note(life)
            life.log.abandon()
            return end(after: crash)
        }
        try close(life)
        disk.calm()
        if life.isCalm, random.chance(30) { try damage() }
        end(after: random.chance(50) ? .powerCut(keep: 50) : .kill)
    }

    private func close(_ life: Life) throws(Violation) {
        life.log.close()
        try note(life)
        trace.note("  closed at \(life.ledger.released)")
        if !life.isCalm { return }
        if life.ledger.released != life.log.appended || !life.ledger.isEmpty {
            throw Violation(what: "a clean stop releases \(life.ledger.released) only")
        }
        promised = life.log.appended
    }

    private func end(after crash: Crash) {
        let calls = disk.calls
        disk.restart(after: crash)
        disk.calm()
        if crash != .kill { shown = promised }
        trace.note("  \(crash) after \(calls) calls; promised \(promised), shown \(shown)")
    }

    // MARK: the beginning of a life

    /// Recovers and checks what is there, and opens the log behind it. Nil when the disk did not
    /// let it.
    private func start(_ policy: FsyncPolicy) throws(Violation) -> Life? {
        let failures = disk.failures
        do {
            let directory = try DataDirectory(path: Self.path, files: disk)
            let recovered = try Recovered(directory, files: disk)
            try check(recovered, directory)
            let ledger = Ledger(released: recovered.end.lastLSN, disk: disk)
            let log = try Log(
                directory: directory, files: disk, policy: policy, end: recovered.end,
                worker: .caller, release: { ledger.release($0) })
            moveOn(behind: recovered.end.lastLSN)
            var settings = ChatSettings()
            settings.groupsPerUserMax = Model.groupsPerUserMax
            let chat = Chat(
                tables: recovered.tables, log: log, hub: Hub(loops: []), settings: settings)
            return Life(
                chat, ledger, policy, directory, disk, recovered.found, kept: lengths.snapshotsKept)
        } catch let violation as Violation {
            throw violation
        } catch {
            if disk.failures == failures { throw Violation(what: "no start: \(error)") }
            trace.note("  \(error)")
            return nil
        }
    }

    /// What was appended behind `lsn` never happened.
    private func moveOn(behind lsn: LSN) {
        entries.removeLast(entries.count - Int(lsn))
        model = Model(entries.lazy.map(\.change))
        promised = lsn
        shown = lsn
    }
}
