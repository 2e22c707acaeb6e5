// What the log hands out, watched: batches in LSN order, each answer once, in the order in which
// the commands came, not before its record is durable, and with the numbers that the model says.
// What is handed out after a crash has never left the machine.

import Base
import Hub
import SimulatedDisk
import Store

struct Violation: Error {
    let what: String
}

/// Belongs to one thread.
final class Ledger: @unchecked Sendable {
    struct Answer {
        /// Everything that the answer speaks of.
        var lsn: LSN
        /// The message that it names.
        var message: Message?
    }

    private(set) var released: LSN
    private(set) var violation: Violation?
    private var waiting: [UInt32: Answer] = [:]
    private var lastAnswered: UInt32 = 0
    private let disk: MemoryDisk

    init(released: LSN, disk: MemoryDisk) {
        self.released = released
        self.disk = disk
    }

    var isEmpty: Bool { waiting.isEmpty }
    var isCrashed: Bool { disk.isDead }

    func expect(_ request: UInt32, _ answer: Answer) { waiting[request] = answer }

    func release(_ batch: Batch) {
        if isCrashed { return }
        if batch.firstLSN != released + 1 {
            fail("batch \(batch.firstLSN)...\(batch.lastLSN) is released after \(released)")
        }
        released = batch.lastLSN
        var offset = 0
        while let (effect, next) = Effect.read(batch.effects, at: offset) {
            let answer = effect.otherAnswer.isEmpty ? effect.answer : effect.otherAnswer
            if !answer.isEmpty { take(effect.request, batch.effects.span(answer)) }
            offset = next
        }
    }

    private func take(_ request: UInt32, _ bytes: Span<UInt8>) {
        guard let answer = waiting.removeValue(forKey: request) else {
            return fail("request \(request) is answered twice, or was refused before")
        }
        if request <= lastAnswered { fail("request \(request) is answered after \(lastAnswered)") }
        lastAnswered = request
        if answer.lsn > released { fail("request \(request) is answered before \(answer.lsn)") }
        guard let message = answer.message else { return }
        let text = String(decoding: Array(copying: bytes), as: UTF8.self)
        let numbers =
            "\"id\":\(message.id),\"seq\":\(message.sequence),\"timestamp\":\(message.time)}"
        if !text.hasSuffix(numbers) { fail("the ack is \(text), expected \(numbers)") }
    }

    private func fail(_ what: String) {
        if violation == nil { violation = Violation(what: what) }
    }
}
