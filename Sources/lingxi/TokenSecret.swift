// The secret that signs tokens: the configured one, or one that is made on first start and kept in
// the data directory, readable by its owner only.

import API
import Base
import CLinux
import Configuration
import Glibc

enum TokenSecret {
    private static let fileName = "jwt_secret"
    /// 256 bits, written as hexadecimal text, so that the file can be read out and configured.
    private static let bytes = 32
    private static let characters = bytes * 2

    static func load(
        _ configuration: Configuration, directory: String
    ) throws(Refusal) -> [UInt8] {
        if !configuration.auth.jwtSecret.isEmpty { return Array(configuration.auth.jwtSecret.utf8) }
        let path = "\(directory)/\(fileName)"
        if let kept = try read(path) { return kept }
        var text = ByteBuffer(capacity: characters)
        for _ in 0..<bytes / 8 {
            text.append(hexadecimal: Random.bytes(8).reduce(0) { $0 << 8 | UInt64($1) })
        }
        let secret = Array(String(copying: text).utf8)
        try write(secret, to: path)
        return secret
    }

    private static func read(_ path: String) throws(Refusal) -> [UInt8]? {
        let number = unsafe linux_open(path, O_RDONLY, 0)
        if number < 0 {
            if errno == ENOENT { return nil }
            throw Refusal("\(SystemError.last("open \(path)"))")
        }
        let file = Descriptor(number)
        var buffer = [UInt8](repeating: 0, count: characters + 2)
        let count = unsafe buffer.withUnsafeMutableBytes {
            unsafe Glibc.read(file.number, $0.baseAddress, $0.count)
        }
        guard count >= characters, buffer[..<characters].allSatisfy({ $0 > 32 && $0 < 127 }),
            buffer[characters...].allSatisfy({ $0 == 0 || $0 == 10 })
        else {
            throw Refusal(
                "\(path) does not hold the \(characters) characters of a secret; restore it, or "
                    + "remove it to end all tokens")
        }
        return Array(buffer[..<characters])
    }

    /// Whole or not at all: written beside, synced, renamed.
    private static func write(_ secret: [UInt8], to path: String) throws(Refusal) {
        let temporary = path + ".new"
        let number = unsafe linux_open(temporary, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        guard number >= 0 else { throw Refusal("\(SystemError.last("open \(temporary)"))") }
        let file = Descriptor(number)
        let written = unsafe secret.withUnsafeBytes {
            unsafe Glibc.write(file.number, $0.baseAddress, $0.count)
        }
        guard written == secret.count, fsync(file.number) == 0 else {
            throw Refusal("\(SystemError.last("write \(temporary)"))")
        }
        guard unsafe rename(temporary, path) == 0 else {
            throw Refusal("\(SystemError.last("rename \(temporary)"))")
        }
    }
}
