// The three ways to set a key, which of them counts, and what is wrong with a variable or a flag.

import Base
import Configuration
import TestSupport
import Testing

@Suite struct SourcesTests {
    /// A value for every key that is not its default, as a variable would hold it.
    static let samples: [String: String] = [
        "server.host": "127.0.0.1", "server.port": "9090", "server.reactors": "3",
        "server.tls_cert": "/etc/c.pem", "server.tls_key": "/etc/k.pem",
        "server.cors_origins": "[\"https://a.example\", \"http://b.example:3000\"]",
        "server.ws_origins": "[\"*\"]", "server.static_dir": "dist",
        "server.trusted_proxies": "[\"10.0.0.0/8\", \"::1\"]",
        "server.connections_per_address": "64", "server.ws_echo": "/echo",
        "storage.data_dir": "data", "storage.fsync": "interval", "storage.fsync_interval_ms": "7",
        "storage.snapshot_interval_s": "60", "storage.snapshot_log_mb": "8",
        "storage.snapshots_kept": "5", "storage.memory_limit_mb": "512",
        "storage.memory_policy": "drop_oldest", "storage.cold_after_s": "60",
        "storage.retention_days": "30", "storage.retention_private_days": "31",
        "storage.retention_group_days": "32", "storage.retention_private_messages": "33",
        "storage.retention_group_messages": "34",
        "auth.jwt_secret": String(repeating: "s", count: 32),
        "auth.previous_jwt_secrets": "[\"\(String(repeating: "p", count: 32))\"]",
        "auth.token_ttl_s": "60", "auth.bcrypt_cost": "4", "admin.username": "root",
        "admin.password": "123456", "chat.heartbeat_s": "1", "chat.cursor_interval_s": "1",
        "chat.devices_max": "2", "chat.multi_device": "true", "chat.recall_window_s": "0",
        "chat.content_bytes_max": "4096", "chat.frame_bytes_max": "8192",
        "chat.outbound_bytes_max": "65536", "chat.group_members_max": "50",
        "chat.groups_per_user_max": "9", "limits.enabled": "false", "limits.anonymous_per_s": "1",
        "limits.anonymous_burst": "2", "limits.login_per_minute": "3", "limits.rest_per_s": "4",
        "limits.rest_burst": "5", "limits.ws_per_s": "6", "limits.ws_burst": "7",
        "limits.body_bytes_max": "65536", "limits.header_timeout_s": "1",
        "limits.body_timeout_s": "2", "limits.idle_timeout_s": "3",
        "ai.providers": "[{ name: a, base_url: \"http://h/v1\", api_key: k, model: m }]",
        "ai.language": "en", "ai.mentions": "[\"@bot\"]", "ai.rounds_max": "2",
        "ai.first_tool_choice": "required", "ai.fold_after_turns": "2", "ai.turns_concurrent": "1",
        "ai.turns_per_minute": "60", "ai.tokens_per_day": "100000", "ai.breaker_failures": "1",
        "ai.breaker_pause_s": "1", "ai.connect_timeout_s": "1", "ai.first_token_timeout_s": "2",
        "ai.stall_timeout_s": "3", "ai.turn_timeout_s": "30", "ai.weather_url": "http://w",
        "ai.geocoding_url": "http://g", "ai.places_url": "http://p", "ai.route_url": "http://r",
        "ai.news_feeds": "{ tech: \"https://t.example/rss\" }", "log.level": "debug",
        "log.format": "json", "log.bodies": "false",
    ]

    /// What must be set beside a key for it to be good.
    private static func companions(_ path: String) -> [String] {
        switch path {
        case "server.tls_cert": ["server.tls_key"]
        case "server.tls_key": ["server.tls_cert"]
        case "chat.frame_bytes_max": ["chat.content_bytes_max"]
        default: []
        }
    }

    @Test(arguments: Keys.all.map(\.path))
    func everyWayGivesTheSame(path: String) throws {
        var file = ""
        var variables: [String: String] = [:]
        var flags = Flags()
        for each in [path] + Self.companions(path) {
            let key = try #require(Keys.find(each))
            let sample = try #require(Self.samples[each])
            file += "\(key.section): { \(key.name): \(sample) }\n"
            variables[key.variable] = sample
            flags.set("--set \(each)", each, sample)
        }
        if Self.companions(path).first?.hasPrefix("server") == true
            || path == "chat.frame_bytes_max"
        {
            let section = path.prefix { $0 != "." }
            file = "\(section):\n"
            for each in [path] + Self.companions(path) {
                file += "  \(each.dropFirst(section.count + 1)): \(Self.samples[each] ?? "")\n"
            }
        }
        let fromFile = try configuration(file)
        let key = try #require(Keys.find(path))
        #expect(!key.isEqual(fromFile, Configuration()))
        let fromVariables = try loaded(Flags(), variables)
        #expect(fromVariables.configuration == fromFile)
        #expect(fromVariables.origins[path] == .variable(key.variable))
        let fromFlags = try loaded(flags, [:])
        #expect(fromFlags.configuration == fromFile)
        #expect(fromFlags.origins[path] == .flag("--set \(path)"))
    }

    @Test func flagsCountMostThenVariablesThenTheFile() throws {
        let directory = try TemporaryDirectory()
        let file = try directory.write(
            "config.yaml", "server: { port: 1, reactors: 1, connections_per_address: 1 }\n")
        var flags = Flags(file: file)
        flags.set("--port", "server.port", "2")
        flags.set("--port", "server.port", "3")
        let variables = ["LINGXI_SERVER_PORT": "4", "LINGXI_SERVER_REACTORS": "4"]
        let result = try loaded(flags, variables)
        #expect(result.configuration.server.port == 3)
        #expect(result.configuration.server.reactors == 4)
        #expect(result.configuration.server.connectionsPerAddress == 1)
        #expect(result.configuration.server.host == "0.0.0.0")
        #expect(result.file == file)
        #expect(result.origins["server.port"] == .flag("--port"))
        let place = Origin.file(file, line: 1, column: 58)
        #expect(result.origins["server.connections_per_address"] == place)
    }

    @Test func theStandardFileMayBeMissingANamedOneNot() throws {
        let directory = try TemporaryDirectory()
        let missing = "\(directory.path)/none.yaml"
        let standard = Configuration.load(Flags(), environment: [:], standardFile: missing)
        guard case .loaded(let alone) = standard else { throw Refused() }
        #expect(alone.configuration == Configuration())
        #expect(alone.origins.isEmpty)
        #expect(alone.file == nil)
        let named = Configuration.load(Flags(file: missing), environment: [:])
        #expect(
            named
                == .refused([
                    .at("--config", "\(missing) does not exist; give the path of a file")
                ]))
        let found = try directory.write("config.yaml", "log: { level: error }\n")
        guard
            case .loaded(let loaded) = Configuration.load(
                Flags(), environment: [:], standardFile: found)
        else { throw Refused() }
        #expect(loaded.configuration.log.level == .error)
        let folder = Configuration.load(Flags(file: directory.path), environment: [:])
        #expect(
            folder
                == .refused([
                    .at(
                        directory.path,
                        "cannot be read (read: Is a directory); let the server's user read it")
                ]))
    }

    @Test func listsMayBeSeparatedByCommas() throws {
        let variables = [
            "LINGXI_SERVER_TRUSTED_PROXIES": " 10.0.0.1 , fd00::/8,",
            "LINGXI_AI_MENTIONS": "", "LINGXI_AI_PROVIDERS": "", "LINGXI_AI_NEWS_FEEDS": "",
        ]
        let read = try loaded(Flags(), variables).configuration
        #expect(read.server.trustedProxies == ["10.0.0.1", "fd00::/8"])
        #expect(read.ai.mentions == [])
        #expect(read.ai.providers == [])
        #expect(read.ai.newsFeeds == [:])
    }

    @Test func othersVariablesAreIgnored() throws {
        let variables = [
            "LINGXI_TEST_SEED": "1", "LINGXI_PORT": "tcp://10.0.0.1:80", "LINGXI_": "x",
            "PATH": "/bin", "LINGXI_SERVER": "x",
        ]
        #expect(try loaded(Flags(), variables).configuration == Configuration())
    }

    @Test(arguments: [
        (
            ["LINGXI_SERVER_PROT": "1"],
            "LINGXI_SERVER_PROT: no such variable; did you mean LINGXI_SERVER_PORT?"
        ),
        (
            ["LINGXI_LOG_ZZZZZZZZZZZZ": "1"],
            "LINGXI_LOG_ZZZZZZZZZZZZ: no such variable; unset it, or see config.example.yaml"
        ),
        (
            ["LINGXI_SERVER_PORT": ""],
            "LINGXI_SERVER_PORT: server.port: \"\" is not a whole number; "
                + "give one between 0 and 65535"
        ),
        (
            ["LINGXI_SERVER_PORT_FILE": "/x"],
            "LINGXI_SERVER_PORT_FILE: server.port is no secret and takes no file; "
                + "set LINGXI_SERVER_PORT"
        ),
        (
            ["LINGXI_AUTH_JWT_SECRET_FILE": "/x", "LINGXI_AUTH_JWT_SECRET": ""],
            "LINGXI_AUTH_JWT_SECRET_FILE: LINGXI_AUTH_JWT_SECRET is set too; set one of the two"
        ),
        (
            ["LINGXI_AUTH_JWT_SECRET_FILE": "/nonexistent/secret"],
            "LINGXI_AUTH_JWT_SECRET_FILE: auth.jwt_secret: /nonexistent/secret does not exist; "
                + "create it"
        ),
        (
            ["LINGXI_AI_PROVIDERS": "[{]"],
            "LINGXI_AI_PROVIDERS: ai.providers: at 1:3: this is not YAML "
                + "(did not find expected node content); correct it here or just before"
        ),
        (
            ["LINGXI_CHAT_CONTENT_BYTES_MAX": "65536"],
            "LINGXI_CHAT_CONTENT_BYTES_MAX: chat.frame_bytes_max, chat.content_bytes_max: "
                + "a frame of 65536 bytes does not hold a content of 65536; "
                + "make the frame at least 66560"
        ),
    ])
    func variableProblem(variables: [String: String], problem: String) {
        #expect(refusals(Flags(), variables) == [problem])
    }

    @Test func flagProblems() {
        var flags = Flags()
        flags.set("--port", "server.port", "http")
        flags.set("--set server.prot", "server.prot", "1")
        flags.set("--set nonsense", "nonsense", "1")
        #expect(
            refusals(flags, [:]) == [
                "--port: server.port: http is not a whole number; give one between 0 and 65535",
                "--set server.prot: server.prot: no such key; did you mean server.port?",
                "--set nonsense: nonsense: no such key; "
                    + "write it as section.key=value, as in config.example.yaml",
            ])
    }

    @Test(arguments: [
        ("0123456789abcdef0123456789abcdef\n", "0123456789abcdef0123456789abcdef"),
        ("0123456789abcdef0123456789abcdef", "0123456789abcdef0123456789abcdef"),
        ("0123456789abcdef0123456789abcdef\n\n", "0123456789abcdef0123456789abcdef\n"),
    ])
    func secretFromFile(content: String, secret: String) throws {
        let directory = try TemporaryDirectory()
        let file = try directory.write("secret", content)
        let read = try loaded(Flags(), ["LINGXI_AUTH_JWT_SECRET_FILE": file])
        #expect(read.configuration.auth.jwtSecret == secret)
        #expect(read.origins["auth.jwt_secret"] == .variable("LINGXI_AUTH_JWT_SECRET_FILE"))
    }

    @Test func providersFromFileAsBlockYAML() throws {
        let directory = try TemporaryDirectory()
        let file = try directory.write(
            "providers", "- name: a\n  base_url: http://h/v1\n  model: m\n")
        let read = try loaded(Flags(), ["LINGXI_AI_PROVIDERS_FILE": file]).configuration
        let wanted = Configuration.Provider(
            name: "a", baseURL: "http://h/v1", apiKey: "", model: "m")
        #expect(read.ai.providers == [wanted])
    }

    @Test(arguments: [
        ("server: { tls_cert: c }\n", "config.yaml:1:21", "server.tls_cert, server.tls_key"),
        (
            "chat: { outbound_bytes_max: 2048 }\n", "config.yaml:1:29",
            "chat.outbound_bytes_max, chat.frame_bytes_max"
        ),
        (
            "limits: { body_bytes_max: 1024 }\n", "config.yaml:1:27",
            "limits.body_bytes_max, chat.content_bytes_max"
        ),
        (
            "ai: { turn_timeout_s: 25 }\n", "config.yaml:1:23",
            "ai.first_token_timeout_s, ai.turn_timeout_s"
        ),
        (
            "server: { cors_origins: [\"*\", \"http://a\"] }\n", "config.yaml:1:25",
            "server.cors_origins"
        ),
        (
            "auth: { previous_jwt_secrets: [\(String(repeating: "p", count: 32)), "
                + "\(String(repeating: "p", count: 32))] }\n", "config.yaml:1:31",
            "auth.previous_jwt_secrets"
        ),
    ])
    func relation(text: String, place: String, keys: String) {
        let found = problems(text)
        #expect(found.count == 1)
        #expect(found.first?.hasPrefix("\(place): \(keys): ") == true)
    }

    /// Any bytes at all give an answer, not a trap.
    @Test func anyBytesAreAnswered() {
        var random = Seed.random("anyBytesAreAnswered")
        let example = Array(Example.text().utf8)
        let marks = Array("{}[]:,-#&*!|>'\"%@`\t\n ?~\\\0\u{7F}0".utf8) + [0xC3, 0xFF, 0xE2]
        for _ in 0..<400 {
            let start = Int.random(in: 0..<example.count, using: &random)
            var text = Array(example[start...].prefix(Int.random(in: 0..<600, using: &random)))
            for _ in 0..<Int.random(in: 0..<20, using: &random) where !text.isEmpty {
                let mark = marks[Int.random(in: 0..<marks.count, using: &random)]
                text[Int.random(in: 0..<text.count, using: &random)] = mark
            }
            if case .refused(let problems) = Configuration.parse(text) {
                #expect(!problems.isEmpty)
                #expect(problems.allSatisfy { !$0.description.contains("\n") })
            }
        }
    }
}

func loaded(_ flags: Flags, _ variables: [String: String]) throws -> Loaded {
    let result = Configuration.load(
        flags, environment: variables, standardFile: "/nonexistent/config.yaml")
    switch result {
    case .loaded(let loaded): return loaded
    case .refused(let problems):
        Issue.record("refused: \(problems)")
        throw Refused()
    }
}

func refusals(_ flags: Flags, _ variables: [String: String]) -> [String] {
    let result = Configuration.load(
        flags, environment: variables, standardFile: "/nonexistent/config.yaml")
    guard case .refused(let problems) = result else { return [] }
    return problems.map(\.description)
}
