// What SIGHUP can change in a running server, and what waits for a restart.

package struct Reload: Equatable, Sendable {
    /// Paths of changed keys that take effect now, in the order of the table.
    package let live: [String]
    /// Paths of changed keys that take effect with the next start.
    package let restart: [String]
    /// What the server goes on with: the old configuration with the live changes.
    package let configuration: Configuration

    /// - Parameters:
    ///   - old: what the server runs with.
    ///   - new: what was just read.
    package init(from old: Configuration, to new: Configuration) {
        let changed = Keys.all.filter { !$0.isEqual(old, new) }
        var live = changed.filter { Self.isLive($0, old, new) }
        // The new configuration is good as a whole, but a live key may not go with the old value
        // of one that waits (a smaller body with the old, larger content): then it waits as well.
        let alone = Self.merge(live, from: new, into: old)
        let unrelated = Self.unrelatedKeys(alone)
        live.removeAll { unrelated.contains($0.path) }
        let liveNow = live.map(\.path)
        self.live = liveNow
        self.restart = changed.map(\.path).filter { !liveNow.contains($0) }
        self.configuration = Self.merge(live, from: new, into: old)
    }

    private static func merge(
        _ keys: [Key], from new: Configuration, into old: Configuration
    ) -> Configuration {
        var result = old
        for key in keys { key.copy(from: new, to: &result) }
        return result
    }

    /// The keys of all relations that do not hold.
    private static func unrelatedKeys(_ configuration: Configuration) -> Set<String> {
        var loader = Loader()
        loader.configuration = configuration
        loader.checkRelations()
        return loader.unrelated
    }

    private static func isLive(_ key: Key, _ old: Configuration, _ new: Configuration) -> Bool {
        switch key.reloading {
        case .live: return true
        case .restart: return false
        case .liveWhenSet:
            let defaults = Configuration()
            return !key.isEqual(old, defaults) && !key.isEqual(new, defaults)
        }
    }
}
