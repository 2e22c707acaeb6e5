// Where the server is: an IPv4 address and a port, and a connection to there.

import Base
import CLinux
import Glibc

struct LoadAddress: CustomStringConvertible {
    let host: String
    let port: UInt16
    private let name: sockaddr_in

    var description: String { "\(host):\(port)" }

    init(host: String, port: UInt16) throws(LoadFailure) {
        var name = sockaddr_in()
        guard unsafe inet_pton(AF_INET, host, &name.sin_addr) == 1 else {
            throw .system(SystemError("\(host) as an IPv4 address", number: EINVAL))
        }
        name.sin_family = sa_family_t(AF_INET)
        name.sin_port = port.bigEndian
        self.host = host
        self.port = port
        self.name = name
    }

    /// A socket whose connection is under way; it is writable when it is there.
    func connect() throws(LoadFailure) -> CInt {
        let type = CInt(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
        let descriptor = socket(AF_INET, type, 0)
        guard descriptor >= 0 else { throw .system(.last("socket")) }
        var one: CInt = 1
        _ = unsafe setsockopt(
            descriptor, CInt(IPPROTO_TCP), TCP_NODELAY, &one, socklen_t(MemoryLayout<CInt>.size))
        var name = name
        let result = unsafe withUnsafePointer(to: &name) {
            unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe Glibc.connect(
                    descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        if result != 0, errno != EINPROGRESS {
            let failure = SystemError.last("connect \(description)")
            _ = close(descriptor)
            throw .system(failure)
        }
        return descriptor
    }
}
