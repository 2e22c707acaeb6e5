// What the load generator is asked to do: the arguments of `lingxi load`, read and checked.
//
//     lingxi load pairs  --url 127.0.0.1:8080 --pairs 100 --in-flight 16 --seconds 5
//     lingxi load fanout --url 127.0.0.1:8080 --members 1000 --senders 1 --in-flight 64
//
// A flag's value follows it or stands behind `=`; of a flag given twice the last counts. Limits
// keep one process within its descriptors and memory; each has its sentence when it is passed.

package struct LoadOptions: Equatable, Sendable {
    package enum Mode: String, Sendable {
        case pairs, fanout
    }

    package enum Failure: Error, Equatable, Sendable {
        case noMode
        case unknownMode(String)
        case unknownFlag(String)
        case missingValue(String)
        /// The flag, and what its value has to be.
        case badValue(String, wanted: String)
    }

    /// The shortest content: run, sender, counter and time, in hexadecimal.
    package static let contentBytesMin = MessageStamp.length
    package static let contentBytesMax = 16_384
    package static let clientsMax = 20_000
    /// Messages that one sender may have under way.
    package static let inFlightMax = 4_096
    /// What a group's messages under way may take in memory.
    static let orderBytesMax = 512 << 20
    /// Messages that one sender may have under way when a schedule, not the answers, sets the pace.
    package static let scheduledInFlight = 1_024

    package var mode: Mode
    package var host = "127.0.0.1"
    package var port: UInt16 = 8_080
    package var pairs = 100
    package var members = 1_000
    package var senders = 1
    /// Messages under way for each sender; nil: 16 for pairs, 1 for fan-out.
    package var inFlightGiven: Int?
    package var seconds = 5.0
    package var warmupSeconds = 1.0
    /// Send so many messages instead of sending for a time.
    package var messages: Int?
    package var contentBytes = 100
    /// Messages a second on a schedule (open loop); nil: each answer sends the next (closed loop).
    package var rate: Double?
    package var usersPrefix = "load"
    package var seed: UInt64 = 1
    package var cpu: Int?
    package var serverProcess: Int?
    package var isBare = false

    package init(mode: Mode) { self.mode = mode }

    package var inFlight: Int {
        if rate != nil { return inFlightGiven ?? Self.scheduledInFlight }
        return inFlightGiven ?? (mode == .pairs ? 16 : 1)
    }

    /// WebSocket connections that the run needs.
    package var clients: Int { mode == .pairs ? pairs * 2 : members }

    package static func parse(_ arguments: [String]) -> Result<LoadOptions, Failure> {
        guard let word = arguments.first else { return .failure(.noMode) }
        guard let mode = Mode(rawValue: word) else { return .failure(.unknownMode(word)) }
        var options = LoadOptions(mode: mode)
        var rest = arguments.dropFirst()
        do throws(Failure) {
            while let argument = rest.popFirst() {
                let parts = argument.split(separator: "=", maxSplits: 1)
                let flag = String(parts.first ?? "")
                if flag == "--bare", parts.count == 1 {
                    options.isBare = true
                    continue
                }
                guard known.contains(flag) else { throw .unknownFlag(flag) }
                let value = parts.count == 2 ? String(parts[1]) : rest.popFirst()
                guard let value else { throw .missingValue(flag) }
                try options.set(flag, value)
            }
            if options.senders > options.members, mode == .fanout {
                throw .badValue("--senders", wanted: "at most as many as --members")
            }
            let memory = options.senders * options.inFlight * (options.contentBytes + 512)
            if memory > Self.orderBytesMax, mode == .fanout {
                throw .badValue("--in-flight", wanted: "less for so many senders")
            }
            return .success(options)
        } catch {
            return .failure(error)
        }
    }

    private static let known: Set<String> = [
        "--url", "--pairs", "--members", "--senders", "--in-flight", "--seconds",
        "--warmup-seconds", "--messages", "--content-bytes", "--rate", "--users-prefix", "--seed",
        "--cpu", "--server-pid",
    ]

    private mutating func set(_ flag: String, _ value: String) throws(Failure) {
        switch flag {
        case "--url": try setAddress(value)
        case "--pairs": pairs = try Self.integer(flag, value, 1...Self.clientsMax / 2)
        case "--members": members = try Self.integer(flag, value, 1...Self.clientsMax)
        case "--senders": senders = try Self.integer(flag, value, 1...Self.clientsMax)
        case "--in-flight": inFlightGiven = try Self.integer(flag, value, 1...Self.inFlightMax)
        case "--seconds": seconds = try Self.decimal(flag, value, 0.1...86_400)
        case "--warmup-seconds": warmupSeconds = try Self.decimal(flag, value, 0...3_600)
        case "--messages": messages = try Self.integer(flag, value, 1...1_000_000_000)
        case "--content-bytes":
            contentBytes = try Self.integer(
                flag, value, Self.contentBytesMin...Self.contentBytesMax)
        case "--rate": rate = try Self.decimal(flag, value, 0.1...10_000_000)
        case "--users-prefix":
            guard !value.isEmpty, value.utf8.count <= 24 else {
                throw .badValue(flag, wanted: "1 to 24 letters, digits, _, . or -")
            }
            usersPrefix = value
        case "--seed":
            guard let number = UInt64(value) else { throw .badValue(flag, wanted: "a number") }
            seed = number
        case "--cpu": cpu = try Self.integer(flag, value, 0...1_023)
        default: serverProcess = try Self.integer(flag, value, 1...Int(Int32.max))
        }
    }

    private mutating func setAddress(_ value: String) throws(Failure) {
        var text = Substring(value)
        if text.hasPrefix("http://") { text = text.dropFirst(7) }
        if text.hasPrefix("ws://") { text = text.dropFirst(5) }
        if text.hasSuffix("/") { text = text.dropLast() }
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2, !parts[0].isEmpty, let number = UInt16(parts[1]), number > 0 else {
            throw .badValue("--url", wanted: "an IPv4 address (or localhost) and a port: HOST:PORT")
        }
        host = parts[0] == "localhost" ? "127.0.0.1" : String(parts[0])
        port = number
    }

    private static func integer(
        _ flag: String, _ value: String, _ range: ClosedRange<Int>
    ) throws(Failure) -> Int {
        guard let number = Int(value), range.contains(number) else {
            throw .badValue(flag, wanted: "\(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    private static func decimal(
        _ flag: String, _ value: String, _ range: ClosedRange<Double>
    ) throws(Failure) -> Double {
        guard let number = Double(value), range.contains(number) else {
            throw .badValue(flag, wanted: "\(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }
}

extension LoadOptions.Failure: CustomStringConvertible {
    package var description: String {
        switch self {
        case .noMode: "load needs a mode: pairs or fanout"
        case .unknownMode(let word): "load has no mode \(word); there are pairs and fanout"
        case .unknownFlag(let flag): "load has no flag \(flag)"
        case .missingValue(let flag): "\(flag) needs a value"
        case .badValue(let flag, let wanted): "\(flag) must be \(wanted)"
        }
    }
}
