// How grave a log line is, and in which of two forms lines are written.

package enum LogLevel: String, CaseIterable, Sendable {
    case debug
    case info
    case warning
    case error

    /// Rises with the gravity: 0 is debug, 3 is error.
    package var severity: UInt8 {
        switch self {
        case .debug: 0
        case .info: 1
        case .warning: 2
        case .error: 3
        }
    }

    package init?(severity: UInt8) {
        switch severity {
        case 0: self = .debug
        case 1: self = .info
        case 2: self = .warning
        case 3: self = .error
        default: return nil
        }
    }

    /// Five columns wide, so that the messages of a text log stand below each other.
    var column: StaticString {
        switch self {
        case .debug: "DEBUG"
        case .info: "INFO "
        case .warning: "WARN "
        case .error: "ERROR"
        }
    }
}

package enum LogFormat: String, CaseIterable, Sendable {
    /// `2026-11-23T06:20:26.123Z INFO  message key=value key="value with spaces"`
    case text
    /// One JSON object a line: `{"time":"…","level":"info","message":"…","key":"value"}`
    case json
}
