// What can go wrong between the store and its disk, each with a sentence for the person who has to
// do something about it. Places are exact: file, offset in bytes, LSN.

package import Base

package enum StoreFailure: Error, Equatable, Sendable {
    /// Another process works on the directory.
    case locked(directory: String)
    /// The directory cannot be made or written.
    case unwritable(directory: String, SystemError)
    /// The operating system refused something else.
    case system(SystemError)
    /// What had been on disk is not there any more as it was.
    case damaged(file: String, offset: Int, lsn: LSN, what: String)
    /// A file of the log is not there, and with it the records from `lsn` on.
    case missing(file: String, lsn: LSN)
    /// Not a file of this log.
    case foreign(file: String, offset: Int, what: String)
    /// Written by a later version of the server.
    case futureVersion(file: String, offset: Int, version: UInt32)
    /// A record whose checksum is good and whose content is none of ours.
    case unreadable(lsn: LSN)
    /// More than `Format.payloadBytesMax` of payload.
    case recordTooLarge(bytes: Int)
    /// The disk is full or failing (or the log is closed): nothing can be stored now.
    case storageUnavailable
}

extension StoreFailure: CustomStringConvertible {
    package var description: String {
        switch self {
        case .locked(let directory):
            "another process is using the data directory \(directory)"
        case .unwritable(let directory, let error):
            "the data directory \(directory) cannot be used: \(error)"
        case .system(let error):
            "the store met an error: \(error)"
        case .damaged(let file, let offset, let lsn, let what):
            "\(file) is damaged at offset \(offset) (LSN \(lsn)): \(what)"
        case .missing(let file, let lsn):
            "\(file) is missing: it held what follows LSN \(lsn == 0 ? 0 : lsn - 1)"
        case .foreign(let file, let offset, let what):
            "\(file) does not belong to this data directory (offset \(offset)): \(what)"
        case .futureVersion(let file, let offset, let version):
            "\(file) has format version \(version) (offset \(offset)); this server knows version "
                + "\(Format.version)"
        case .unreadable(let lsn):
            "the record with LSN \(lsn) is not one that this server writes"
        case .recordTooLarge(let bytes):
            "a record of \(bytes) bytes is larger than \(Format.payloadBytesMax)"
        case .storageUnavailable:
            "storage is not available now"
        }
    }
}
