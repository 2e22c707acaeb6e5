// The table of all keys, in the order of the example file. A row says where the value lives, what
// it may be and why; everything else (parsing, errors, example, reload) follows from it.

package enum Keys {
    package static let all: [Key] = server + storage + auth + admin + chat + limits + ai + log

    /// In the order of the table.
    package static let sections = [
        "server", "storage", "auth", "admin", "chat", "limits", "ai", "log",
    ]

    package static func find(section: String, name: String) -> Key? {
        all.first { $0.section == section && $0.name == name }
    }

    /// By `section.name`.
    package static func find(_ path: String) -> Key? {
        all.first { $0.path == path }
    }

    static func names(in section: String) -> [String] {
        all.filter { $0.section == section }.map(\.name)
    }

    private static let server: [Key] = [
        Key(
            "server.host", .text(\.server.host, Rules.host),
            "address to listen on; 0.0.0.0 is every IPv4 address, \"::\" every address"),
        Key(
            "server.port", .integer(\.server.port, 0...65_535, "give a free port, or 0 for any"),
            "TCP port; 0 takes any free one"),
        Key(
            "server.reactors",
            .integer(\.server.reactors, 0...64, "give a number of threads, or 0 for one a core"),
            "threads that serve connections; 0 is one a core"),
        Key(
            "server.tls_cert", .text(\.server.tlsCertificatePath, Rules.any),
            "PEM file with the certificate chain; empty is no TLS", reloading: .liveWhenSet),
        Key(
            "server.tls_key", .text(\.server.tlsKeyPath, Rules.any),
            "PEM file with the certificate's private key", reloading: .liveWhenSet),
        Key(
            "server.cors_origins", .list(\.server.corsOrigins, Rules.originOrStar),
            "origins that browsers may call from; [] is none, [\"*\"] any"),
        Key(
            "server.ws_origins", .list(\.server.webSocketOrigins, Rules.originOrStar),
            "origins that may open a WebSocket; [] is any"),
        Key(
            "server.static_dir", .text(\.server.staticDirectory, Rules.any),
            "directory of a frontend's build; empty serves the embedded client"),
        Key(
            "server.trusted_proxies", .list(\.server.trustedProxies, Rules.network),
            "addresses or networks whose X-Forwarded-For is believed"),
        Key(
            "server.connections_per_address",
            .integer(
                \.server.connectionsPerAddress, 0...1_000_000,
                "give the most connections of one address, or 0 for no limit"),
            "most connections of one client address; 0 is no limit"),
        Key(
            "server.ws_echo", .text(\.server.webSocketEchoPath, Rules.pathOrEmpty),
            "path of a WebSocket echo endpoint for conformance tests; empty is none"),
    ]

    private static let storage: [Key] = [
        Key(
            "storage.data_dir", .text(\.storage.dataDirectory, Rules.notEmpty),
            "directory of the log, the snapshots and the secret"),
        Key(
            "storage.fsync", Key.choice(\.storage.fsync),
            "when a change counts as stored: always (on disk), interval, never (in the kernel)"),
        Key(
            "storage.fsync_interval_ms",
            .integer(
                \.storage.fsyncIntervalMilliseconds, 1...60_000,
                "a power cut may lose this many milliseconds"),
            "with fsync: interval, the milliseconds between two syncs"),
        Key(
            "storage.snapshot_interval_s",
            .integer(
                \.storage.snapshotIntervalSeconds, 10...2_592_000,
                "give between ten seconds and 30 days"),
            "seconds between two snapshots"),
        Key(
            "storage.snapshot_log_mb",
            .integer(
                \.storage.snapshotLogMegabytes, 1...1_048_576,
                "give the log's size in MiB that is worth a snapshot"),
            "a log of this many MiB makes a snapshot early"),
        Key(
            "storage.snapshots_kept",
            .integer(\.storage.snapshotsKept, 1...1_000, "at least one snapshot must stay"),
            "newest snapshots that are kept, with the log since the oldest of them"),
        Key(
            "storage.memory_limit_mb",
            .integer(
                \.storage.memoryLimitMegabytes, 0...16_777_216, "give MiB, or 0 for no limit"),
            "MiB of memory past which memory_policy acts; 0 is no limit"),
        Key(
            "storage.memory_policy", Key.choice(\.storage.memoryPolicy),
            "past the limit: refuse new messages, or drop_oldest messages of all conversations"),
        Key(
            "storage.cold_after_s",
            .integer(
                \.storage.coldAfterSeconds, 2...86_400, "give between two seconds and a day"),
            "seconds without a reader after which messages are packed in memory"),
        Key(
            "storage.retention_days",
            .integer(\.storage.retentionDays, 0...36_500, "give days, or 0 to keep everything"),
            "days after which messages are dropped; 0 keeps them"),
        Key(
            "storage.retention_private_days",
            .integer(
                \.storage.retentionPrivateDays, 0...36_500, "give days, or 0 for retention_days"),
            "the same for private conversations alone; 0 is as retention_days says"),
        Key(
            "storage.retention_group_days",
            .integer(
                \.storage.retentionGroupDays, 0...36_500, "give days, or 0 for retention_days"),
            "the same for groups alone; 0 is as retention_days says"),
        Key(
            "storage.retention_private_messages",
            .integer(
                \.storage.retentionPrivateMessages, 0...1_000_000_000,
                "give a number of messages, or 0 to keep any"),
            "newest messages that a private conversation keeps; 0 is any number"),
        Key(
            "storage.retention_group_messages",
            .integer(
                \.storage.retentionGroupMessages, 0...1_000_000_000,
                "give a number of messages, or 0 to keep any"),
            "newest messages that a group keeps; 0 is any number"),
    ]

    private static let auth: [Key] = [
        Key(
            "auth.jwt_secret", .text(\.auth.jwtSecret, Rules.tokenSecretOrEmpty),
            "signs tokens, 32 bytes or more; empty makes one on first start", isSecret: true),
        Key(
            "auth.previous_jwt_secrets", .list(\.auth.previousJWTSecrets, Rules.tokenSecret),
            "secrets whose tokens are still accepted, for a change of the secret",
            reloading: .live, isSecret: true),
        Key(
            "auth.token_ttl_s",
            .integer(\.auth.tokenTTLSeconds, 1...31_536_000, "give a life of at most a year"),
            "seconds a token is good for"),
        Key(
            "auth.bcrypt_cost",
            .integer(
                \.auth.bcryptCost, 4...14,
                "4 is for load tests only, and above 14 one log-in takes seconds"),
            "each step doubles the work of a log-in; 10 is about 50 ms"),
    ]

    private static let admin: [Key] = [
        Key(
            "admin.username", .text(\.admin.username, Rules.userName),
            "name of the administrator that is made on first start"),
        Key(
            "admin.password", .text(\.admin.password, Rules.passwordOrEmpty),
            "its password, 6 to 72 bytes; empty makes one and prints it once", isSecret: true),
    ]

    private static let log: [Key] = [
        Key(
            "log.level", Key.choice(\.log.level),
            "least grave lines that are written: debug, info, warning, error", reloading: .live),
        Key("log.format", Key.choice(\.log.format), "text, or json: one object a line"),
        Key("log.bodies", .truth(\.log.bodies), "false keeps message text out of the log"),
    ]
}
