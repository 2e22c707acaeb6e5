// What is left of the disk after a crash, and copies of it.

package import Base

extension MemoryDisk {
    /// The machine, or only the process, starts again: the disk works, and holds what survived.
    package func restart(after crash: Crash) {
        with { state in
            state.crashAt = nil
            state.isDead = false
            state.locks = []
            state.boot += 1
            guard case .powerCut(let keep) = crash else { return }
            Self.cutPower(&state, keep: keep)
        }
    }

    private static func cutPower(_ state: inout State, keep: Int) {
        var random = state.random
        // Dictionaries have an order of their own in each process: hence the sorting.
        for (name, versions) in state.history.sorted(by: { $0.key < $1.key }) {
            var survivor = versions.first ?? nil
            for version in versions.dropFirst() where random.chance(keep) { survivor = version }
            state.names[name] = survivor
        }
        state.history = [:]
        for directory in state.unsyncedDirectories.sorted() where !random.chance(keep) {
            state.directories.remove(directory)
            for name in state.names.keys where name.hasPrefix(directory + "/") {
                state.names[name] = nil
            }
        }
        state.unsyncedDirectories = []
        for (_, node) in state.names.sorted(by: { $0.key < $1.key }) {
            node.cutPower(keep: keep, &random)
        }
        state.random = random
    }

    /// What a power cut now would leave, on a disk of its own.
    package func afterPowerCut(keep: Int, _ random: inout SeededRandom) -> MemoryDisk {
        let disk = copy()
        var chance = random
        disk.with { $0.random = chance }
        disk.restart(after: .powerCut(keep: keep))
        chance = disk.with { $0.random }
        random = chance
        return disk
    }

    /// The disk as it is, without faults to come.
    package func copy() -> MemoryDisk {
        let disk = MemoryDisk()
        with { state in
            var nodes: [ObjectIdentifier: Node] = [:]
            func twin(_ node: Node) -> Node {
                let id = ObjectIdentifier(node)
                let twin = nodes[id] ?? Node(node)
                nodes[id] = twin
                return twin
            }
            disk.with { other in
                other.names = state.names.mapValues(twin)
                other.history = state.history.mapValues { $0.map { $0.map(twin) } }
                other.directories = state.directories
                other.unsyncedDirectories = state.unsyncedDirectories
                other.capacity = state.capacity
                other.random = state.random
            }
        }
        return disk
    }
}

extension Node {
    /// What was synced, and any part of the rest.
    func cutPower(keep: Int, _ random: inout SeededRandom) {
        synchronizePart(keep: keep, &random)
        now = durable
    }
}
