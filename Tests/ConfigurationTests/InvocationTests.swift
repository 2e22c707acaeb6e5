// What a command line means, and the one sentence where it means nothing.

import Configuration
import Testing

@Suite struct InvocationTests {
    @Test func verbs() {
        #expect(Invocation.parse(["serve"]) == .serve(Flags()))
        #expect(Invocation.parse(["config", "check"]) == .configCheck(Flags()))
        #expect(Invocation.parse(["version"]) == .version)
        #expect(Invocation.parse(["load", "pairs", "--x", "-h"]) == .load(["pairs", "--x", "-h"]))
        for help in [
            ["help"], ["--help"], ["-h"], ["serve", "--help"], ["config", "-h"],
            ["config", "check", "--help"], ["serve", "--port", "1", "-h"], ["version", "--help"],
        ] {
            #expect(Invocation.parse(help) == .help)
        }
        #expect(Invocation.parse([]) == .refused(text: Invocation.usage))
        #expect(Invocation.usageExitCode == 2)
    }

    @Test func flagsWithSpaceOrEqualsSign() {
        var wanted = Flags(file: "a.yaml")
        wanted.set("--port", "server.port", "8081")
        wanted.set("--data-dir", "storage.data_dir", "/var/lib/lingxi")
        wanted.set("--set log.level", "log.level", "debug")
        wanted.set("--set auth.jwt_secret", "auth.jwt_secret", "a=b=")
        wanted.set("--set server.static_dir", "server.static_dir", "")
        let spaced = [
            "--config", "a.yaml", "--port", "8081", "--data-dir", "/var/lib/lingxi", "--set",
            "log.level=debug", "--set", "auth.jwt_secret=a=b=", "--set", "server.static_dir=",
        ]
        let joined = [
            "--config=a.yaml", "--port=8081", "--data-dir=/var/lib/lingxi",
            "--set=log.level=debug", "--set=auth.jwt_secret=a=b=", "--set=server.static_dir=",
        ]
        #expect(Invocation.parse(["serve"] + spaced) == .serve(wanted))
        #expect(Invocation.parse(["config", "check"] + joined) == .configCheck(wanted))
    }

    @Test(arguments: [
        (["srve"], "there is no verb srve; did you mean serve?"),
        (
            ["admin"],
            "there is no verb admin; the verbs are serve, config check, load, version, help"
        ),
        (["--port", "1"], "a verb comes before flags; did you mean lingxi serve --port?"),
        (["config"], "config needs a verb: lingxi config check"),
        (["config", "chekc"], "config has no verb chekc; did you mean check?"),
        (["serve", "--prot", "1"], "there is no flag --prot; did you mean --port?"),
        (
            ["serve", "--workers=4"],
            "there is no flag --workers; other keys are set with --set section.key=value"
        ),
        (["serve", "8080"], "8080 is no flag; flags begin with --, as --port 8080"),
        (["serve", "--port"], "--port needs a value, as in --port 8080"),
        (["serve", "--port", "--set", "a.b=c"], "--port needs a value, as in --port 8080"),
        (["serve", "--config="], "--config needs a file, as in --config config.yaml"),
        (
            ["serve", "--set", "server.port"],
            "--set needs section.key=value, as in --set server.port=8080"
        ),
        (["version", "1"], "version takes nothing behind it; take 1 away"),
    ])
    func refused(arguments: [String], sentence: String) {
        #expect(
            Invocation.parse(arguments)
                == .refused(text: "lingxi: \(sentence) (lingxi help tells more)\n"))
    }
}
