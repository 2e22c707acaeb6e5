// What the log costs, on request: LINGXI_MEASURE=1 swift test -c release --filter LogMeasurement
//
// Not a timed test: it prints, and asserts only that everything came back.

import Base
import Glibc
import Store
import Testing

@Suite struct LogMeasurement {
    static var isWanted: Bool { unsafe getenv("LINGXI_MEASURE") != nil }

    @Test(.enabled(if: isWanted)) func appendCommitAndRead() throws {
        let path = "/tmp/lingxi-measure-\(getpid())"
        let files = LinuxFileSystem()
        let count = 2_000_000
        let payload = LogBench.payload(1, 200)
        let directory = try DataDirectory(path: path, files: files)
        for turn in [1, 16, 64] {
            let from = try LogReader.read(directory: directory, files: files, from: 1) {
                _, _, _ throws(StoreFailure) in
            }
            let log = try Log(
                directory: directory, files: files, policy: .never, end: from, release: { _ in })
            let start = Clock.monotonicNanoseconds()
            for index in 1...count / 4 {
                try log.admit(bytes: 200)
                log.append(kind: 1, admitted: 200) { lsn, bytes, effects, _ in
                    bytes.append(payload.span)
                    effects.append(littleEndian: lsn)
                }
                if index % turn == 0 { log.commit() }
            }
            let took = Clock.monotonicNanoseconds() - start
            log.close()
            print("never, \(turn) a commit: \(took / UInt64(count / 4)) ns/record")
        }
        let start = Clock.monotonicNanoseconds()
        let end = try LogReader.read(directory: directory, files: files, from: 1) {
            _, _, _ throws(StoreFailure) in
        }
        let took = Clock.monotonicNanoseconds() - start
        print("read: \(UInt64(end.records) * 1_000_000_000 / took) records/s")
        #expect(end.lastLSN == LSN(3 * (count / 4)))
        for name in try files.names(in: path) where name != "." && name != ".." {
            try files.remove("\(path)/\(name)")
        }
        #expect(unsafe rmdir(path) == 0)
    }
}
