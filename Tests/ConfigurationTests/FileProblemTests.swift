// Everything that can be wrong with a file, with the exact line that an operator reads.

import Base
import Configuration
import Testing

/// What `text` is refused with, one line a problem.
func problems(_ text: String) -> [String] {
    switch Configuration.parse(Array(text.utf8)) {
    case .loaded: []
    case .refused(let problems): problems.map(\.description)
    }
}

func configuration(_ text: String) throws -> Configuration {
    switch Configuration.parse(Array(text.utf8)) {
    case .loaded(let loaded): return loaded.configuration
    case .refused(let problems):
        Issue.record("refused: \(problems)")
        throw Refused()
    }
}

struct Refused: Error {}

@Suite struct FileProblemTests {
    @Test(arguments: [
        // Names
        (
            "server:\n  prot: 80\n",
            "config.yaml:2:3: server.prot: no such key; did you mean port?"
        ),
        (
            "server:\n  heartbeat_s: 9\n",
            "config.yaml:2:3: server.heartbeat_s: no such key; it belongs to chat"
        ),
        (
            "log:\n  zzzzzzzz: 9\n",
            "config.yaml:2:3: log.zzzzzzzz: no such key; log has level, format, bodies"
        ),
        ("sever: {}\n", "config.yaml:1:1: sever: no such section; did you mean server?"),
        ("port: 80\n", "config.yaml:1:1: port: no such section; write it below server:"),
        (
            "metrics: {}\n",
            "config.yaml:1:1: metrics: no such section; the sections are server, storage, auth, "
                + "admin, chat, limits, ai, log"
        ),
        (
            "server: { port: 1 }\nlog:\nserver: { port: 2 }\n",
            "config.yaml:3:1: server: is given twice, first in line 1; keep one"
        ),
        (
            "server:\n  port: 1\n  host: \"::\"\n  port: 2\n",
            "config.yaml:4:3: server.port: is given twice, first in line 2; keep one"
        ),
        (
            "server:\n  ? [a]\n  : 1\n",
            "config.yaml:2:5: server: a list stands for a key; write a name"
        ),
        // Kinds
        (
            "server:\n  port: 70000\n",
            "config.yaml:2:9: server.port: 70000 is not between 0 and 65535; "
                + "give a free port, or 0 for any"
        ),
        (
            "server:\n  port: -1\n",
            "config.yaml:2:9: server.port: -1 is not between 0 and 65535; "
                + "give a free port, or 0 for any"
        ),
        (
            "server: { port: 99999999999999999999 }\n",
            "config.yaml:1:17: server.port: 99999999999999999999 is not between 0 and 65535; "
                + "give a free port, or 0 for any"
        ),
        (
            "server: { port: 0x50 }\n",
            "config.yaml:1:17: server.port: 0x50 is not a whole number; "
                + "give one between 0 and 65535"
        ),
        (
            "server: { port: \"80\" }\n",
            "config.yaml:1:17: server.port: text in quotes stands here; "
                + "take the quotes away to make it a number"
        ),
        (
            "server: { port: [80] }\n",
            "config.yaml:1:17: server.port: a list stands here; "
                + "give a whole number between 0 and 65535"
        ),
        (
            "server:\n  port:\n",
            "config.yaml:2:8: server.port: nothing stands here; "
                + "give a whole number between 0 and 65535"
        ),
        (
            "log: { bodies: yes }\n",
            "config.yaml:1:16: log.bodies: yes is neither true nor false; write true or false"
        ),
        (
            "log: { bodies: \"true\" }\n",
            "config.yaml:1:16: log.bodies: text in quotes stands here; write true or false"
        ),
        (
            "log: { level: warn }\n",
            "config.yaml:1:15: log.level: warn is none of debug, info, warning, error; "
                + "give one of them"
        ),
        (
            "storage: { fsync: alway }\n",
            "config.yaml:1:19: storage.fsync: alway is none of always, interval, never; "
                + "did you mean always?"
        ),
        (
            "server: { host: ~ }\n",
            "config.yaml:1:17: server.host: nothing stands here; write \"\" for an empty text"
        ),
        (
            "server: { host: { a: 1 } }\n",
            "config.yaml:1:17: server.host: a map stands here; give a text"
        ),
        (
            "ai: { mentions: \"@AI\" }\n",
            "config.yaml:1:17: ai.mentions: text in quotes stands here; "
                + "give a list, as [a, b], or [] for none"
        ),
        (
            "ai: { mentions: [[a]] }\n",
            "config.yaml:1:18: ai.mentions[0]: a list stands here; give a text"
        ),
        (
            "ai: { news_feeds: [] }\n",
            "config.yaml:1:19: ai.news_feeds: a list stands here; "
                + "give a map, as { name: value }, or {} for none"
        ),
        (
            "ai: { providers: {} }\n",
            "config.yaml:1:18: ai.providers: a map stands here; "
                + "give a list, as [{ name, base_url, api_key, model }]"
        ),
        (
            "server: 8080\n",
            "config.yaml:1:9: server: text stands here; write its keys below, indented"
        ),
        (
            "- server\n",
            "config.yaml:1:1: a list stands here; begin with a section, as server:"
        ),
        // Texts
        (
            "storage: { data_dir: \"a\\0b\" }\n",
            "config.yaml:1:22: storage.data_dir: holds a NUL byte; take it away"
        ),
        (
            "storage: { data_dir: \"\" }\n",
            "config.yaml:1:22: storage.data_dir: \"\" is empty; give a value"
        ),
        (
            "server: { host: chat.example.org }\n",
            "config.yaml:1:17: server.host: chat.example.org is not an address; "
                + "give an IPv4 or IPv6 address of this machine, or localhost"
        ),
        (
            "server: { ws_echo: echo }\n",
            "config.yaml:1:20: server.ws_echo: echo is not a path; begin it with /"
        ),
        (
            "server: { cors_origins: [\"https://a.example/\"] }\n",
            "config.yaml:1:26: server.cors_origins[0]: https://a.example/ is not an origin; "
                + "write scheme, host and port only, without a path or final /"
        ),
        (
            "server: { trusted_proxies: [10.0.0.0/8, 10.0.0.0/33] }\n",
            "config.yaml:1:41: server.trusted_proxies[1]: 10.0.0.0/33 has no prefix length "
                + "between 0 and 32 behind its /; write 10.0.0.7, 10.0.0.0/8 or fd00::/8"
        ),
        (
            "auth: { jwt_secret: hunter2 }\n",
            "config.yaml:1:21: auth.jwt_secret: has 7 bytes; a secret needs 32 or more "
                + "(try: openssl rand -hex 32)"
        ),
        (
            "admin: { password: abc }\n",
            "config.yaml:1:20: admin.password: has 3 bytes; bcrypt reads 6 to 72"
        ),
        (
            "admin: { username: a b }\n",
            "config.yaml:1:20: admin.username: \"a b\" is not a user name; "
                + "give 2 to 32 letters, digits, or any of _ . -"
        ),
        (
            "ai: { weather_url: ftp://x }\n",
            "config.yaml:1:20: ai.weather_url: ftp://x is not a web address; "
                + "begin it with http:// or https://"
        ),
        (
            "ai: { language: 中文 }\n",
            "config.yaml:1:17: ai.language: 中文 is not a language tag; write zh, en or pt-BR"
        ),
        (
            "ai: { mentions: [hey you] }\n",
            "config.yaml:1:18: ai.mentions[0]: \"hey you\" is not one word; "
                + "give a text without spaces"
        ),
        (
            "ai: { news_feeds: { tech: nowhere } }\n",
            "config.yaml:1:27: ai.news_feeds.tech: nowhere is not a web address; "
                + "begin it with http:// or https://"
        ),
        // Providers
        (
            "ai: { providers: [{ name: a, base_url: http://h/v1 }] }\n",
            "config.yaml:1:19: ai.providers[0]: model is missing; add it"
        ),
        (
            "ai:\n  providers:\n    - { name: a, base_url: http://h, model: m, apikey: k }\n",
            "config.yaml:3:48: ai.providers[0].apikey: no such key; did you mean api_key?"
        ),
        (
            "ai: { providers: [{ name: a, base_url: h, model: m, api_key: k }] }\n",
            "config.yaml:1:40: ai.providers[0].base_url: h is not a web address; "
                + "begin it with http:// or https://"
        ),
        (
            "ai: { providers: [a] }\n",
            "config.yaml:1:19: ai.providers[0]: text stands here; "
                + "give { name, base_url, api_key, model }"
        ),
    ])
    func message(text: String, problem: String) {
        #expect(problems(text) == [problem])
    }

    @Test(arguments: [
        ("server:\n\tport: 80\n", "config.yaml:2:1: a tab indents this line; indent with spaces"),
        (
            "server: { port: 80\n",
            "config.yaml:2:1: this is not YAML (did not find expected ',' or '}'); "
                + "correct it here or just before"
        ),
        (
            "a: 1\n---\nb: 2\n",
            "config.yaml:2:1: a second document begins; keep one, and no line ---"
        ),
        (
            "server: &a { port: 80 }\n",
            "config.yaml:1:9: an anchor (&) is not supported; write the value where it is needed"
        ),
        (
            "server: { port: *a }\n",
            "config.yaml:1:17: an alias (*) is not supported; write the value where it is needed"
        ),
        (
            "server: { host: !env HOME }\n",
            "config.yaml:1:17: a tag (!) has no meaning here; take it away"
        ),
        (
            "server: { host: a\u{1}b }\n",
            "config.yaml:1:18: a control character stands here; write it as \"\\x..\" in quotes"
        ),
    ])
    func syntax(text: String, problem: String) {
        #expect(problems(text).contains(problem))
    }

    @Test func notUTF8() {
        let text = Array("log:\n  # é\n  level: ".utf8) + [0xC3, 0x28, 0x0A]
        #expect(
            Configuration.parse(text)
                == .refused([
                    Problem.at("config.yaml:3:10", "this is not UTF-8; save the text as UTF-8")
                ]))
    }

    @Test func everythingIsReportedAtOnce() {
        let text = """
            server: { port: x, hots: 1 }
            log: { level: loud }
            auth: { bcrypt_cost: 15 }
            nonsense: {}
            """
        #expect(
            problems(text) == [
                "config.yaml:1:17: server.port: x is not a whole number; "
                    + "give one between 0 and 65535",
                "config.yaml:1:20: server.hots: no such key; did you mean host?",
                "config.yaml:2:15: log.level: loud is none of debug, info, warning, error; "
                    + "give one of them",
                "config.yaml:3:22: auth.bcrypt_cost: 15 is not between 4 and 14; "
                    + "4 is for load tests only, and above 14 one log-in takes seconds",
                "config.yaml:4:1: nonsense: no such section; the sections are server, storage, "
                    + "auth, admin, chat, limits, ai, log",
            ])
    }

    @Test func secretsAreNeverShown() {
        let secret = "correct-horse-battery"
        let text = """
            auth: { jwt_secret: \(secret), previous_jwt_secrets: [\(secret)] }
            admin: { password: { a: \(secret) } }
            ai: { providers: [{ name: a b, base_url: x, api_key: [\(secret)], model: m }] }
            """
        let found = problems(text)
        #expect(found.count == 6)
        #expect(found.allSatisfy { !$0.contains(secret) })
    }

    @Test func aThousandProblemsAreCounted() {
        let text = (0..<1_000).map { "k\($0)qqqqqq: 1\n" }.joined()
        let found = problems(text)
        #expect(found.count == 101)
        #expect(found.last == "config.yaml:100:1: and 900 more problems after it")
    }

    @Test func depthAndSizeAreBounded() {
        let deep = String(repeating: "[", count: 100_000)
        #expect(
            problems(deep) == [
                "config.yaml:1:18: nested deeper than 16 levels; no key needs that"
            ])
        let long = "# " + String(repeating: "x", count: 1 << 20)
        #expect(
            problems(long) == [
                "config.yaml:1:1: the text is longer than 1 MiB; no configuration needs that"
            ])
    }

    @Test func multiplicationByAliasesIsRefused() {
        var text = "a0: &a0 [x, x]\n"
        for level in 1...8 {
            text += "a\(level): &a\(level) [*a\(level - 1), *a\(level - 1), *a\(level - 1)]\n"
        }
        #expect(problems(text).count > 8)
    }

    @Test(arguments: [
        "", "\n", "# only a comment\n", "---\n", "server:\n", "~\n", "\u{FEFF}log:\n",
    ])
    func emptyIsTheDefaults(text: String) throws {
        #expect(try configuration(text) == Configuration())
    }

    @Test func coreTagsAndQuotesAreText() throws {
        let text = "storage: { data_dir: !!str 2026 }\nlog: { bodies: !!bool False }\n"
        let read = try configuration(text)
        #expect(read.storage.dataDirectory == "2026")
        #expect(read.log.bodies == false)
        #expect(try configuration("storage: { data_dir: 2026 }").storage.dataDirectory == "2026")
    }
}

extension Problem {
    /// As a test writes it.
    static func at(_ place: String, _ message: String) -> Problem {
        Problem(place: place, message: message)
    }
}
