// A whole small file at once, with a bound on its length.

import Base
import CLinux
import Glibc

enum TextFile {
    case bytes([UInt8])
    case missing
    case tooLong
    case failed(SystemError)

    static func read(_ path: String, bytesMax: Int) -> TextFile {
        let number = unsafe linux_open(path, O_RDONLY, 0)
        if number < 0 {
            let error = SystemError.last("open")
            return error.number == ENOENT ? .missing : .failed(error)
        }
        let descriptor = Descriptor(number)
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 16_384)
        while true {
            let count = unsafe piece.withUnsafeMutableBytes {
                unsafe Glibc.read(descriptor.number, $0.baseAddress, $0.count)
            }
            if count == 0 { return .bytes(bytes) }
            if count < 0 {
                if errno == EINTR { continue }
                return .failed(SystemError.last("read"))
            }
            bytes.append(contentsOf: piece.prefix(count))
            if bytes.count > bytesMax { return .tooLong }
        }
    }
}
