// What holds for all calls of an outbound loop: how many at once, by which proxy, whom to trust.
// The bounds of one call are in `CallLimits`.

package struct OutboundSettings: Sendable {
    /// Calls at once, those that wait for a name to be looked up included. One more is refused.
    package var callsMax = 1_024
    /// Connections that are kept open for the next call, over all hosts.
    package var idleConnectionsMax = 64
    /// Seconds after which a kept connection is not used again.
    package var idleConnectionSeconds = 60
    /// `http://host:port` or `socks5h://host:port`; empty: none. The environment is never asked.
    package var proxy = ""
    /// A PEM file of the authorities that are trusted instead of the system's; empty: the system's.
    package var authorityFile = ""
    /// The User-Agent of calls that name none.
    package var userAgent = "lingxi"
    /// libcurl's receive buffer, in bytes, one a running call. Streams come in small pieces: twice
    /// as much memory would buy nothing.
    package var receiveBytes = 8_192

    package init() {}
}
