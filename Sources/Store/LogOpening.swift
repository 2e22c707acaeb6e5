// From what was read to a log that can be written. Here: what was read becomes durable, as far as
// that can be told. Making the segment behind it is the same work as after a failure
// (LogRecovery.swift), and is done by the same code, at once or as soon as the disk lets it.
//
//     sync, trim the tail ─► new segment: header, records that nothing proves to be on disk; sync
//          here          ─► identity ─► superfluous files go          LogWorker.reestablish
//
// The order makes every step repeatable: until the new segment's header is on disk, the next start
// finds what this one found. Nothing here needs space, so a full disk does not keep a server from
// starting. A sync that fails does. One that succeeds proves little: when an earlier process was
// told of an error, the kernel forgets it, and shows pages that were never written. So the records
// behind the last proof are written again.

import Base

struct LogOpening {
    let directory: DataDirectory
    let files: any FileSystem
    let end: LogEnd

    /// Syncs the segments that may have been written to after the last sync of a process that was
    /// killed: the last one, and the one before. `note` hears of space that cannot be given back.
    func settle(_ note: (SystemError) -> Void) throws(StoreFailure) {
        do throws(SystemError) { try removeUnfinished() } catch { note(error) }
        do throws(SystemError) {
            for place in end.segments.suffix(2) {
                let file = try files.open(directory.segment(place.number), .change)
                if place == end.segments.last { trim(file, note) }
                try file.synchronize()
            }
        } catch { throw .system(error) }
    }

    /// Gives space back. Without it nothing is lost: what lies behind the end is fenced off by the
    /// header of the next segment.
    private func trim(_ file: any File, _ note: (SystemError) -> Void) {
        do throws(SystemError) { try file.truncate(to: end.tailOffset) } catch { note(error) }
    }

    /// Appends the last `end.unproven` records, marks left out.
    func copyUnproven(to records: inout ByteBuffer) throws(StoreFailure) {
        var next = end.lastLSN - end.unproven + 1
        var bytes = ByteBuffer()
        for (index, place) in end.segments.enumerated() {
            // Where its successor begins, a segment is not read any more.
            let isLast = index == end.segments.count - 1
            let last = isLast ? end.lastLSN : end.segments[index + 1].firstLSN - 1
            guard next <= last else { continue }
            let path = directory.segment(place.number)
            try LogFile.read(path, files, upTo: Format.segmentBytesLimit, into: &bytes)
            var offset = Format.segmentHeaderBytes
            while next <= last {
                guard
                    case .valid(let record) = Frame.judge(
                        bytes.span, at: offset, salt: directory.salt)
                else { throw .missing(file: path, lsn: next) }
                if record.kind != Format.markKind, record.lsn == next {
                    records.append(bytes.span(offset..<offset + record.length))
                    next += 1
                }
                offset += record.length
            }
        }
    }

    /// Removes files that a crash left before they had their name. One that cannot be removed only
    /// takes space, and is looked for again at the next start.
    private func removeUnfinished() throws(SystemError) {
        for name in try files.names(in: directory.path)
        where name.hasSuffix(Format.segmentSuffix + Format.newSuffix) {
            try files.remove(directory.file(name))
        }
    }
}
