// What the outbound loop has done, for metrics. Any thread may read.

package import Base

package final class OutboundStatistics: Sendable {
    package let started = Counter()
    /// Calls that were refused because too many were under way.
    package let refused = Counter()
    package let completed = Counter()
    /// Calls that ended in any other way than `.complete`, `.cancelled` and `.stopped`.
    package let failed = Counter()
    /// Connections made; the fewer for as many calls, the better they are reused.
    package let connections = Counter()
    /// Of bodies, after inflating.
    package let bytesReceived = Counter()
}
