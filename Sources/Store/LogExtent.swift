// How far the files of the log reach at one moment: what somebody who reads the directory while the
// server runs may take for the log. Behind it bytes come and go.

import Base

package struct LogExtent: Sendable, Equatable {
    package struct File: Sendable, Equatable {
        /// Its name in the data directory.
        package let name: String
        package let bytes: Int
    }
    /// Oldest first.
    package let files: [File]
    /// The last record in them.
    package let lastLSN: LSN
}

extension Log {
    /// Everything that was appended before the call is in the extent, and on disk. Nil when the
    /// disk does not come to that now.
    package func extent() -> LogExtent? {
        guard makeDurable(appended) else { return nil }
        let deadline = Clock.monotonicNanoseconds() &+ Self.durableNanoseconds
        monitor.withLock { $0.waiting += 1 }
        defer { monitor.withLock { $0.waiting -= 1 } }
        return monitor.attempt(on: .space) { state in
            if state.writer == .none, !state.hasFailed {
                return .done(Self.extent(state, directory))
            }
            let now = Clock.monotonicNanoseconds()
            if state.isClosing || now >= deadline { return .done(nil) }
            // Whoever writes tells nobody when he stops: he does so within a turn.
            return .wait(until: now &+ 1_000_000)
        }
    }

    /// With the writer's role free: nobody is writing.
    private static func extent(
        _ state: borrowing LogState, _ directory: DataDirectory
    ) -> LogExtent {
        var files: [LogExtent.File] = []
        for place in state.chain {
            let target = state.target?.number == place.number ? state.target : nil
            files.append(
                LogExtent.File(
                    name: Format.segmentName(place.number),
                    bytes: target?.position ?? Format.segmentBytesLimit))
        }
        return LogExtent(files: files, lastLSN: state.writtenLSN)
    }
}
