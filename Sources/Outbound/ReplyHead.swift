// Status and header fields of a reply, collected line by line as libcurl hands them out.
//
//     HTTP/1.1 100 Continue   ┐ an interim reply: forgotten
//     (empty line)            ┘
//     HTTP/1.1 200 OK         ┐
//     Retry-After: 3          │ status and fields of the reply, names in lower case
//     (empty line)            ┘ `.complete`
//     (chunks of the body)
//     Digest: …                 a trailer: ignored
//
// The bytes of all lines together are bounded; redirects and interim replies count too.

package struct ReplyHead: Equatable, Sendable {
    package fileprivate(set) var status = 0
    /// In the order of arrival; a repeated name stands there twice.
    package fileprivate(set) var fields: [HeaderField] = []

    /// The first field of that name, which is given in lower case.
    package func value(of name: String) -> String? {
        fields.first { $0.name == name }?.value
    }
}

struct ReplyHeadReader {
    enum Step: Equatable {
        case more, complete, tooLarge
    }

    private let bytesMax: Int
    /// With redirects to be followed, a reply of the 300s is not the last one.
    private let skipsRedirects: Bool
    private var bytes = 0
    private(set) var head = ReplyHead()
    /// Whether the present head, be it a redirect's, has had its empty line.
    private var isWhole = false
    private(set) var isComplete = false

    init(bytesMax: Int, skipsRedirects: Bool) {
        self.bytesMax = bytesMax
        self.skipsRedirects = skipsRedirects
    }

    /// Takes one line with its break, in lossy UTF-8.
    mutating func take(_ line: Span<UInt8>) -> Step {
        guard line.count <= bytesMax - bytes else { return .tooLarge }
        bytes += line.count
        if isComplete { return .more }
        let text = Self.text(line)
        if text.isEmpty {
            if head.status < 200 { return .more }
            isWhole = true
            if skipsRedirects, head.status < 400, head.status >= 300 { return .more }
            isComplete = true
            return .complete
        }
        if text.hasPrefix("HTTP/") {
            let parts = text.split(separator: " ", maxSplits: 2)
            head = ReplyHead(status: parts.count > 1 ? Int(parts[1]) ?? 0 : 0, fields: [])
            isWhole = false
        } else if let colon = text.firstIndex(of: ":") {
            let value = text[text.index(after: colon)...].drop { $0 == " " || $0 == "\t" }
            head.fields.append(HeaderField(text[..<colon].lowercased(), String(value)))
        }
        return .more
    }

    /// The body begins, or the reply ends: a redirect that led nowhere was the last head after all.
    /// True when the head is complete only now.
    mutating func complete() -> Bool {
        if isComplete || !isWhole { return false }
        isComplete = true
        return true
    }

    private static func text(_ line: Span<UInt8>) -> String {
        var end = line.count
        while end > 0, line[end - 1] <= 0x20 { end -= 1 }
        let part = line.extracting(0..<end)
        return unsafe part.withUnsafeBufferPointer {
            unsafe String(decoding: $0, as: UTF8.self)
        }
    }
}
