// The one line of the result: its members, its numbers, and what is left out.

import Base
import Load
import Testing
import Wire

@Suite struct LoadReportTests {
    private func report(
        tally: FindingTally = FindingTally(), failure: String? = nil, server: Double? = 0.5
    ) throws -> LoadReport {
        var record = LatencyRecord()
        for value in 1...1_000 as ClosedRange<UInt64> { record.record(nanoseconds: value * 1_000) }
        let options = try LoadOptions.parse(["fanout", "--members", "10", "--cpu=1"]).get()
        return LoadReport(
            options: options, seconds: 2.0, messages: 1_000, deliveries: 10_000, acks: 0,
            sent: 1_003, foreign: 0, receipt: record.summary,
            acknowledgement: LatencyRecord().summary, serverSeconds: server,
            generatorSeconds: 0.25, tally: tally, failure: failure)
    }

    private func text(_ report: LoadReport) -> String {
        let buffer = report.json()
        return buffer.withSpan { bytes in
            String(decoding: bytes.indices.map { bytes[$0] }, as: UTF8.self)
        }
    }

    @Test func theLineIsJSONWithRatesAndPercentiles() throws {
        let text = text(try report())
        let bytes = Array(text.utf8)
        var reader = JSONReader(bytes.span)
        guard case .object = reader.value() else {
            Issue.record("no object: \(text)")
            return
        }
        #expect(reader.next() == .end)
        #expect(!text.contains("\n"))
        for part in [
            #""mode":"fanout","ok":true,"#, #""members":10,"senders":1,"in_flight":1,"#,
            #""messages":1000,"deliveries":10000,"#, #""messages_per_second":500,"#,
            #""deliveries_per_second":5000,"#, #""receipt_us":{"count":1000,"p50":5"#,
            #""server_cpu_us_per_message":500.000,"#, #""errors":{"total":0}}"#,
        ] {
            #expect(text.contains(part), "\(part) in \(text)")
        }
    }

    @Test func whatWasNotMeasuredIsLeftOut() throws {
        let text = text(try report(server: nil))
        #expect(!text.contains("ack_us"))
        #expect(!text.contains("server_cpu"))
    }

    @Test func findingsAreNamed() throws {
        var tally = FindingTally()
        tally.add(.lost, 3, about: "client 4")
        tally.add(.ackBeforeEcho)
        let bad = try report(tally: tally, failure: "the end")
        #expect(!bad.isGood)
        let text = text(bad)
        #expect(text.contains(#""ok":false"#))
        #expect(
            text.contains(
                #""errors":{"total":4,"lost":3,"ack_before_echo":1,"first":"lost: client 4"}"#))
        #expect(text.contains(#""failure":"the end"}"#))
    }

    @Test func percentilesAreWithinAThousandth() {
        var record = LatencyRecord()
        for value in 1...100_000 as ClosedRange<UInt64> { record.record(nanoseconds: value * 100) }
        let summary = record.summary
        for (found, wanted) in [
            (summary.p50, 5_000.0), (summary.p90, 9_000), (summary.p99, 9_900),
            (summary.p999, 9_990), (summary.most, 10_000),
        ] {
            #expect(abs(found - wanted) <= wanted / 500, "\(found), not \(wanted)")
        }
    }

    @Test func aProcessLineMayHaveAnyName() {
        let line = "12 (a ) b) S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15"
        #expect(ProcessTime.ticks(in: Array(line.utf8)) == 11 + 12)
        #expect(ProcessTime.ticks(in: Array("12 (a) S 1".utf8)) == nil)
        #expect(ProcessTime.ticks(in: []) == nil)
    }
}
