// The writer against pipes: what comes out, that a pipe nobody reads holds up nobody, and that what
// was lost is told.

import Base
import Glibc
import Synchronization
import Testing

private struct Pipe: ~Copyable {
    let reader: CInt
    let writer: CInt

    init() throws {
        var ends: [CInt] = [0, 0]
        let made = unsafe pipe(&ends)
        try #require(made == 0)
        (reader, writer) = (ends[0], ends[1])
    }

    /// Reads until `enough` says so; what was read so far comes in, and stays in `text`.
    func read(into text: inout String, until enough: (String) -> Bool) {
        var piece = [UInt8](repeating: 0, count: 65_536)
        while !enough(text) {
            let count = unsafe Glibc.read(reader, &piece, piece.count)
            if count <= 0 { return }
            text += String(decoding: piece.prefix(count), as: UTF8.self)
        }
    }

    deinit {
        close(reader)
        close(writer)
    }
}

@Suite struct LogWriterTests {
    @Test func linesComeInOrderAndFlushWaitsForThem() throws {
        let pipe = try Pipe()
        let log = LogWriter(format: .text, descriptor: pipe.writer)
        for number in 0..<100 { log.info("line", ["number": number]) }
        #expect(log.flush(milliseconds: 10_000))
        var text = ""
        pipe.read(into: &text) { $0.hasSuffix("number=99\n") }
        let lines = text.split(separator: "\n")
        #expect(lines.count == 100)
        for (number, line) in lines.enumerated() {
            #expect(line.hasSuffix("Z INFO  line number=\(number)"))
        }
    }

    @Test func aDisabledLevelBuildsNothing() throws {
        let pipe = try Pipe()
        let log = LogWriter(level: .warning, descriptor: pipe.writer)
        let built = Atomic(0)
        func message() -> String {
            built.add(1, ordering: .relaxed)
            return "x"
        }
        log.debug(message(), ["a": message()])
        log.info(message(), ["a": message()])
        #expect(built.load(ordering: .relaxed) == 0)
        log.warning(message())
        log.error(message())
        log.level = .debug
        #expect(log.level == .debug)
        log.debug(message())
        log.log(.info, message(), ["a": message()])
        #expect(built.load(ordering: .relaxed) == 5)
        #expect(log.flush(milliseconds: 10_000))
    }

    @Test func aPipeNobodyReadsHoldsUpNobody() throws {
        let pipe = try Pipe()
        let log = LogWriter(descriptor: pipe.writer, backlogBytesMax: 8_192)
        var total = 0
        // Until the pipe (64 KiB) and the backlog are full, however slowly the writer runs.
        repeat {
            for _ in 0..<1_000 {
                log.info("a line that nobody reads", ["number": total])
                total += 1
            }
        } while log.flush(milliseconds: 1)
        for _ in 0..<1_000 {
            log.info("a line that nobody reads", ["number": total])
            total += 1
        }
        let dropped = log.droppedCount
        try #require(dropped > 500)
        var text = ""
        pipe.read(into: &text) { $0.contains("log lines dropped") && $0.hasSuffix("\n") }
        #expect(log.flush(milliseconds: 10_000))
        log.info("flows again")
        pipe.read(into: &text) { $0.hasSuffix("flows again\n") }
        #expect(log.droppedCount == dropped)
        let lines = text.split(separator: "\n")
        let told = lines.filter { $0.contains("WARN  log lines dropped count=") }
            .compactMap { UInt64($0.split(separator: "=").last ?? "") }
        #expect(told.reduce(0, +) == dropped)
        let written = lines.count { $0.contains("nobody reads") }
        #expect(UInt64(written) + dropped == UInt64(total))
    }

    @Test func aClosedPipeIsCountedAndDoesNotEndTheProcess() throws {
        var ends: [CInt] = [0, 0]
        let made = unsafe pipe(&ends)
        try #require(made == 0)
        close(ends[0])
        let log = LogWriter(descriptor: ends[1])
        log.info("lost")
        #expect(log.flush(milliseconds: 10_000))
        #expect(log.droppedCount == 1)
        log.info("lost")
        #expect(log.flush(milliseconds: 10_000))
        #expect(log.droppedCount >= 2)
        close(ends[1])
    }

    @Test func manyThreadsLoseNothing() async throws {
        let pipe = try Pipe()
        let log = LogWriter(format: .json, descriptor: pipe.writer)
        await withTaskGroup(of: Void.self) { group in
            for task in 0..<4 {
                group.addTask {
                    for number in 0..<100 { log.info("x", ["task": task, "number": number]) }
                }
            }
        }
        var text = ""
        pipe.read(into: &text) { $0.utf8.count { $0 == 0x0A } == 400 }
        let lines = text.split(separator: "\n")
        #expect(lines.allSatisfy { $0.hasPrefix("{\"time\":") && $0.hasSuffix("}") })
        for task in 0..<4 {
            let own = lines.filter { $0.contains("\"task\":\(task),") }
            #expect(own.count == 100)
            #expect(own.last?.hasSuffix("\"number\":99}") == true)
        }
        #expect(log.droppedCount == 0)
    }
}
