// From what was read to a log that can be written. Here: what was read becomes durable. Making the
// segment behind it is the same work as after a failure (LogRecovery.swift), and is done by the
// same code, at once or as soon as the disk lets it.
//
//     trim the tail ─► sync ─►   new segment, its header, sync ─► identity ─► superfluous files go
//         here                         LogWorker.reestablish
//
// The order makes every step repeatable: until the new segment's header is on disk, the next start
// finds what this one found. Nothing here needs space, so a full disk does not keep a server from
// starting. A sync that fails does: nobody knows then whether what was read is on disk.

import Base

struct LogOpening {
    let directory: DataDirectory
    let files: any FileSystem
    let end: LogEnd

    /// Brings everything up to the end to disk. The segment before the last may have been written
    /// to as well after the last sync of a process that was killed.
    func settle() throws(SystemError) {
        removeUnfinished()
        for place in end.segments.suffix(2) {
            let file = try files.open(directory.segment(place.number), .change)
            if place == end.segments.last { trim(file) }
            try file.synchronize()
        }
    }

    /// Gives space back. Without it nothing is lost: what lies behind the end is fenced off by the
    /// header of the next segment.
    private func trim(_ file: any File) {
        do throws(SystemError) { try file.truncate(to: end.tailOffset) } catch { return }
    }

    /// Removes files that a crash left before they had their name. One that cannot be removed only
    /// takes space, and is looked for again at the next start.
    private func removeUnfinished() {
        do throws(SystemError) {
            for name in try files.names(in: directory.path)
            where name.hasSuffix(Format.segmentSuffix + Format.newSuffix) {
                try files.remove(directory.file(name))
            }
        } catch { return }
    }
}
