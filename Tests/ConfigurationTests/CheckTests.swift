// What `config check` prints, and what a reload changes.

import Base
import Configuration
import Testing

@Suite struct CheckTests {
    @Test func goodTellsWhereValuesComeFrom() throws {
        let directory = try TemporaryDirectory()
        let file = try directory.write(
            "c.yaml",
            """
            server:
              port: 9090
              host: 0.0.0.0
            auth:
              previous_jwt_secrets: [aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa]
            ai:
              providers:
                - { name: main, base_url: https://h/v1, api_key: sk-1, model: m }
                - { name: spare, base_url: https://i/v1, model: m }
            """)
        var flags = Flags(file: file)
        flags.set("--data-dir", "storage.data_dir", "/var/lib/x")
        let secret = String(repeating: "s", count: 40)
        let outcome = Configuration.check(
            flags, environment: ["LINGXI_AUTH_JWT_SECRET": secret, "LINGXI_LOG_LEVEL": "debug"])
        #expect(outcome.exitCode == 0)
        #expect(
            outcome.text == """
                configuration is good
                server.port: 9090 (\(file):2:9)
                storage.data_dir: "/var/lib/x" (--data-dir)
                auth.jwt_secret: *** (LINGXI_AUTH_JWT_SECRET)
                auth.previous_jwt_secrets: [***] (\(file):5:25)
                ai.providers: [{ name: "main", base_url: "https://h/v1", api_key: ***, \
                model: "m" }, { name: "spare", base_url: "https://i/v1", api_key: "", \
                model: "m" }] (\(file):8:5)
                log.level: debug (LINGXI_LOG_LEVEL)

                """)
    }

    @Test func badTellsEveryProblem() {
        let outcome = Configuration.check(
            Flags(), environment: ["LINGXI_SERVER_PORT": "x", "LINGXI_LOG_LEVL": "info"],
            standardFile: "/nonexistent/config.yaml")
        #expect(outcome.exitCode == 1)
        #expect(
            outcome.text == """
                LINGXI_LOG_LEVL: no such variable; did you mean LINGXI_LOG_LEVEL?
                LINGXI_SERVER_PORT: server.port: x is not a whole number; give one between \
                0 and 65535

                """)
    }
}

@Suite struct ReloadTests {
    @Test func liveKeysAreThese() {
        let live = Keys.all.filter { $0.reloading != .restart }.map(\.path)
        let wanted = Keys.all.map(\.path).filter { path in
            path.hasPrefix("limits.") || path.hasPrefix("ai.") || path == "log.level"
                || path == "server.tls_cert" || path == "server.tls_key"
                || path == "auth.previous_jwt_secrets"
        }
        #expect(live == wanted)
    }

    @Test func changesAreSplit() {
        var old = Configuration()
        old.server.tlsCertificatePath = "a"
        old.server.tlsKeyPath = "b"
        var new = old
        new.server.port = 1
        new.server.tlsCertificatePath = "c"
        new.limits.restPerSecond = 5
        new.ai.newsFeeds = ["a": "http://b"]
        new.log.level = .error
        new.log.bodies = false
        let reload = Reload(from: old, to: new)
        #expect(
            reload.live == ["server.tls_cert", "limits.rest_per_s", "ai.news_feeds", "log.level"])
        #expect(reload.restart == ["server.port", "log.bodies"])
        var wanted = new
        wanted.server.port = old.server.port
        wanted.log.bodies = true
        #expect(reload.configuration == wanted)
        #expect(Reload(from: old, to: old).live == [])
        #expect(Reload(from: old, to: old).restart == [])
    }

    @Test func tlsIsNotSwitchedOnInARunningServer() {
        let old = Configuration()
        var new = old
        new.server.tlsCertificatePath = "c"
        new.server.tlsKeyPath = "k"
        let reload = Reload(from: old, to: new)
        #expect(reload.live == [])
        #expect(reload.restart == ["server.tls_cert", "server.tls_key"])
        #expect(reload.configuration == old)
    }

    /// A body smaller than the content that still holds would refuse what is allowed.
    @Test func aLiveKeyWaitsForTheOneItGoesWith() {
        let old = Configuration()
        var new = old
        new.chat.contentBytesMax = 1_000
        new.limits.bodyBytesMax = 4_096
        let reload = Reload(from: old, to: new)
        #expect(reload.live == [])
        #expect(reload.restart == ["chat.content_bytes_max", "limits.body_bytes_max"])
        #expect(reload.configuration == old)
    }
}
