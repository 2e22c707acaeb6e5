// Which messages a connection takes as they are released while its backlog is being read: none of
// a conversation that is behind, and of one that has just become live those alone that the backlog
// has not sent.

import API
import Chat
import Store
import TestSupport
import Testing
import Base

@Suite struct CatchUpStateTests {
    private static let keys = [
        ConversationKey(1, 2), ConversationKey(group: 42), ConversationKey(1, 9),
    ]

    private func state(_ next: [UInt32]) -> CatchUpState {
        CatchUpState(zip(Self.keys, next).map { Self.behind($0, next: $1) })
    }

    private static func behind(_ key: ConversationKey, next: UInt32) -> Standpoint {
        Standpoint(key: key, delivered: next - 1, isBehind: true, lsn: 10)
    }

    @Test func whatIsBehindWaits() {
        var state = state([5, 8])
        let (first, second) = (Self.keys[0].bits, Self.keys[1].bits)
        #expect(!state.isDone && state.behind.map(\.next) == [5, 8])
        #expect(!state.accepts(first, 5) && !state.accepts(second, 100))
        #expect(state.accepts(Self.keys[2].bits, 1) && state.accepts(0, 0))
        #expect(state.defers(first) && !state.defers(Self.keys[2].bits) && !state.defers(0))
        state.advance(first, to: 9)
        state.advance(Self.keys[2].bits, to: 3)
        #expect(state.behind.map(\.next) == [9, 8])
        #expect(state.goLive(first, at: 12, released: 20) == [])
        #expect(!state.isDone && !state.defers(first))
        #expect(!state.accepts(first, 11) && state.accepts(first, 12) && state.accepts(first, 13))
        #expect(!state.accepts(second, 9))
        #expect(state.goLive(second, at: 8, released: 30) == [])
        #expect(state.isDone && !state.accepts(second, 7) && state.accepts(second, 8))
        // Each conversation stays under watch until the effects that its backlog knew are handled.
        #expect(!state.settle(upTo: 19) && state.exceptions(handled: 19).count == 2)
        #expect(!state.settle(upTo: 20) && state.accepts(first, 1) && !state.accepts(second, 1))
        #expect(state.settle(upTo: 30) && state.accepts(second, 1))
        #expect(state.exceptions(handled: 30) == [])
    }

    /// A conversation in which nothing was missed, but older messages are under way to the reactor.
    @Test func whatCameBeforeIsKeptOut() {
        let key = Self.keys[1]
        var state = CatchUpState([Standpoint(key: key, delivered: 7, isBehind: false, lsn: 40)])
        #expect(state.isDone && !state.defers(key.bits))
        #expect(!state.accepts(key.bits, 7) && state.accepts(key.bits, 8))
        #expect(state.exceptions(handled: 39).map(\.sequence) == [7])
        #expect(!state.settle(upTo: 39) && state.settle(upTo: 40))
    }

    @Test func answersComeBehindWhatTheySpeakOf() {
        var state = state([1, 1])
        let (first, second) = (Self.keys[0].bits, Self.keys[1].bits)
        state.deferAnswer([1].span, topic: first)
        state.deferAnswer([2].span, topic: second)
        state.deferAnswer([3, 3].span, topic: first)
        #expect(state.answerBytes == 4)
        #expect(state.goLive(first, at: 4, released: 1) == [[1], [3, 3]])
        #expect(state.goLive(second, at: 4, released: 1) == [[2]])
        #expect(state.goLive(first, at: 4, released: 1) == [] && state.answerBytes == 0)
    }

    @Test func whatIsLeftIsForgotten() {
        var state = state([3, 4])
        let second = Self.keys[1].bits
        state.deferAnswer([2].span, topic: second)
        #expect(state.forget(second) == [[2]])
        #expect(!state.defers(second) && state.accepts(second, 1))
        #expect(state.behind.count == 1 && state.exceptions(handled: 0).count == 1)
        #expect(state.forget(Self.keys[0].bits) == [])
        #expect(state.isDone && state.exceptions(handled: 0) == [])
        #expect(CatchUpState().isDone)
    }

    @Test func exceptionsSayHowFarEachHasCome() {
        var state = state([3, 4, 1])
        state.advance(Self.keys[0].bits, to: 6)
        _ = state.goLive(Self.keys[1].bits, at: 9, released: 50)
        let exceptions = state.exceptions(handled: 49)
        #expect(exceptions.map(\.conversation) == [Self.keys[0], Self.keys[2], Self.keys[1]])
        #expect(exceptions.map(\.sequence) == [5, 0, 8])
    }

    /// A store that grows while it is read: whatever the order of reading and releasing, the
    /// connection gets every sequence once and in order.
    @Test func nothingIsMissedOrRepeated() {
        var random = Seed.random("catch-up")
        for _ in 0..<300 {
            let topic = Self.keys[1].bits
            let start = UInt32.random(in: 1...5, using: &random)
            var stored = start + UInt32.random(in: 0...20, using: &random)
            var released: [UInt32] = []
            var state = CatchUpState([Self.behind(Self.keys[1], next: start)])
            var got: [UInt32] = []
            for _ in 0..<60 {
                switch Int.random(in: 0..<3, using: &random) {
                case 0:
                    stored += 1
                    released.append(stored)
                case 1:
                    // An effect arrives after its message was released to readers.
                    guard !released.isEmpty else { continue }
                    let sequence = released.removeFirst()
                    if state.accepts(topic, sequence) { got.append(sequence) }
                default:
                    guard let first = state.behind.first else { continue }
                    let most = UInt32.random(in: 1...6, using: &random)
                    let end = min(stored, first.next + most - 1)
                    if first.next <= end { got += first.next...end }
                    let next = max(first.next, end + 1)
                    state.advance(topic, to: next)
                    if next > stored { _ = state.goLive(topic, at: next, released: 99) }
                }
            }
            for sequence in released where state.accepts(topic, sequence) { got.append(sequence) }
            #expect(got == (start..<start + UInt32(got.count)).map { $0 })
            if state.isDone { #expect(got.last ?? stored == stored) }
        }
    }
}
