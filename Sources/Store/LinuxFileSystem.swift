// The seam on Linux: one system call a function, EINTR and short counts handled here.
//
// Limits: regular files only; offsets below 2^63. A file system without fallocate(2) gets its
// zeros written, which takes as long as writing does but promises the same.

package import Base
import CLinux
import Glibc

package struct LinuxFileSystem: FileSystem {
    package init() {}

    package func createDirectory(_ path: String) throws(SystemError) -> Bool {
        if unsafe mkdir(path, 0o700) == 0 { return true }
        let error = SystemError.last("mkdir \(path)")
        if error.number == EEXIST { return false }
        throw error
    }

    package func names(in directory: String) throws(SystemError) -> [String] {
        guard let stream = unsafe opendir(directory) else {
            throw SystemError.last("opendir \(directory)")
        }
        defer { unsafe _ = closedir(stream) }
        var names: [String] = []
        errno = 0
        while let entry = unsafe readdir(stream) {
            let name = unsafe withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            names.append(name)
            errno = 0
        }
        if errno != 0 { throw SystemError.last("readdir \(directory)") }
        return names
    }

    package func freeBytes(in directory: String) throws(SystemError) -> Int {
        var status = statvfs()
        guard unsafe statvfs(directory, &status) == 0 else {
            throw SystemError.last("statvfs \(directory)")
        }
        let (bytes, over) = status.f_bavail.multipliedReportingOverflow(by: UInt(status.f_frsize))
        return over ? Int.max : Int(clamping: bytes)
    }

    package func open(_ path: String, _ mode: OpenMode) throws(SystemError) -> any File {
        let flags =
            switch mode {
            case .create: O_RDWR | O_CREAT | O_TRUNC
            case .change: O_RDWR
            case .read: O_RDONLY
            }
        return LinuxFile(try descriptor(path, flags), path)
    }

    package func rename(_ old: String, to new: String) throws(SystemError) {
        guard unsafe Glibc.rename(old, new) == 0 else { throw SystemError.last("rename \(old)") }
    }

    package func remove(_ path: String) throws(SystemError) {
        guard unsafe unlink(path) == 0 else { throw SystemError.last("unlink \(path)") }
    }

    package func synchronizeDirectory(_ path: String) throws(SystemError) {
        let directory = try descriptor(path, O_RDONLY | O_DIRECTORY)
        guard fsync(directory.number) == 0 else { throw SystemError.last("fsync \(path)") }
    }

    package func lock(_ path: String) throws(SystemError) -> (any AnyObject & Sendable)? {
        let file = LinuxFile(try descriptor(path, O_RDWR | O_CREAT), path)
        return try file.lock() ? file : nil
    }

    private func descriptor(_ path: String, _ flags: CInt) throws(SystemError) -> Descriptor {
        while true {
            let number = unsafe linux_open(path, flags, 0o600)
            if number >= 0 { return Descriptor(number) }
            if errno != EINTR { throw SystemError.last("open \(path)") }
        }
    }
}

private final class LinuxFile: File {
    private let descriptor: Descriptor
    private let path: String

    init(_ descriptor: consuming Descriptor, _ path: String) {
        self.descriptor = descriptor
        self.path = path
    }

    func size() throws(SystemError) -> Int {
        var status = stat()
        guard unsafe fstat(descriptor.number, &status) == 0 else { throw failure("fstat") }
        return Int(status.st_size)
    }

    func read(_ count: Int, at offset: Int, into buffer: inout ByteBuffer) throws(SystemError) {
        var done = 0
        while done < count {
            var got = 0
            unsafe buffer.append(upTo: count - done) { space in
                got = unsafe pread(
                    descriptor.number, space.baseAddress, space.count, off_t(offset + done))
                return max(got, 0)
            }
            if got == 0 { return }
            if got > 0 { done += got } else if errno != EINTR { throw failure("pread") }
        }
    }

    func write(_ bytes: Span<UInt8>, at offset: Int) throws(SystemError) {
        var done = 0
        while done < bytes.count {
            let put = unsafe bytes.extracting(done...).withUnsafeBytes {
                unsafe pwrite(descriptor.number, $0.baseAddress, $0.count, off_t(offset + done))
            }
            if put > 0 {
                done += put
            } else if put == 0 || errno != EINTR {
                throw failure("pwrite")
            }
        }
    }

    func synchronize() throws(SystemError) {
        // EINTR is no reason to go on either: fdatasync does not say what it has written by then.
        guard fdatasync(descriptor.number) == 0 else { throw failure("fdatasync") }
    }

    func allocate(_ size: Int) throws(SystemError) {
        while linux_fallocate(descriptor.number, 0, off_t(size)) != 0 {
            if errno == EINTR { continue }
            guard errno == EOPNOTSUPP else { throw failure("fallocate") }
            let zeros = [UInt8](repeating: 0, count: 1 << 16)
            for offset in stride(from: 0, to: size, by: zeros.count) {
                let length = min(zeros.count, size - offset)
                try write(zeros.span.extracting(..<length), at: offset)
            }
            return
        }
    }

    func truncate(to size: Int) throws(SystemError) {
        while ftruncate(descriptor.number, off_t(size)) != 0 {
            if errno != EINTR { throw failure("ftruncate") }
        }
    }

    /// False when another process (or another open of the file) has the lock.
    func lock() throws(SystemError) -> Bool {
        while flock(descriptor.number, LOCK_EX | LOCK_NB) != 0 {
            if errno == EWOULDBLOCK { return false }
            if errno != EINTR { throw failure("flock") }
        }
        return true
    }

    private func failure(_ call: String) -> SystemError {
        // errno first: making the text may change it.
        let number = errno
        return SystemError("\(call) \(path)", number: number)
    }
}
