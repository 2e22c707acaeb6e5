// libcurl looks up each name on a thread of its own, which cannot be stopped. The gate bounds those
// threads: only so many calls to one host may be on their way to a first socket; the others wait
// here, and find the name in libcurl's cache when their turn comes.
//
//     enter ──► at most `perHostMax` a host ──► socket made, or the look-up has failed ──► leave
//       └─────► waiting, in order                └─ abandoned: the place stays taken a while
//
// The hosts are those of the configuration, so their number is bounded too. Addresses that are
// numbers need no look-up and pass.

package struct LookupGate<Call> {
    private struct Host {
        var inside = 0
        var waiting: [Call] = []
        var first = 0
    }

    private let perHostMax: Int
    private var hosts: [String: Host] = [:]

    package init(perHostMax: Int) { self.perHostMax = perHostMax }

    /// True when the call may begin; else it waits.
    package mutating func enter(_ host: String, _ call: Call) -> Bool {
        var entry = hosts[host] ?? Host()
        let mayBegin = entry.inside < perHostMax
        if mayBegin { entry.inside += 1 } else { entry.waiting.append(call) }
        hosts[host] = entry
        return mayBegin
    }

    /// Gives a place back; it goes to the first waiting call that `isAlive`, which is returned and
    /// has entered.
    package mutating func leave(_ host: String, _ isAlive: (Call) -> Bool) -> Call? {
        guard var entry = hosts[host] else { return nil }
        var next: Call?
        while next == nil, entry.first < entry.waiting.count {
            let call = entry.waiting[entry.first]
            entry.first += 1
            if isAlive(call) { next = call }
        }
        if entry.first == entry.waiting.count {
            entry.waiting = []
            entry.first = 0
        }
        if next == nil { entry.inside -= 1 }
        hosts[host] = entry.inside == 0 && entry.waiting.isEmpty ? nil : entry
        return next
    }

    /// Hosts with a call inside.
    package var hostCount: Int { hosts.count }

    /// Whether a host's name is an address: digits and dots, or in brackets.
    package static func isNumeric(_ host: Substring) -> Bool {
        host.hasPrefix("[") || host.utf8.allSatisfy { $0 == 0x2E || $0 >= 0x30 && $0 <= 0x39 }
    }
}
