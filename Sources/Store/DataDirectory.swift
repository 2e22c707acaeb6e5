// The directory that holds everything the server keeps: made when it is not there (mode 0700),
// locked against a second process for as long as this object lives, and known by a random id.
//
// The id stands in `identity` and in every segment, so that a file of another directory is
// refused. `identity` is written after the first segment is on disk (`establish`): a directory
// with identity and without segments has lost them, one with neither is new.

import Base
import Synchronization

package final class DataDirectory: Sendable {
    package let path: String
    /// 16 random bytes.
    let identifier: [UInt8]
    /// Begins every checksum of a record (Format.swift).
    let salt: UInt32
    /// Whether `identity` is on disk.
    var isEstablished: Bool { established.load(ordering: .acquiring) }
    private let established: Atomic<Bool>
    private let lock: any AnyObject & Sendable

    package static let lockName = "lock"
    static let identityName = "identity"

    /// Opens the directory, or makes it; its parent must be there.
    package init(path: String, files: any FileSystem) throws(StoreFailure) {
        self.path = path
        let isNew: Bool
        do throws(SystemError) {
            isNew = try files.createDirectory(path)
        } catch { throw .unwritable(directory: path, error) }
        let held: (any AnyObject & Sendable)?
        do throws(SystemError) {
            held = try files.lock("\(path)/\(Self.lockName)")
        } catch { throw .unwritable(directory: path, error) }
        guard let held else { throw .locked(directory: path) }
        lock = held
        let stored = try Self.readIdentity("\(path)/\(Self.identityName)", files)
        if stored == nil { try Self.makeDurable(path, isNew: isNew, files) }
        established = Atomic(stored != nil)
        let identifier = stored ?? Random.bytes(Format.identifierBytes)
        self.identifier = identifier
        salt = Checksum.crc32c(identifier.span)
    }

    /// The directory's own name is on disk when this returns. Not only whoever made it has to see
    /// to that: he may have come no further.
    private static func makeDurable(
        _ path: String, isNew: Bool, _ files: any FileSystem
    ) throws(StoreFailure) {
        do throws(SystemError) { try files.synchronizeDirectory(parent(of: path)) } catch {
            // One that was made for us may lie where we may not read.
            if !isNew, error.isNoPermission { return }
            throw .unwritable(directory: path, error)
        }
    }

    /// The path of the file `name` in here.
    package func file(_ name: String) -> String { "\(path)/\(name)" }

    func segment(_ number: UInt64) -> String { file(Format.segmentName(number)) }

    func snapshot(_ number: UInt64) -> String { file(Format.snapshotName(number)) }

    /// Makes the id durable, once the first segment is.
    func establish(_ files: any FileSystem) throws(SystemError) {
        if isEstablished { return }
        var bytes = ByteBuffer(capacity: Format.identityBytes)
        bytes.append(Format.identityMagic)
        bytes.append(littleEndian: Format.version)
        let own = identifier
        bytes.append(own.span)
        let sum = Checksum.crc32c(bytes.span)
        bytes.append(littleEndian: sum)
        let new = file(Self.identityName + Format.newSuffix)
        let identity = try files.open(new, .create)
        try identity.write(bytes.span, at: 0)
        try identity.synchronize()
        try files.rename(new, to: file(Self.identityName))
        try files.synchronizeDirectory(path)
        established.store(true, ordering: .releasing)
    }

    /// Nil when there is no such file.
    private static func readIdentity(
        _ path: String, _ files: any FileSystem
    ) throws(StoreFailure) -> [UInt8]? {
        var bytes = ByteBuffer(capacity: Format.identityBytes + 1)
        do throws(SystemError) {
            let file = try files.open(path, .read)
            try file.read(Format.identityBytes + 1, at: 0, into: &bytes)
        } catch {
            if error.isNoSuchFile { return nil }
            throw .system(error)
        }
        let view = bytes.span
        guard view.begins(with: Format.identityMagic) else {
            throw .foreign(file: path, offset: 0, what: "it is no identity of a data directory")
        }
        guard view.count >= 12 else {
            throw .damaged(file: path, offset: view.count, lsn: 0, what: "it is too short")
        }
        let version = view.littleEndian(UInt32.self, at: 8)
        if version > Format.version {
            throw .futureVersion(file: path, offset: 8, version: version)
        }
        guard view.count == Format.identityBytes,
            view.littleEndian(UInt32.self, at: 28) == Checksum.crc32c(view.extracting(..<28))
        else {
            throw .damaged(file: path, offset: 0, lsn: 0, what: "its checksum is wrong")
        }
        return view.array(12..<28)
    }

    private static func parent(of path: String) -> String {
        var parts = path.utf8[...]
        while parts.count > 1, parts.last == UInt8(ascii: "/") { parts.removeLast() }
        guard let slash = parts.lastIndex(of: UInt8(ascii: "/")) else { return "." }
        return slash == parts.startIndex ? "/" : String(Substring(parts[..<slash]))
    }
}

extension Span<UInt8> {
    func begins(with text: StaticString) -> Bool {
        guard count >= text.utf8CodeUnitCount else { return false }
        for index in 0..<text.utf8CodeUnitCount where self[index] != text.byte(index) {
            return false
        }
        return true
    }

    func array(_ range: Range<Int>) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(range.count)
        for index in range { bytes.append(self[index]) }
        return bytes
    }
}

extension StaticString {
    func byte(_ index: Int) -> UInt8 {
        precondition(index >= 0 && index < utf8CodeUnitCount, "a byte outside of the text")
        return unsafe utf8Start[index]
    }
}
