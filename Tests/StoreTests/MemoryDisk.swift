// A disk in memory that fails on demand: it knows what was synced and what was only written, so a
// power cut can keep any part of the rest; the n-th call can fail; space can run out.
//
// A failed sync behaves as Linux does: the pages count as clean afterwards, so a second sync
// succeeds, and whether they were written is chance.

import Base
import Dispatch
import Store

enum DiskCall: Equatable {
    case write, synchronize, allocate, open, directory
}

final class MemoryDisk: FileSystem {
    enum Change {
        case write(offset: Int, bytes: [UInt8])
        case size(Int)
    }
    final class Node {
        var now: [UInt8] = []
        var durable: [UInt8] = []
        var pending: [Change] = []
    }
    struct State {
        var names: [String: Node] = [:]
        var durableNames: [String: Node] = [:]
        var directories: Set<String> = []
        var locks: Set<String> = []
        var capacity = 4 << 30
        var calls = 0
        var writes = 0
        var syncs = 0
        var fault: ((DiskCall, Int) -> CInt?)?
        var random = SeededRandom(seed: 1)

        mutating func check(_ call: DiskCall) throws(SystemError) {
            calls += 1
            if call == .write { writes += 1 }
            if call == .synchronize { syncs += 1 }
            if let number = fault?(call, calls) { throw SystemError("\(call)", number: number) }
        }
        var used: Int { names.values.reduce(0) { $0 + $1.now.count } }
    }
    // One lock for all: nodes are only touched under it.
    private final class Shared: @unchecked Sendable {
        var state = State()
        let lock = DispatchSemaphore(value: 1)
    }
    private let shared = Shared()

    func with<R, E: Error>(_ body: (inout State) throws(E) -> R) throws(E) -> R {
        shared.lock.wait()
        defer { shared.lock.signal() }
        return try body(&shared.state)
    }

    func createDirectory(_ path: String) throws(SystemError) -> Bool {
        with { $0.directories.insert(path).inserted }
    }
    func names(in directory: String) throws(SystemError) -> [String] {
        with { state in
            state.names.keys.filter { $0.hasPrefix(directory + "/") }
                .map { String($0.dropFirst(directory.count + 1)) }
        }
    }
    func freeBytes(in directory: String) throws(SystemError) -> Int {
        with { max(0, $0.capacity - $0.used) }
    }
    func open(_ path: String, _ mode: OpenMode) throws(SystemError) -> any File {
        try with { (state) throws(SystemError) -> MemoryFile in
            try state.check(.open)
            if let node = state.names[path] {
                if mode == .create {
                    node.now = []
                    node.pending.append(.size(0))
                }
                return MemoryFile(self, node)
            }
            guard mode == .create else { throw SystemError("open \(path)", number: 2) }
            let node = Node()
            state.names[path] = node
            return MemoryFile(self, node)
        }
    }
    func rename(_ old: String, to new: String) throws(SystemError) {
        try with { (state) throws(SystemError) in
            try state.check(.directory)
            guard let node = state.names.removeValue(forKey: old) else {
                throw SystemError("rename", number: 2)
            }
            state.names[new] = node
        }
    }
    func remove(_ path: String) throws(SystemError) {
        try with { (state) throws(SystemError) in
            try state.check(.directory)
            guard state.names.removeValue(forKey: path) != nil else {
                throw SystemError("remove", number: 2)
            }
        }
    }
    func synchronizeDirectory(_ path: String) throws(SystemError) {
        try with { (state) throws(SystemError) in
            try state.check(.directory)
            state.durableNames = state.names
        }
    }
    private final class Lock: Sendable {
        let disk: MemoryDisk
        let path: String
        init(_ disk: MemoryDisk, _ path: String) {
            self.disk = disk
            self.path = path
        }
        deinit { _ = disk.with { $0.locks.remove(path) } }
    }
    func lock(_ path: String) throws(SystemError) -> (any AnyObject & Sendable)? {
        with { $0.locks.insert(path).inserted } ? Lock(self, path) : nil
    }

    /// What a power cut leaves: all that was synced, and of the rest each 512-byte piece with a
    /// chance of `keep` in 100; of what was renamed and not synced either state.
    func afterPowerCut(keep: Int, _ random: inout SeededRandom) -> MemoryDisk {
        let disk = MemoryDisk()
        var chance = random
        defer { random = chance }
        with { state in
            let names =
                Int.random(in: 0..<100, using: &chance) < keep
                ? state.names : state.durableNames
            disk.with { other in
                other.directories = state.directories
                other.capacity = state.capacity
                for (name, node) in names {
                    let copy = Node()
                    copy.now = node.durable
                    for change in node.pending {
                        Self.apply(change, to: &copy.now, keep: keep, &chance)
                    }
                    copy.durable = copy.now
                    other.names[name] = copy
                }
                other.durableNames = other.names
            }
        }
        return disk
    }

    static func apply(
        _ change: Change, to bytes: inout [UInt8], keep: Int, _ random: inout SeededRandom
    ) {
        switch change {
        case .size(let size):
            guard Int.random(in: 0..<100, using: &random) < keep else { return }
            resize(&bytes, size)
        case .write(let offset, let new):
            var index = 0
            while index < new.count {
                let end = min(new.count, ((offset + index) / 512 + 1) * 512 - offset)
                if Int.random(in: 0..<100, using: &random) < keep {
                    if bytes.count < offset + end { resize(&bytes, offset + end) }
                    for place in index..<end { bytes[offset + place] = new[place] }
                }
                index = end
            }
        }
    }
    static func resize(_ bytes: inout [UInt8], _ size: Int) {
        if size < bytes.count {
            bytes.removeLast(bytes.count - size)
        } else {
            bytes.append(contentsOf: repeatElement(0, count: size - bytes.count))
        }
    }
}

private final class MemoryFile: File, @unchecked Sendable {
    let disk: MemoryDisk
    let node: MemoryDisk.Node
    init(_ disk: MemoryDisk, _ node: MemoryDisk.Node) {
        self.disk = disk
        self.node = node
    }
    func size() throws(SystemError) -> Int { disk.with { _ in node.now.count } }
    func read(_ count: Int, at offset: Int, into buffer: inout ByteBuffer) throws(SystemError) {
        let bytes = disk.with { _ in
            Array(node.now[min(offset, node.now.count)..<min(offset + count, node.now.count)])
        }
        buffer.append(bytes.span)
    }
    func write(_ bytes: Span<UInt8>, at offset: Int) throws(SystemError) {
        var copy: [UInt8] = []
        for index in bytes.indices { copy.append(bytes[index]) }
        let new = copy
        try disk.with { (state) throws(SystemError) in
            do throws(SystemError) { try state.check(.write) } catch {
                // Some part of a failed write may have come through.
                MemoryDisk.apply(
                    .write(offset: offset, bytes: new), to: &node.now, keep: 50, &state.random)
                throw error
            }
            if node.now.count < offset + new.count {
                MemoryDisk.resize(&node.now, offset + new.count)
            }
            node.now.replaceSubrange(offset..<offset + new.count, with: new)
            node.pending.append(.write(offset: offset, bytes: new))
        }
    }
    func synchronize() throws(SystemError) {
        try disk.with { (state) throws(SystemError) in
            let pending = node.pending
            node.pending = []
            do throws(SystemError) { try state.check(.synchronize) } catch {
                for change in pending {
                    MemoryDisk.apply(change, to: &node.durable, keep: 50, &state.random)
                }
                throw error
            }
            node.durable = node.now
        }
    }
    func allocate(_ size: Int) throws(SystemError) {
        try disk.with { (state) throws(SystemError) in
            try state.check(.allocate)
            guard state.used + size <= state.capacity else {
                throw SystemError("allocate", number: 28)
            }
            MemoryDisk.resize(&node.now, max(size, node.now.count))
            node.pending.append(.size(node.now.count))
        }
    }
    func truncate(to size: Int) throws(SystemError) {
        disk.with { _ in
            MemoryDisk.resize(&node.now, size)
            node.pending.append(.size(size))
        }
    }
}
