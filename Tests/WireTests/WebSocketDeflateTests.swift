// Which offers of permessage-deflate are taken: the RFC's examples, every reason to decline, and
// several offers of which the first good one counts.

import Base
import TestSupport
import Testing
import Wire

@Suite struct WebSocketDeflateTests {
    /// The answer's parameters beside the two that are always there; nil when all is declined.
    private func answer(_ offers: String) -> String? {
        guard let deflate = WebSocketDeflate.choose(from: utf8(offers).span) else { return nil }
        var buffer = ByteBuffer()
        deflate.appendField(to: &buffer)
        let text = String(decoding: copy(of: buffer), as: UTF8.self)
        let start =
            "Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover; "
            + "client_no_context_takeover"
        guard text.hasPrefix(start), text.hasSuffix("\r\n") else { return text }
        let rest = text.dropFirst(start.count).dropLast(1)
        #expect(deflate.serverWindowBits == UInt8(rest.drop { $0 != "=" }.dropFirst()) ?? 15)
        return String(rest)
    }

    @Test(arguments: [
        "permessage-deflate", "permessage-deflate; client_max_window_bits",
        " permessage-deflate ;client_max_window_bits=8\t",
        "permessage-deflate; client_max_window_bits=15; server_no_context_takeover",
        "permessage-deflate; client_no_context_takeover; client_max_window_bits=\"10\"",
        "x-webkit-deflate-frame, permessage-deflate; client_max_window_bits",
        "foo; bar=\"permessage-deflate, baz\", permessage-deflate", ", ,permessage-deflate",
        "permessage-deflate; unknown, permessage-deflate",
        "permessage-deflate; server_max_window_bits=8, permessage-deflate",
        "permessage-bzip2, permessage-deflate, permessage-deflate; server_max_window_bits=10",
        "foo; bar=\"\\\",permessage-deflate; bad\", permessage-deflate",
    ])
    func offersWithoutAServerWindow(offer: String) {
        #expect(answer(offer) == "")
    }

    @Test(arguments: 9...15)
    func serverWindows(bits: Int) {
        let wanted = "; server_max_window_bits=\(bits)"
        #expect(answer("permessage-deflate; server_max_window_bits=\(bits)") == wanted)
        #expect(answer("permessage-deflate;server_max_window_bits=\"\(bits)\"") == wanted)
        #expect(
            answer(
                "permessage-deflate; client_max_window_bits; server_max_window_bits=\(bits); "
                    + "client_no_context_takeover; server_no_context_takeover") == wanted)
        #expect(
            answer(
                "permessage-deflate; server_max_window_bits=8, "
                    + "permessage-deflate; server_max_window_bits=\(bits), permessage-deflate")
                == wanted)
    }

    @Test(arguments: [
        "", " ", ",", "deflate", "permessage-deflate2", "permessage-deflat", "Permessage-Deflate",
        "permessage-deflate;", "permessage-deflate; ;", "permessage-deflate; =", "; ",
        "permessage-deflate; unknown", "permessage-deflate; unknown=1", "permessage-deflate foo",
        "permessage-deflate; server_max_window_bits", "permessage-deflate; server_max_window_bits=",
        "permessage-deflate; server_max_window_bits=8",
        "permessage-deflate; server_max_window_bits=7",
        "permessage-deflate; server_max_window_bits=16",
        "permessage-deflate; server_max_window_bits=010",
        "permessage-deflate; server_max_window_bits=09",
        "permessage-deflate; server_max_window_bits=+9",
        "permessage-deflate; server_max_window_bits=1x",
        "permessage-deflate; server_max_window_bits=100",
        "permessage-deflate; server_max_window_bits=\"\"",
        "permessage-deflate; server_max_window_bits=\"10",
        "permessage-deflate; server_max_window_bits=10; server_max_window_bits=10",
        "permessage-deflate; client_max_window_bits=",
        "permessage-deflate; client_max_window_bits=0",
        "permessage-deflate; client_max_window_bits=7",
        "permessage-deflate; client_max_window_bits=16",
        "permessage-deflate; client_max_window_bits; client_max_window_bits=9",
        "permessage-deflate; server_no_context_takeover=1",
        "permessage-deflate; server_no_context_takeover=",
        "permessage-deflate; client_no_context_takeover=true",
        "permessage-deflate; client_no_context_takeover; client_no_context_takeover",
        "permessage-deflate; server_no_context_takeover; server_no_context_takeover",
        "permessage-deflate; SERVER_NO_CONTEXT_TAKEOVER",
        "permessage-deflate; \"server_no_context_takeover\"",
        "\"permessage-deflate\"", "foo=\"a, permessage-deflate",
        "foo; bar=\"\\\", permessage-deflate",
        "permessage-deflate; client_max_window_bits=\"",
    ])
    func declined(offer: String) {
        #expect(answer(offer) == nil)
    }

    /// Whatever is sent, only what the grammar of the answer has comes back.
    @Test func anyBytes() {
        var random = Seed.random("permessage-deflate offers")
        let pieces = [
            "permessage-deflate", "server_max_window_bits", "client_max_window_bits",
            "server_no_context_takeover", "client_no_context_takeover", ";", ";", ",", "=", "\"",
            "\\", " ", "9", "10", "15", "8", "x", "\u{0}", "é",
        ]
        for _ in 0..<20_000 {
            let count = Int.random(in: 0...12, using: &random)
            let offer = (0..<count).map { _ in pieces.randomElement(using: &random) ?? "" }
            guard let answer = answer(offer.joined()), !answer.isEmpty else { continue }
            #expect(answer.wholeMatch(of: /; server_max_window_bits=(9|1[0-5])/) != nil)
        }
    }
}
