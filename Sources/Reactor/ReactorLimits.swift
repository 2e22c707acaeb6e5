// Every bound of the reactor, with its reason. Those an operator may set come with the settings.

import Base

package enum ReactorLimits {
    /// Events taken from the kernel in one wait: enough that a busy loop pays one system call for
    /// hundreds of reads, small enough that a turn stays short.
    package static let eventsPerWait = 1_024
    /// One shared receive buffer a loop. A read that fills it is followed by another turn's.
    package static let receiveBytes = 512 * 1_024
    /// Connections accepted in one turn, so that a storm of them does not starve those who are in.
    package static let acceptsPerTurn = 128
    /// Waiting connections the kernel holds for each listener.
    package static let acceptBacklog: CInt = 4_096
    /// Bytes of one turn after which what is staged is flushed before more is staged.
    package static let turnBytesMax = 8 * 1_024 * 1_024
    /// Memory of the turn's arena that is kept from turn to turn.
    package static let turnBytesKept = 1_024 * 1_024
    /// Memory that is kept for making other forms of a message.
    package static let formBytesKept = 64 * 1_024
    /// Unsent bytes that the kernel holds of one connection before it counts as not writable.
    package static let notSentLowAt: CInt = 128 * 1_024
    /// Milliseconds for which sent bytes may stay unacknowledged before the kernel gives up.
    package static let userTimeoutMilliseconds: CUnsignedInt = 60_000
    /// Connections a reactor may hold; the table grows in pages, so this costs nothing until used.
    package static let connectionsPerReactor = 4 * 1_024 * 1_024
    /// Slots in a page of the connection table.
    package static let slotsPerPage = 1_024
    /// The coarse clock of timers: a sweep looks at each connection once in `ticksPerSweep` ticks.
    package static let tickMilliseconds = 125
    package static let ticksPerSweep = 8
    package static let ticksPerSecond = 8
    /// Seconds for a peer to read the rest and end its side after an orderly end began.
    package static let lingerSeconds = 5
    /// The same while the server goes away: it has ten seconds for everything.
    package static let drainLingerSeconds = 1
    /// Reactors: the key of a connection has 8 bits for them, the hub's masks have 64.
    package static let reactorsMax = 64
}
