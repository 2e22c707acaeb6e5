// What a start finds, and the checks of it. The one place that knows how the server recovers.

import Base
import SimulatedDisk
import Store

/// The state and the end of the log, as the server would go on from them.
struct Recovered {
    let found: Store.Recovered
    var tables: Tables { found.tables }
    var end: LogEnd { found.end }
    /// The first record that the log still has to have.
    var first: LSN { (found.snapshot?.lowest ?? 0) + 1 }

    init(_ directory: DataDirectory, files: MemoryDisk) throws(StoreFailure) {
        found = try Recovery(directory, files).run()
    }
}

extension Simulation {
    /// The promise itself, asked of what was recovered.
    func check(_ recovered: Recovered, _ directory: DataDirectory) throws(Violation) {
        let last = recovered.end.lastLSN
        trace.note("  snapshot \(recovered.found.snapshot?.number ?? 0)")
        trace.note("  recovered \(last) of \(entries.count), promised \(promised), shown \(shown)")
        if last < shown { throw Violation(what: "\(last) recovered, \(shown) was acknowledged") }
        if last > LSN(entries.count) {
            throw Violation(what: "\(last) recovered, \(entries.count) was appended")
        }
        let kept = entries.prefix(Int(last))
        try checkRecords(Array(kept), from: recovered.first, directory)
        let expected = Model(kept.lazy.map(\.change))
        try compare(expected, recovered.tables, "recovered")
        let anew = Self.tables(of: kept)
        try compare(expected, anew, "made anew")
        if Digest.of(recovered.tables) != Digest.of(anew) {
            throw Violation(what: "recovered and made anew have different digests")
        }
    }

    /// The log holds the records that were appended, and no others.
    private func checkRecords(
        _ kept: [Entry], from first: LSN, _ directory: DataDirectory
    ) throws(Violation) {
        var wrong: LSN?
        var count = first - 1
        let isRead = disk.undisturbed { () -> Bool in
            do throws(StoreFailure) {
                _ = try LogReader.read(directory: directory, files: disk, from: first) {
                    lsn, kind, payload throws(StoreFailure) in
                    count += 1
                    let isSame =
                        lsn == count && kept.indices.contains(Int(lsn) - 1)
                        && kept[Int(lsn) - 1].record.kind == kind
                        && Array(copying: payload) == kept[Int(lsn) - 1].record.payload
                    if !isSame, wrong == nil { wrong = lsn }
                }
                return true
            } catch { return false }
        }
        // A crash during the recovery leaves nothing to be read twice.
        if !isRead, disk.isDead { return }
        if let wrong { throw Violation(what: "record \(wrong) is not what was appended") }
        if !isRead || count != LSN(kept.count) {
            throw Violation(what: "read again the log has \(count) records")
        }
    }

    /// Fresh tables to which these records were applied.
    private static func tables(of entries: some Sequence<Entry>) -> Tables {
        let tables = Tables()
        var lsn: LSN = 0
        for entry in entries {
            lsn += 1
            guard let kind = RecordKind(rawValue: entry.record.kind) else { continue }
            var reading = Reading()
            _ = tables.withLocked(entry.change.stripes, &reading) {
                $0.apply(kind, entry.record.payload.span, lsn: lsn)
            }
        }
        return tables
    }

    func compare(_ model: Model, _ tables: Tables, _ name: String) throws(Violation) {
        if let difference = Comparison.difference(model, tables) {
            throw Violation(what: "the state \(name) is wrong: \(difference)")
        }
    }

    // MARK: damage

    /// One thing of a log that was closed in order is changed, on a copy of the disk: a start
    /// refuses, or what was changed held nothing and all is there. (What no check can see is left
    /// alone: the last file as a whole, which nothing behind it speaks of.)
    func damage() throws(Violation) {
        let copy = disk.copy()
        guard let what = copy.damage(in: Self.path, &random) else { return }
        trace.note("  a copy: \(what)")
        do {
            let directory = try DataDirectory(path: Self.path, files: copy)
            let recovered = try Recovered(directory, files: copy)
            if recovered.end.lastLSN != LSN(entries.count) {
                throw Violation(
                    what: "\(what), and \(recovered.end.lastLSN) of \(entries.count) are there")
            }
            try compare(model, recovered.tables, "after \(what)")
        } catch let violation as Violation {
            throw violation
        } catch { trace.note("  \(error)") }
    }
}

extension MemoryDisk {
    /// Flips a bit somewhere, empties a piece, or removes a file. Says what it did.
    func damage(in directory: String, _ random: inout SeededRandom) -> String? {
        with { state in
            let used = state.names.filter { $0.value.usedBytes > 0 }.map(\.key)
                .filter { $0.hasPrefix(directory) }.sorted()
            let last = used.last { $0.hasSuffix(".log") }
            guard let name = used.randomElement(using: &random), let node = state.names[name]
            else { return nil }
            let offset = Int.random(in: 0..<node.usedBytes, using: &random)
            switch Int.random(in: 0..<6, using: &random) {
            case 0 where name != last:
                state.names[name] = nil
                return "\(name) is removed"
            case 1 where name != last:
                node.fill(from: offset / 512 * 512, count: 512)
                return "\(name) is empty at \(offset / 512 * 512)"
            default:
                let bit = UInt8.random(in: 0..<8, using: &random)
                node.flip(bit, at: offset)
                return "bit \(bit) of \(name) at \(offset) is flipped"
            }
        }
    }
}
