// What an operator can set, typed, with the defaults. The initial values below are the only place
// where defaults stand: the table of keys (`Keys.swift`), the example file and `config check` read
// them from here.
//
// Units stand at the end of the names and are those of the keys in the file: `heartbeat_s` is
// `heartbeatSeconds`. A `Configuration` that came out of `load` is valid: every value is in range
// and the relations of `Relations.swift` hold.

package import Base

package struct Configuration: Equatable, Sendable {
    package var server = Server()
    package var storage = Storage()
    package var auth = Authentication()
    package var admin = Administrator()
    package var chat = Chat()
    package var limits = Limits()
    package var ai = Assistant()
    package var log = Log()

    /// All defaults.
    package init() {}

    package struct Server: Equatable, Sendable {
        package var host = "0.0.0.0"
        /// 0: any free one.
        package var port = 8080
        /// 0: one a core.
        package var reactors = 0
        package var tlsCertificatePath = ""
        package var tlsKeyPath = ""
        /// Empty: no origin. `["*"]`: any.
        package var corsOrigins: [String] = []
        /// Empty: any origin.
        package var webSocketOrigins: [String] = []
        /// Empty: the embedded web client.
        package var staticDirectory = ""
        /// Addresses or networks (`10.0.0.0/8`) whose `X-Forwarded-For` is believed.
        package var trustedProxies: [String] = []
        /// 0: no limit.
        package var connectionsPerAddress = 0
        /// Path of a WebSocket echo endpoint for conformance tests; empty: none.
        package var webSocketEchoPath = ""
    }

    package struct Storage: Equatable, Sendable {
        package var dataDirectory = "snapshots"
        package var fsync = Fsync.always
        package var fsyncIntervalMilliseconds = 100
        package var snapshotIntervalSeconds = 3600
        package var snapshotLogMegabytes = 256
        package var snapshotsKept = 3
        /// 0: no limit.
        package var memoryLimitMegabytes = 0
        package var memoryPolicy = MemoryPolicy.refuse
        package var coldAfterSeconds = 300
        /// 0: kept for ever.
        package var retentionDays = 0
        /// 0: as `retentionDays` says.
        package var retentionPrivateDays = 0
        package var retentionGroupDays = 0
        /// Messages that a conversation keeps; 0: any number.
        package var retentionPrivateMessages = 0
        package var retentionGroupMessages = 0
    }

    package enum MemoryPolicy: String, CaseIterable, Sendable {
        case refuse
        case dropOldest = "drop_oldest"
    }

    package enum Fsync: String, CaseIterable, Sendable {
        case always, interval, never
    }

    package struct Authentication: Equatable, Sendable {
        /// Empty: made on first start and kept in the data directory.
        package var jwtSecret = ""
        package var previousJWTSecrets: [String] = []
        package var tokenTTLSeconds = 86_400
        package var bcryptCost = 10
    }

    package struct Administrator: Equatable, Sendable {
        package var username = "admin"
        /// Empty: made on first start and printed once.
        package var password = ""
    }

    package struct Chat: Equatable, Sendable {
        package var heartbeatSeconds = 54
        package var cursorIntervalSeconds = 5
        package var devicesMax = 8
        package var multiDevice = false
        package var recallWindowSeconds = 120
        package var contentBytesMax = 16_384
        package var frameBytesMax = 65_536
        package var outboundBytesMax = 1_048_576
        package var groupMembersMax = 10_000
        package var groupsPerUserMax = 1_000
    }

    package struct Limits: Equatable, Sendable {
        package var enabled = true
        package var anonymousPerSecond = 10
        package var anonymousBurst = 20
        package var loginPerMinute = 10
        package var restPerSecond = 20
        package var restBurst = 40
        package var webSocketPerSecond = 50
        package var webSocketBurst = 100
        package var bodyBytesMax = 1_048_576
        package var headerTimeoutSeconds = 10
        package var bodyTimeoutSeconds = 30
        package var idleTimeoutSeconds = 75
    }

    package struct Assistant: Equatable, Sendable {
        /// In order of preference; empty: the assistant is switched off.
        package var providers: [Provider] = []
        package var language = "zh"
        package var mentions = ["@AI", "@ai", "@灵犀"]
        package var roundsMax = 8
        package var firstToolChoice = ToolChoice.auto
        package var foldAfterTurns = 20
        package var turnsConcurrent = 2
        package var turnsPerMinute = 10
        /// 0: no limit.
        package var tokensPerDay = 0
        package var breakerFailures = 3
        package var breakerPauseSeconds = 30
        package var connectTimeoutSeconds = 5
        package var firstTokenTimeoutSeconds = 30
        package var stallTimeoutSeconds = 20
        package var turnTimeoutSeconds = 120
        package var weatherURL = "https://api.open-meteo.com"
        package var geocodingURL = "https://geocoding-api.open-meteo.com"
        package var placesURL = "https://nominatim.openstreetmap.org"
        package var routeURL = "https://router.project-osrm.org"
        /// Category to the address of its feed.
        package var newsFeeds: [String: String] = [:]
    }

    /// An OpenAI-compatible endpoint.
    package struct Provider: Equatable, Sendable {
        package var name = ""
        package var baseURL = ""
        /// Empty where the endpoint wants none.
        package var apiKey = ""
        package var model = ""

        package init(name: String, baseURL: String, apiKey: String, model: String) {
            self.name = name
            self.baseURL = baseURL
            self.apiKey = apiKey
            self.model = model
        }
    }

    /// `tool_choice` of a turn's first round, as the OpenAI API names it.
    package enum ToolChoice: String, CaseIterable, Sendable {
        case auto, required, none
    }

    package struct Log: Equatable, Sendable {
        package var level = LogLevel.info
        package var format = LogFormat.text
        /// False keeps message text out of the log.
        package var bodies = true
    }
}
