// A disk in memory that does all that a bad one may do. It knows what was synced and what was only
// written; any call can fail, or be the last before the power goes or the process dies; space can
// run out and come back. With a seed it does the same each time.
//
//     now       what the kernel would show ──── kill ────► stays
//     durable   what was synced            ──── power ───► stays, with any part of what is between
//
// Between the two lie pieces of 512 bytes, changes of size, and names: each survives a power cut
// or not by itself, so writes reorder and a rename may be seen halfway. A failed sync behaves as
// Linux does: the pages count as clean afterwards, and whether they were written is chance.

package import Base
import Dispatch
package import Store

package enum DiskCall: Sendable, Equatable {
    case write, synchronize, allocate, open
    /// A change of names: of a file that is made, renamed or removed.
    case directory
    case directorySync
    case truncate
}

package enum Crash: Sendable, Equatable {
    /// The process ends; what it has written stays.
    case kill
    /// Of what was not synced each part survives with a chance of `keep` in 100.
    case powerCut(keep: Int)
}

package final class MemoryDisk: FileSystem {
    package struct State {
        package var names: [String: Node] = [:]
        /// What stood under a name when its directory was synced, and since; the last is now.
        var history: [String: [Node?]] = [:]
        package var directories: Set<String> = []
        var unsyncedDirectories: Set<String> = []
        package var locks: Set<String> = []
        /// Locks of before a crash are let go later than that.
        var boot = 0
        package var capacity = 4 << 30
        package var calls = 0
        package var writes = 0
        package var syncs = 0
        /// Calls that failed.
        package internal(set) var failures = 0
        /// The error of a call, by its kind and number.
        package var fault: ((DiskCall, Int) -> CInt?)?
        /// At this call it happens, and nothing works any more until `restart`.
        package var crashAt: Int?
        package internal(set) var isDead = false
        package var random = SeededRandom(seed: 1)

        package var used: Int { names.values.reduce(0) { $0 + $1.size } }

        /// What a failing call leaves: the error, and whether some of its work may be done.
        mutating func check(_ call: DiskCall) throws(SystemError) {
            failures += 1
            if isDead { throw SystemError("\(call) after a crash", number: 5) }
            calls += 1
            if call == .write { writes += 1 }
            if call == .synchronize { syncs += 1 }
            if calls == crashAt {
                isDead = true
                throw SystemError("\(call) in a crash", number: 5)
            }
            if let number = fault?(call, calls) { throw SystemError("\(call)", number: number) }
            failures -= 1
        }

        /// As `check`, for a call that is done or not: one that a crash interrupts may be done.
        mutating func checkWhole(_ call: DiskCall, _ body: (inout State) -> Void)
            throws(SystemError)
        {
            let wasDead = isDead
            do throws(SystemError) { try check(call) } catch {
                if isDead, !wasDead, random.chance(50) { body(&self) }
                throw error
            }
            body(&self)
        }

        mutating func set(_ path: String, _ node: Node?) {
            history[path, default: [names[path]]].append(node)
            names[path] = node
        }
    }

    /// One lock for all: nodes are only touched under it.
    private final class Shared: @unchecked Sendable {
        var state = State()
        let lock = DispatchSemaphore(value: 1)
    }
    private let shared = Shared()

    package init() {}

    package func with<R, E: Error>(_ body: (inout State) throws(E) -> R) throws(E) -> R {
        shared.lock.wait()
        defer { shared.lock.signal() }
        return try body(&shared.state)
    }

    package func createDirectory(_ path: String) throws(SystemError) -> Bool {
        with { state in
            let isNew = state.directories.insert(path).inserted
            if isNew { state.unsyncedDirectories.insert(path) }
            return isNew
        }
    }

    package func names(in directory: String) throws(SystemError) -> [String] {
        with { state in
            state.names.keys.filter { $0.hasPrefix(directory + "/") }
                .map { String($0.dropFirst(directory.count + 1)) }.sorted()
        }
    }

    package func freeBytes(in directory: String) throws(SystemError) -> Int {
        with { max(0, $0.capacity - $0.used) }
    }

    package func open(_ path: String, _ mode: OpenMode) throws(SystemError) -> any File {
        try with { (state) throws(SystemError) -> MemoryFile in
            let found = state.names[path]
            guard mode == .create else {
                try state.check(.open)
                guard let found else { throw SystemError("open \(path)", number: 2) }
                return MemoryFile(self, found)
            }
            if let found {
                try state.checkWhole(.open) { _ in found.resize(to: 0) }
                return MemoryFile(self, found)
            }
            let node = Node()
            try state.checkWhole(.directory) { $0.set(path, node) }
            return MemoryFile(self, node)
        }
    }

    package func rename(_ old: String, to new: String) throws(SystemError) {
        try with { (state) throws(SystemError) in
            guard let node = state.names[old] else { throw SystemError("rename", number: 2) }
            try state.checkWhole(.directory) { state in
                state.set(old, nil)
                state.set(new, node)
            }
        }
    }

    package func remove(_ path: String) throws(SystemError) {
        try with { (state) throws(SystemError) in
            guard state.names[path] != nil else { throw SystemError("remove", number: 2) }
            try state.checkWhole(.directory) { $0.set(path, nil) }
        }
    }

    package func synchronizeDirectory(_ path: String) throws(SystemError) {
        try with { (state) throws(SystemError) in
            try state.check(.directorySync)
            for name in state.history.keys where name.hasPrefix(path + "/") {
                state.history[name] = nil
            }
            for child in state.unsyncedDirectories where child.hasPrefix(path) && child != path {
                state.unsyncedDirectories.remove(child)
            }
        }
    }

    private final class Lock: Sendable {
        let disk: MemoryDisk
        let path: String
        let boot: Int
        init(_ disk: MemoryDisk, _ path: String, boot: Int) {
            self.disk = disk
            self.path = path
            self.boot = boot
        }
        deinit { disk.with { if $0.boot == boot { $0.locks.remove(path) } } }
    }

    package func lock(_ path: String) throws(SystemError) -> (any AnyObject & Sendable)? {
        let boot = with { $0.locks.insert(path).inserted ? $0.boot : nil }
        return boot.map { Lock(self, path, boot: $0) }
    }
}

extension SeededRandom {
    /// True in `percent` of 100 cases.
    package mutating func chance(_ percent: Int) -> Bool {
        Int.random(in: 0..<100, using: &self) < percent
    }
}
