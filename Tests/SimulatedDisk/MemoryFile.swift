// The files of the disk in memory: what is there now, what was synced, and the changes in between,
// in order. Bytes that were never written are zeros and take no memory, so a file that was
// allocated at full length costs what was written into it; a sync costs what was written since the
// last.

import Base
import Store

package final class Node {
    /// A change that was not synced.
    enum Change {
        /// Its bytes stand in `written` from `start` on.
        case write(offset: Int, start: Int, count: Int)
        case size(Int)
    }

    /// Bytes up to the last that was written; behind them come zeros, up to the size.
    struct Content {
        var bytes: [UInt8] = []
        var size = 0

        var all: [UInt8] { bytes + [UInt8](repeating: 0, count: size - bytes.count) }

        mutating func resize(to size: Int) {
            self.size = size
            if bytes.count > size { bytes.removeLast(bytes.count - size) }
        }

        mutating func put(_ source: UnsafeRawBufferPointer, at offset: Int) {
            let end = offset + source.count
            if bytes.count < end {
                bytes.append(contentsOf: repeatElement(0, count: end - bytes.count))
            }
            size = max(size, end)
            unsafe bytes.withUnsafeMutableBytes { target in
                unsafe UnsafeMutableRawBufferPointer(rebasing: target[offset..<end])
                    .copyMemory(from: source)
            }
        }
    }

    static let pieceBytes = 512

    var now = Content()
    var durable = Content()
    private var changes: [Change] = []
    private var written: [UInt8] = []

    package init() {}

    /// A file that holds `bytes`, synced.
    package init(_ bytes: [UInt8]) {
        now = Content(bytes: bytes, size: bytes.count)
        durable = now
    }

    /// A copy that shares nothing.
    init(_ other: Node) {
        now = other.now
        durable = other.durable
        changes = other.changes
        written = other.written
    }

    package var size: Int { now.size }

    /// All bytes, with the zeros at the end.
    package var bytes: [UInt8] { now.all }

    /// Those that were synced.
    package var syncedBytes: [UInt8] { durable.all }

    func resize(to size: Int) {
        now.resize(to: size)
        changes.append(.size(size))
    }

    func write(_ bytes: Span<UInt8>, at offset: Int) {
        changes.append(.write(offset: offset, start: written.count, count: bytes.count))
        unsafe bytes.withUnsafeBytes { source in
            unsafe written.append(contentsOf: source)
            unsafe now.put(source, at: offset)
        }
    }

    /// Some of the pieces, each with a chance of `keep` in 100.
    func writePart(
        _ bytes: Span<UInt8>, at offset: Int, keep: Int, _ random: inout SeededRandom
    ) {
        var place = 0
        while place < bytes.count {
            let end = min(bytes.count, Self.pieceEnd(offset + place) - offset)
            if random.chance(keep) { write(bytes.extracting(place..<end), at: offset + place) }
            place = end
        }
    }

    private static func pieceEnd(_ offset: Int) -> Int { (offset / pieceBytes + 1) * pieceBytes }

    /// Everything is on disk.
    func synchronize() {
        for change in changes {
            switch change {
            case .size(let size): durable.resize(to: size)
            case .write(let offset, let start, let count):
                put(start..<start + count, at: offset)
            }
        }
        forget()
    }

    /// Of what was not synced each part reaches the disk with a chance of `keep` in 100; the rest
    /// never will.
    func synchronizePart(keep: Int, _ random: inout SeededRandom) {
        for change in changes {
            switch change {
            case .size(let size): if random.chance(keep) { durable.resize(to: size) }
            case .write(let offset, let start, let count):
                var place = 0
                while place < count {
                    let end = min(count, Self.pieceEnd(offset + place) - offset)
                    if random.chance(keep) { put(start + place..<start + end, at: offset + place) }
                    place = end
                }
            }
        }
        forget()
    }

    private func put(_ range: Range<Int>, at offset: Int) {
        unsafe written.withUnsafeBytes {
            unsafe durable.put(UnsafeRawBufferPointer(rebasing: $0[range]), at: offset)
        }
    }

    private func forget() {
        changes.removeAll(keepingCapacity: true)
        written.removeAll(keepingCapacity: true)
    }

    func read(_ count: Int, at offset: Int, into buffer: inout ByteBuffer) {
        let end = min(offset + count, now.size)
        let stored = min(end, now.bytes.count)
        if stored > offset {
            unsafe now.bytes.withUnsafeBytes {
                unsafe buffer.append(raw: UnsafeRawBufferPointer(rebasing: $0[offset..<stored]))
            }
        }
        let zeros = end - max(stored, offset)
        if zeros > 0 {
            unsafe buffer.append(upTo: zeros) { space in
                unsafe space.initializeMemory(as: UInt8.self, repeating: 0)
                return zeros
            }
        }
    }
}

final class MemoryFile: File, @unchecked Sendable {
    private let disk: MemoryDisk
    /// Only touched under the disk's lock.
    private let node: Node

    init(_ disk: MemoryDisk, _ node: Node) {
        self.disk = disk
        self.node = node
    }

    func size() throws(SystemError) -> Int { disk.with { _ in node.size } }

    func read(_ count: Int, at offset: Int, into buffer: inout ByteBuffer) throws(SystemError) {
        disk.with { _ in node.read(count, at: offset, into: &buffer) }
    }

    func write(_ bytes: Span<UInt8>, at offset: Int) throws(SystemError) {
        try disk.with { (state) throws(SystemError) in
            let wasDead = state.isDead
            do throws(SystemError) {
                try state.check(.write)
                let more = offset + bytes.count - node.size
                if more > 0, state.used + more > state.capacity {
                    state.failures += 1
                    throw SystemError("write", number: 28)
                }
            } catch {
                // Some part of a failed write may have come through.
                if !wasDead { node.writePart(bytes, at: offset, keep: 50, &state.random) }
                throw error
            }
            node.write(bytes, at: offset)
        }
    }

    func synchronize() throws(SystemError) {
        try disk.with { (state) throws(SystemError) in
            let wasDead = state.isDead
            do throws(SystemError) { try state.check(.synchronize) } catch {
                // In a crash the call's work is as far as the crash says.
                if !wasDead, !state.isDead { node.synchronizePart(keep: 50, &state.random) }
                throw error
            }
            node.synchronize()
        }
    }

    func allocate(_ size: Int) throws(SystemError) {
        try disk.with { (state) throws(SystemError) in
            let target = max(size, node.size)
            let free = state.capacity - state.used
            try state.checkWhole(.allocate) { _ in
                if target - node.size <= free { node.resize(to: target) }
            }
            guard node.size >= target else {
                state.failures += 1
                throw SystemError("allocate", number: 28)
            }
        }
    }

    func truncate(to size: Int) throws(SystemError) {
        try disk.with { (state) throws(SystemError) in
            try state.checkWhole(.truncate) { _ in node.resize(to: size) }
        }
    }
}

// MARK: damage

extension Node {
    /// Bytes up to the last that was written.
    package var usedBytes: Int { now.bytes.count }

    /// Turns one bit over, on disk too.
    package func flip(_ bit: UInt8, at offset: Int) {
        now.bytes[offset] ^= 1 << bit
        durable = now
    }

    /// Zeros in place of what was there, on disk too.
    package func fill(from offset: Int, count: Int) {
        for place in offset..<min(offset + count, now.bytes.count) { now.bytes[place] = 0 }
        durable = now
    }
}
