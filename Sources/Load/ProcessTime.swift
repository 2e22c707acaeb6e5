// How much processor time a process has used: another one by /proc/PID/stat (proc(5): fields 14
// and 15, in clock ticks), this one by its clock.
//
//     1234 (a name) S 1 … utime stime …       the name may hold blanks and parentheses

import CLinux
import Glibc

package enum ProcessTime {
    /// User and system time of process `number` in nanoseconds; nil when there is none.
    static func of(process number: Int) -> UInt64? {
        let descriptor = unsafe linux_open("/proc/\(number)/stat", O_RDONLY, 0)
        guard descriptor >= 0 else { return nil }
        defer { _ = close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: 2_048)
        let count = unsafe bytes.withUnsafeMutableBytes {
            unsafe read(descriptor, $0.baseAddress, $0.count)
        }
        guard count > 0, let ticks = ticks(in: Array(bytes.prefix(count))) else { return nil }
        let perSecond = UInt64(max(sysconf(CInt(_SC_CLK_TCK)), 1))
        return ticks * (1_000_000_000 / perSecond)
    }

    /// The sum of both times in the line of a process.
    package static func ticks(in line: [UInt8]) -> UInt64? {
        guard let name = line.lastIndex(of: UInt8(ascii: ")")) else { return nil }
        // Behind the name the third field comes first.
        let fields = line[(name + 1)...].split(separator: UInt8(ascii: " "))
        guard fields.count > 12, let user = UInt64(String(decoding: fields[11], as: UTF8.self)),
            let system = UInt64(String(decoding: fields[12], as: UTF8.self))
        else { return nil }
        return user &+ system
    }

    /// This process, all threads, in nanoseconds.
    static func own() -> UInt64 {
        var time = timespec()
        guard unsafe clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time) == 0 else { return 0 }
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }
}
