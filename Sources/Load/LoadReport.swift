// The result of a run as one line of JSON.
//
//     {"mode":"fanout","ok":true,…,"deliveries_per_second":…,"receipt_us":{"p50":…},"errors":{…}}
//
// Times are in microseconds with one decimal, rates a second with none. What was not measured (no
// server process, no acks) is left out, never zero.

package import Base
import Wire

package struct LoadReport {
    package let options: LoadOptions
    package let seconds: Double
    package let messages: Int
    package let deliveries: Int
    package let acks: Int
    package let sent: Int
    package let foreign: Int
    package let receipt: LatencySummary
    package let acknowledgement: LatencySummary
    package let serverSeconds: Double?
    package let generatorSeconds: Double
    package let tally: FindingTally
    package let failure: String?

    package init(
        options: LoadOptions, seconds: Double, messages: Int, deliveries: Int, acks: Int, sent: Int,
        foreign: Int, receipt: LatencySummary, acknowledgement: LatencySummary,
        serverSeconds: Double?, generatorSeconds: Double, tally: FindingTally, failure: String?
    ) {
        self.options = options
        self.seconds = seconds
        self.messages = messages
        self.deliveries = deliveries
        self.acks = acks
        self.sent = sent
        self.foreign = foreign
        self.receipt = receipt
        self.acknowledgement = acknowledgement
        self.serverSeconds = serverSeconds
        self.generatorSeconds = generatorSeconds
        self.tally = tally
        self.failure = failure
    }

    /// Nothing lost, doubled or out of order, and nothing ended before its time.
    package var isGood: Bool { failure == nil && tally.total == 0 }

    /// The line, without its end.
    package func json() -> ByteBuffer {
        var writer = JSONWriter(ByteBuffer(capacity: 1_024))
        writer.beginObject()
        writer.key("mode")
        writer.string(options.mode.rawValue)
        writer.key("ok")
        writer.bool(isGood)
        writeParameters(&writer)
        decimal(&writer, "seconds", seconds, places: 3)
        integer(&writer, "messages", messages)
        integer(&writer, "deliveries", deliveries)
        integer(&writer, "acks", acks)
        integer(&writer, "sent_in_all", sent)
        integer(&writer, "foreign", foreign)
        let time = max(seconds, 1e-9)
        decimal(&writer, "messages_per_second", Double(messages) / time, places: 0)
        decimal(&writer, "deliveries_per_second", Double(deliveries) / time, places: 0)
        latency(&writer, "receipt_us", receipt)
        latency(&writer, "ack_us", acknowledgement)
        if let serverSeconds {
            decimal(&writer, "server_cpu_seconds", serverSeconds, places: 3)
            if messages > 0 {
                let each = serverSeconds * 1e6 / Double(messages)
                decimal(&writer, "server_cpu_us_per_message", each, places: 3)
            }
        }
        decimal(&writer, "generator_cpu_seconds", generatorSeconds, places: 3)
        writeErrors(&writer)
        writer.endObject()
        return writer.finish()
    }

    private func writeParameters(_ writer: inout JSONWriter) {
        writer.key("parameters")
        writer.beginObject()
        writer.key("url")
        writer.string("\(options.host):\(options.port)")
        writer.key("bare")
        writer.bool(options.isBare)
        switch options.mode {
        case .pairs: integer(&writer, "pairs", options.pairs)
        case .fanout:
            integer(&writer, "members", options.members)
            integer(&writer, "senders", options.senders)
        }
        integer(&writer, "in_flight", options.inFlight)
        integer(&writer, "content_bytes", options.contentBytes)
        if let rate = options.rate { decimal(&writer, "rate", rate, places: 1) }
        if let messages = options.messages {
            integer(&writer, "messages", messages)
        } else {
            decimal(&writer, "seconds", options.seconds, places: 1)
            decimal(&writer, "warmup_seconds", options.warmupSeconds, places: 1)
        }
        writer.key("seed")
        writer.number(options.seed)
        if let cpu = options.cpu { integer(&writer, "cpu", cpu) }
        writer.endObject()
    }

    private func writeErrors(_ writer: inout JSONWriter) {
        writer.key("errors")
        writer.beginObject()
        integer(&writer, "total", tally.total)
        for finding in Finding.allCases where tally[finding] != 0 {
            integer(&writer, finding.name, tally[finding])
        }
        if let first = tally.first, tally.total > 0 {
            writer.key("first")
            writer.string(first)
        }
        writer.endObject()
        if let failure {
            writer.key("failure")
            writer.string(failure)
        }
    }

    private func latency(
        _ writer: inout JSONWriter, _ name: StaticString, _ summary: LatencySummary
    ) {
        guard summary.count > 0 else { return }
        writer.key(name)
        writer.beginObject()
        writer.key("count")
        writer.number(summary.count)
        decimal(&writer, "p50", summary.p50, places: 1)
        decimal(&writer, "p90", summary.p90, places: 1)
        decimal(&writer, "p99", summary.p99, places: 1)
        decimal(&writer, "p99.9", summary.p999, places: 1)
        decimal(&writer, "max", summary.most, places: 1)
        writer.endObject()
    }

    private func integer(_ writer: inout JSONWriter, _ name: StaticString, _ value: Int) {
        writer.key(name)
        writer.number(value)
    }

    private func decimal(
        _ writer: inout JSONWriter, _ name: StaticString, _ value: Double, places: Int
    ) {
        writer.key(name)
        var scale = 1
        for _ in 0..<places { scale *= 10 }
        let scaled = Int((max(value, 0) * Double(scale)).rounded())
        var text = ByteBuffer(capacity: 24)
        text.append(decimal: scaled / scale)
        if places > 0 {
            text.append(UInt8(ascii: "."))
            text.append(decimal: scaled % scale, width: places)
        }
        writer.raw(text.span)
    }
}
