// What is wrong with a configuration, where, and what to do about it: one line for a person. All
// problems are collected, so that one run shows everything; past `most` only their number is told.

package struct Problem: Equatable, Sendable, CustomStringConvertible {
    /// `config.yaml:12:9`, `LINGXI_SERVER_PORT` or `--port`.
    package let place: String
    /// `server.port: 70000 is not between 0 and 65535; give a free port, or 0 for any`
    package let message: String

    package init(place: String, message: String) {
        self.place = place
        self.message = message
    }

    package var description: String { "\(place): \(message)" }
}

/// The problems found so far, bounded.
struct Problems {
    static let most = 100

    private(set) var list: [Problem] = []
    private var more = 0

    var isEmpty: Bool { list.isEmpty }

    /// All that were found, those that are not kept included.
    var count: Int { list.count + more }

    mutating func add(_ place: String, _ message: String) {
        if list.count < Self.most {
            list.append(Problem(place: place, message: message))
        } else {
            more += 1
        }
    }

    /// All of them; the last one stands for those that were too many.
    var all: [Problem] {
        guard more > 0, let last = list.last else { return list }
        return list + [Problem(place: last.place, message: "and \(more) more problems after it")]
    }
}

/// How a given value is shown in a problem: escaped, in quotes where it has any oddity, bounded.
enum Shown {
    static func path(_ path: String) -> String { text(path, most: 1_024) }

    static func text(_ text: String, most: Int = 64) -> String {
        var result = ""
        var count = 0
        for scalar in text.unicodeScalars {
            count += 1
            if count > most {
                result += "…"
                break
            }
            switch scalar.value {
            case 0...0x1F, 0x7F...0x9F, 0x2028, 0x2029:
                result += "\\u{\(String(scalar.value, radix: 16))}"
            default:
                result.unicodeScalars.append(scalar)
            }
        }
        let plain = !result.isEmpty && !result.contains(" ") && count <= most
        return plain ? result : "\"\(result)\""
    }
}
