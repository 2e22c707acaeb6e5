// The snapshots of a data directory: which there are, and which may go.

package import Base

package struct Snapshots {
    let directory: DataDirectory
    let files: any FileSystem

    package init(_ directory: DataDirectory, _ files: any FileSystem) {
        self.directory = directory
        self.files = files
    }

    /// Their numbers, rising.
    package func numbers() throws(StoreFailure) -> [UInt64] {
        do throws(SystemError) {
            return try files.names(in: directory.path).compactMap { Format.snapshotNumber($0) }
                .sorted()
        } catch { throw .system(error) }
    }

    /// Removes what a crash left before it had its name.
    package func removeUnfinished() throws(SystemError) {
        for name in try files.names(in: directory.path)
        where name.hasSuffix(Format.snapshotSuffix + Format.newSuffix) {
            try files.remove(directory.file(name))
        }
    }

    /// Removes all but the newest `kept` of `good` (rising), and what is older than those. Returns
    /// those that stay. What is newer than they and not among them is damaged: it stays for whoever
    /// wants to look at it.
    package func prune(
        _ good: [SnapshotSummary], kept: Int
    ) throws(SystemError) -> [SnapshotSummary] {
        let staying = Array(good.suffix(max(kept, 1)))
        guard let oldest = staying.first else { return [] }
        var removed = false
        for name in try files.names(in: directory.path) {
            guard let number = Format.snapshotNumber(name), number < oldest.number else { continue }
            try files.remove(directory.file(name))
            removed = true
        }
        // The log goes after them: without the directory synced a crash could bring them back
        // without the log that they need.
        if removed { try files.synchronizeDirectory(directory.path) }
        return staying
    }
}
