// The example file: made from the table, committed, and equal to the defaults; and the defaults
// themselves, once more, as the contract states them.

import Base
import Configuration
import Glibc
import Testing

@Suite struct ExampleTests {
    /// The committed file, found from this file's own place.
    private static let path: String = {
        let parts = #filePath.split(separator: "/").dropLast(3)
        return "/" + parts.joined(separator: "/") + "/config.example.yaml"
    }()

    /// With LINGXI_TEST_REWRITE set the file is written anew instead.
    @Test func isWhatTheTableMakes() throws {
        if unsafe getenv("LINGXI_TEST_REWRITE") != nil {
            let file = unsafe open(Self.path, O_WRONLY | O_CREAT | O_TRUNC, 0o644)
            try #require(file >= 0)
            defer { close(file) }
            let text = Array(Example.text().utf8)
            let count = unsafe write(file, text, text.count)
            try #require(count == text.count)
        }
        let file = unsafe open(Self.path, O_RDONLY)
        try #require(file >= 0, "config.example.yaml is missing")
        defer { close(file) }
        var bytes = [UInt8](repeating: 0, count: 1 << 17)
        let count = unsafe read(file, &bytes, bytes.count)
        try #require(count > 0)
        let committed = String(decoding: bytes.prefix(count), as: UTF8.self)
        #expect(committed == Example.text(), "run with LINGXI_TEST_REWRITE=1")
    }

    @Test func parsesToTheDefaults() throws {
        guard case .loaded(let loaded) = Configuration.parse(Array(Example.text().utf8)) else {
            throw Refused()
        }
        #expect(loaded.configuration == Configuration())
        #expect(Set(loaded.origins.keys) == Set(Keys.all.map(\.path)))
    }

    @Test func linesAreShort() {
        for line in Example.text().split(separator: "\n") { #expect(line.count <= 110) }
    }

    @Test func defaultsAreTheContracts() throws {
        let contract = """
            server:  { host: 0.0.0.0, port: 8080, reactors: 0, tls_cert: "", tls_key: "",
                       cors_origins: [], ws_origins: [], static_dir: "", trusted_proxies: [],
                       connections_per_address: 0, ws_echo: "" }
            storage: { data_dir: snapshots, fsync: always, fsync_interval_ms: 100,
                       snapshot_interval_s: 3600, snapshot_log_mb: 256, snapshots_kept: 3,
                       memory_limit_mb: 0, retention_days: 0 }
            auth:    { jwt_secret: "", previous_jwt_secrets: [], token_ttl_s: 86400,
                       bcrypt_cost: 10 }
            admin:   { username: admin, password: "" }
            chat:    { heartbeat_s: 54, cursor_interval_s: 5, devices_max: 8, multi_device: false,
                       recall_window_s: 120, content_bytes_max: 16384, frame_bytes_max: 65536,
                       outbound_bytes_max: 1048576, group_members_max: 10000,
                       groups_per_user_max: 1000 }
            limits:  { enabled: true, anonymous_per_s: 10, anonymous_burst: 20,
                       login_per_minute: 10, rest_per_s: 20, rest_burst: 40, ws_per_s: 50,
                       ws_burst: 100, body_bytes_max: 1048576, header_timeout_s: 10,
                       body_timeout_s: 30, idle_timeout_s: 75 }
            ai:      { providers: [], language: zh, mentions: ["@AI", "@ai", "@灵犀"],
                       rounds_max: 8, first_tool_choice: auto, fold_after_turns: 20,
                       turns_concurrent: 2, turns_per_minute: 10, tokens_per_day: 0,
                       breaker_failures: 3, breaker_pause_s: 30, connect_timeout_s: 5,
                       first_token_timeout_s: 30, stall_timeout_s: 20, turn_timeout_s: 120,
                       weather_url: https://api.open-meteo.com,
                       geocoding_url: https://geocoding-api.open-meteo.com,
                       places_url: https://nominatim.openstreetmap.org,
                       route_url: https://router.project-osrm.org, news_feeds: {} }
            log:     { level: info, format: text, bodies: true }
            """
        guard case .loaded(let loaded) = Configuration.parse(Array(contract.utf8)) else {
            throw Refused()
        }
        #expect(loaded.configuration == Configuration())
        // What stands beside the contract's keys.
        let added: Set = [
            "storage.memory_policy", "storage.cold_after_s", "storage.retention_private_days",
            "storage.retention_group_days", "storage.retention_private_messages",
            "storage.retention_group_messages",
        ]
        #expect(Set(loaded.origins.keys).union(added) == Set(Keys.all.map(\.path)))
    }

    /// What rendering writes, reading gives back, for values full of syntax.
    @Test(arguments: [
        "", "true", "~", "8080", "a: b", "- a", "\"q\"", "it's", "tab\there", "line\nbreak", "灵犀 🦏",
        "#x", "a #b", "{x}", "\\", "\u{1B}[31m", "\u{FEFF}x", " lead", "trail ", "a:", "10.0.0.1",
    ])
    func renderingReadsBack(text: String) throws {
        var wanted = Configuration()
        wanted.server.staticDirectory = text
        wanted.ai.newsFeeds = [text.isEmpty ? "x" : text: "http://h/\u{E9}"]
        var file = ""
        for path in ["server.static_dir", "ai.news_feeds"] {
            let key = try #require(Keys.find(path))
            file += "\(key.section): { \(key.name): \(key.rendered(wanted)) }\n"
        }
        #expect(try configuration(file) == wanted)
    }
}
