// A data directory as it was at one moment, while a server goes on writing to it: only the files
// that belonged to it then, and of each only as many bytes. For reading; what would change
// something is refused.

package import Base

package struct FrozenFiles: FileSystem {
    private let files: any FileSystem
    /// How many bytes of each name count.
    private let bytes: [String: Int]

    package init(_ files: any FileSystem, bytes: [String: Int]) {
        self.files = files
        self.bytes = bytes
    }

    private static let readOnly: CInt = 30

    private func refuse(_ call: String) -> SystemError {
        SystemError("\(call) in a frozen directory", number: Self.readOnly)
    }

    package func createDirectory(_ path: String) throws(SystemError) -> Bool { false }

    package func names(in directory: String) throws(SystemError) -> [String] {
        try files.names(in: directory).filter { bytes[$0] != nil }
    }

    package func freeBytes(in directory: String) throws(SystemError) -> Int {
        try files.freeBytes(in: directory)
    }

    package func open(_ path: String, _ mode: OpenMode) throws(SystemError) -> any File {
        guard mode == .read else { throw refuse("open \(path)") }
        var name = path[...]
        if let slash = path.lastIndex(of: "/") { name = path[path.index(after: slash)...] }
        guard let most = bytes[String(name)] else {
            throw SystemError("open \(path)", number: 2)
        }
        return FrozenFile(try files.open(path, .read), most)
    }

    package func rename(_ old: String, to new: String) throws(SystemError) {
        throw refuse("rename \(old)")
    }
    package func remove(_ path: String) throws(SystemError) { throw refuse("unlink \(path)") }
    package func synchronizeDirectory(_ path: String) throws(SystemError) {}
    package func lock(_ path: String) throws(SystemError) -> (any AnyObject & Sendable)? { nil }

    private final class FrozenFile: File {
        private let file: any File
        private let most: Int

        init(_ file: any File, _ most: Int) {
            self.file = file
            self.most = most
        }

        private var refusal: SystemError {
            SystemError("write to a frozen file", number: FrozenFiles.readOnly)
        }

        func size() throws(SystemError) -> Int { min(try file.size(), most) }
        func read(
            _ count: Int, at offset: Int, into buffer: inout ByteBuffer
        ) throws(SystemError) {
            try file.read(max(0, min(count, most - offset)), at: offset, into: &buffer)
        }
        func write(_ bytes: Span<UInt8>, at offset: Int) throws(SystemError) { throw refusal }
        func synchronize() throws(SystemError) { throw refusal }
        func allocate(_ size: Int) throws(SystemError) { throw refusal }
        func truncate(to size: Int) throws(SystemError) { throw refusal }
    }
}
