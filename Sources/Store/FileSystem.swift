// The one seam between the store and the disk: whatever the store asks of the operating system
// about files is a call here, so that a test can tear a write, drop what was not synced, fail the
// n-th call or fill the disk. One indirect call a write; nothing here is per record.
//
// Calls are whole: `write` writes all bytes or throws, EINTR and short counts stay below the seam.
// Paths are the data directory's path with a name behind it.

package import Base

package enum OpenMode: Sendable {
    /// Made anew for reading and writing, mode 0600; emptied when it is there.
    case create
    /// There already; for reading and writing.
    case change
    /// There already; for reading.
    case read
}

package protocol File: AnyObject, Sendable {
    /// Length in bytes.
    func size() throws(SystemError) -> Int
    /// Appends up to `count` bytes from `offset` on; fewer only at the end of the file.
    func read(_ count: Int, at offset: Int, into buffer: inout ByteBuffer) throws(SystemError)
    /// Writes all of `bytes` at `offset`. After a failure it is open how many were written.
    func write(_ bytes: Span<UInt8>, at offset: Int) throws(SystemError)
    /// fdatasync(2): when it returns, what was written is on disk. A failure is final: the kernel
    /// may have marked the pages clean, so a second call would succeed without having written.
    func synchronize() throws(SystemError)
    /// Gives the file `size` bytes of its own on disk, zeroed.
    func allocate(_ size: Int) throws(SystemError)
    func truncate(to size: Int) throws(SystemError)
}

package protocol FileSystem: Sendable {
    /// Makes the directory with mode 0700; false when it is there already.
    func createDirectory(_ path: String) throws(SystemError) -> Bool
    /// The names in the directory, in no order.
    func names(in directory: String) throws(SystemError) -> [String]
    /// Bytes that this process may still allocate there.
    func freeBytes(in directory: String) throws(SystemError) -> Int
    func open(_ path: String, _ mode: OpenMode) throws(SystemError) -> any File
    /// Atomic; replaces `new` when that is there.
    func rename(_ old: String, to new: String) throws(SystemError)
    func remove(_ path: String) throws(SystemError)
    /// Names made, changed or removed in the directory are on disk when this returns.
    func synchronizeDirectory(_ path: String) throws(SystemError)
    /// Locks the file against everybody else, for as long as the result lives; nil when somebody
    /// else has it.
    func lock(_ path: String) throws(SystemError) -> (any AnyObject & Sendable)?
}

extension SystemError {
    /// ENOENT.
    var isNoSuchFile: Bool { number == 2 }

    /// EACCES.
    var isNoPermission: Bool { number == 13 }
}
