// What all reactors share: the domain, the keys of tokens, the workers, and the settings of the
// API.

package import Base
package import Chat

package struct APISettings: Sendable {
    package var tokenSeconds = 86_400
    package var heartbeatSeconds = 54
    package var frameBytesMax = 65_536
    package var outboundBytesMax = 1_048_576
    package var bodyBytesMax = 1_048_576
    package var headerTimeoutSeconds = 10
    package var bodyTimeoutSeconds = 30
    package var idleTimeoutSeconds = 75
    package var multiDevice = false
    /// Path of the WebSocket echo endpoint; empty for none.
    package var echoPath = ""
    /// Empty: none. `*`: any.
    package var corsOrigins: [String] = []
    /// Empty: any.
    package var webSocketOrigins: [String] = []

    package init() {}
}

package final class ServerContext: Sendable {
    package let chat: Chat
    package let keys: TokenKeys
    package let workers: WorkerPool
    package let settings: APISettings
    package let log: LogWriter
    /// What a log-in of an unknown user is compared with, so that it takes as long as any other.
    package let decoyHash: String

    package init(
        chat: Chat, keys: TokenKeys, workers: WorkerPool, settings: APISettings, log: LogWriter
    ) {
        self.chat = chat
        self.keys = keys
        self.workers = workers
        self.settings = settings
        self.log = log
        decoyHash = PasswordHash.decoy(cost: chat.settings.bcryptCost)
    }
}
