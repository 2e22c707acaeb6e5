// The server's log: lines go from any thread into a bounded ring, and one thread writes them.
//
// A call never waits for the descriptor: when standard error is a pipe that nobody reads, lines are
// dropped and counted once `backlogBytesMax` are waiting, and one line tells the count as soon as
// the descriptor takes bytes again. A level that is switched off costs one atomic load: neither the
// message nor the fields are built.
//
// Limits: `backlogBytesMax` waiting and as many being written, `LogLine.bytesMax` a line. A
// write that fails (closed pipe, full disk) loses its batch; the loss is counted and told like
// lines that were dropped.

import Glibc
import Synchronization

package typealias LogFields = KeyValuePairs<StaticString, any LogValue>

package final class LogWriter: Sendable {
    /// Bytes of lines that wait for the writer.
    package static var backlogBytesMax: Int { 1 << 20 }

    private let threshold: Atomic<UInt8>
    private let format: LogFormat
    private let ring: LogRing

    /// Starts the writer thread. `descriptor` stays the caller's and must outlive the writer.
    package init(
        level: LogLevel = .info, format: LogFormat = .text, descriptor: CInt = 2,
        backlogBytesMax: Int = LogWriter.backlogBytesMax
    ) {
        threshold = Atomic(level.severity)
        self.format = format
        ring = LogRing(bytesMax: backlogBytesMax)
        startLogThread(ring, descriptor: descriptor, format: format)
    }

    deinit { ring.end() }

    /// The least grave level that is written; may be changed at any time, from any thread.
    package var level: LogLevel {
        get { LogLevel(severity: threshold.load(ordering: .relaxed)) ?? .info }
        set { threshold.store(newValue.severity, ordering: .relaxed) }
    }

    /// Lines lost since the start: no room, or a write that failed.
    package var droppedCount: UInt64 { ring.lostCount }

    package func isEnabled(_ level: LogLevel) -> Bool {
        level.severity >= threshold.load(ordering: .relaxed)
    }

    package func debug(
        _ message: @autoclosure () -> String, _ fields: @autoclosure () -> LogFields = [:]
    ) {
        if isEnabled(.debug) { write(.debug, message(), fields()) }
    }

    package func info(
        _ message: @autoclosure () -> String, _ fields: @autoclosure () -> LogFields = [:]
    ) {
        if isEnabled(.info) { write(.info, message(), fields()) }
    }

    package func warning(
        _ message: @autoclosure () -> String, _ fields: @autoclosure () -> LogFields = [:]
    ) {
        if isEnabled(.warning) { write(.warning, message(), fields()) }
    }

    package func error(
        _ message: @autoclosure () -> String, _ fields: @autoclosure () -> LogFields = [:]
    ) {
        if isEnabled(.error) { write(.error, message(), fields()) }
    }

    /// For a level that is only known at run time.
    package func log(
        _ level: LogLevel, _ message: @autoclosure () -> String,
        _ fields: @autoclosure () -> LogFields = [:]
    ) {
        if isEnabled(level) { write(level, message(), fields()) }
    }

    /// Waits until what was logged before is written, for the end of the process.
    /// - Returns: false when `milliseconds` were over first.
    @discardableResult
    package func flush(milliseconds: Int) -> Bool {
        ring.flush(milliseconds: milliseconds)
    }

    private func write(_ level: LogLevel, _ message: String, _ fields: LogFields) {
        var line = LogLine(level, message, at: Clock.unixMilliseconds(), format: format)
        for (key, value) in fields { line.append(key, value) }
        ring.add(line.finish().span)
    }
}

// MARK: The thread

private final class LogThread: Sendable {
    let ring: LogRing
    let descriptor: CInt
    let format: LogFormat

    init(ring: LogRing, descriptor: CInt, format: LogFormat) {
        self.ring = ring
        self.descriptor = descriptor
        self.format = format
    }

    func run() {
        // Signals are for the thread that waits for them, and a closed pipe is an error here, not
        // the end of the process.
        var all = sigset_t()
        unsafe sigfillset(&all)
        unsafe pthread_sigmask(SIG_BLOCK, &all, nil)
        var batch = ByteBuffer()
        while let dropped = ring.take(&batch) {
            if dropped > 0 { reportDrop(dropped, to: &batch) }
            let lost = writeAll(batch.span)
            ring.finishBatch(lost: lost)
            batch.removeAll(keepingAtMost: 65_536)
        }
    }

    private func reportDrop(_ count: UInt64, to batch: inout ByteBuffer) {
        var line = LogLine(
            .warning, "log lines dropped", at: Clock.unixMilliseconds(), format: format)
        line.append("count", count)
        batch.append(line.finish().span)
    }

    /// - Returns: the lines that could not be written.
    private func writeAll(_ bytes: Span<UInt8>) -> UInt64 {
        var done = 0
        while done < bytes.count {
            let rest = bytes.extracting(done..<bytes.count)
            let count = unsafe rest.withUnsafeBytes {
                unsafe write(descriptor, $0.baseAddress, $0.count)
            }
            if count > 0 {
                done += count
            } else if count < 0, errno == EINTR {
                continue
            } else if count < 0, errno == EAGAIN {
                waitUntilWritable()
            } else {
                return newlines(in: rest)
            }
        }
        return 0
    }

    private func waitUntilWritable() {
        var wanted = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        _ = unsafe poll(&wanted, 1, -1)
    }

    private func newlines(in bytes: Span<UInt8>) -> UInt64 {
        var count: UInt64 = 0
        for index in bytes.indices where bytes[index] == UInt8(ascii: "\n") { count += 1 }
        return count
    }
}

/// A free function: a closure made elsewhere could belong to the main actor and trap on the thread.
private func startLogThread(_ ring: LogRing, descriptor: CInt, format: LogFormat) {
    let thread = LogThread(ring: ring, descriptor: descriptor, format: format)
    let argument = unsafe Unmanaged.passRetained(thread).toOpaque()
    var handle = pthread_t()
    let result = unsafe pthread_create(
        &handle, nil,
        { argument in
            guard let argument = unsafe argument else { return nil }
            unsafe Unmanaged<LogThread>.fromOpaque(argument).takeRetainedValue().run()
            return nil
        }, argument)
    precondition(result == 0, "the log's thread cannot be started")
    pthread_detach(handle)
}
