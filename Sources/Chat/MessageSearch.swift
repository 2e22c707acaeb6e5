// Search in the user's own conversations: every message is looked at, newest first, until a page is
// full. There is no index to keep, and any script is found the moment it is written.
//
//     conversations, by the newest message that was not looked at
//        │  the first one gives a part of its messages (a lock for as long as that takes)
//        ▼
//     the newest matches so far ── all newer than whatever is left? ──► done
//
// It runs on a worker, a slice at a time, so that others get their turn. Limits: a part is at most
// 256 messages, and few where they are long; only a page of matches is kept. One thread at a time.

import Base
package import Store

package final class MessageSearch: @unchecked Sendable {
    private struct Source {
        let key: ConversationKey
        /// The highest sequence that was not looked at.
        var next: UInt32
        /// No message at or below `next` has a higher id.
        var newest: UInt64
        /// Messages in the next part.
        var part: UInt32 = 32
    }

    private struct Match {
        let key: ConversationKey
        let sequence: UInt32
        let id: UInt64
    }

    private static let partMessagesMax: UInt32 = 256
    private static let partMessagesMin: UInt32 = 4
    /// Aim of a part: the lock of a stripe is held for as long as this takes to be read.
    private static let partBytes = 128 * 1_024
    private static let sliceNanoseconds: UInt64 = 10_000_000

    private let chat: Chat
    private let user: UInt32
    private let beforeID: UInt64
    private let limit: Int
    private var keyword: Keyword
    /// Where to look; nil: everywhere, found out by the first slice.
    private var given: [ConversationKey]?
    /// A heap by `newest`: each entry at least as new as the two at 2i + 1 and 2i + 2.
    private var sources: [Source] = []
    private var hasBegun = false
    /// Newest first; one more than the page holds.
    private var matches: [Match] = []
    package private(set) var reading = Reading()

    /// `beforeID` 0: from the newest message on.
    package init(
        _ chat: Chat, for user: UInt32, keyword: String, in key: ConversationKey?,
        beforeID: UInt64, limit: Int
    ) {
        self.chat = chat
        self.user = user
        self.beforeID = beforeID
        self.limit = limit
        self.keyword = Keyword(keyword)
        given = key.map { [$0] }
    }

    /// Goes on for some milliseconds. True when nothing is left to be done.
    package func advance() -> Bool {
        if !hasBegun { begin() }
        let end = Clock.monotonicNanoseconds() + Self.sliceNanoseconds
        while let source = sources.first {
            if matches.count > limit, matches[limit].id > source.newest { return true }
            look(into: source)
            if Clock.monotonicNanoseconds() >= end { return sources.isEmpty }
        }
        return true
    }

    private func begin() {
        hasBegun = true
        for key in given ?? chat.conversationKeys(of: user, &reading) {
            let source = chat.tables.withLocked(.conversation(key), &reading) { locked in
                let state = locked.state(of: key)
                if beforeID == 0 || beforeID > state.lastID {
                    return Source(key: key, next: state.lastSequence, newest: state.lastID)
                }
                let next = locked.sequence(of: key, upToID: beforeID - 1)
                return Source(key: key, next: next, newest: beforeID - 1)
            }
            if source.next > 0 { sources.append(source) }
        }
        for place in sources.indices.reversed() { sink(place) }
    }

    /// Looks at the newest part of the first source that was not looked at.
    private func look(into source: Source) {
        var source = source
        var bytes = 0
        let first = source.next > source.part ? source.next - source.part + 1 : 1
        var found: [Match] = []
        var newestLeft: UInt64 = 0
        chat.tables.withLocked(.conversation(source.key), &reading) { locked in
            let isGroup = source.key.isGroup
            if isGroup, !locked.isMember(user, of: source.key.group) { return }
            locked.forEachMessage(of: source.key, from: first) { message in
                if message.sequence > source.next { return false }
                if newestLeft == 0 { newestLeft = message.id - 1 }
                bytes += message.content.count
                if !message.isRecalled, keyword.matches(message.content) {
                    found.append(
                        Match(key: source.key, sequence: message.sequence, id: message.id))
                }
                return true
            }
        }
        keep(found)
        // A conversation that gave nothing is over: its oldest messages are no longer kept, or the
        // user is not in the group any more.
        source.next = newestLeft == 0 ? 0 : first - 1
        source.newest = newestLeft
        source.part =
            bytes > Self.partBytes
            ? max(source.part / 4, Self.partMessagesMin)
            : min(source.part * 2, Self.partMessagesMax)
        if source.next > 0 {
            sources[0] = source
        } else {
            sources[0] = sources[sources.count - 1]
            sources.removeLast()
        }
        sink(0)
    }

    /// `found` is oldest first.
    private func keep(_ found: [Match]) {
        if found.isEmpty { return }
        var merged: [Match] = []
        merged.reserveCapacity(min(matches.count + found.count, limit + 1))
        var (old, new) = (0, found.count - 1)
        while merged.count <= limit, old < matches.count || new >= 0 {
            if new < 0 || (old < matches.count && matches[old].id > found[new].id) {
                merged.append(matches[old])
                old += 1
            } else {
                merged.append(found[new])
                new -= 1
            }
        }
        matches = merged
    }

    /// Moves an entry down to where the heap wants it.
    private func sink(_ start: Int) {
        var place = start
        while true {
            var newest = place
            for child in [2 * place + 1, 2 * place + 2] where child < sources.count {
                if sources[child].newest > sources[newest].newest { newest = child }
            }
            if newest == place { return }
            sources.swapAt(place, newest)
            place = newest
        }
    }

    // MARK: the page

    /// There are older matches.
    package var hasMore: Bool { matches.count > limit }

    /// Calls `body` with the page, newest first. What was recalled, or is not the user's to read
    /// any more, is left out.
    package func forEachFound(_ body: (borrowing MessageView) -> Void) {
        for match in matches.prefix(limit) {
            chat.tables.withLocked(chat.stripesForReading(match.key), &reading) { locked in
                if match.key.isGroup, !locked.isMember(user, of: match.key.group) { return }
                _ = locked.withMessage(of: match.key, match.sequence) { message in
                    if !message.isRecalled { chat.show(message, match.key, locked, body) }
                }
            }
        }
    }
}

extension Chat {
    /// Refuses to search a conversation that the user may not read.
    package func checkReader(
        _ user: UInt32, of key: ConversationKey, _ reading: inout Reading
    ) throws(Failure) {
        try tables.withLocked(.conversation(key), &reading) { locked throws(Failure) in
            try checkReader(user, key, locked)
        }
    }
}
