// One request to a foreign server, as plain values, and the check that makes it safe to write down
// as HTTP: http and https only, no byte in the address or a header that could begin another line.

package struct HeaderField: Equatable, Sendable {
    package let name: String
    package let value: String

    package init(_ name: String, _ value: String) {
        self.name = name
        self.value = value
    }
}

package struct CallRequest: Sendable {
    package enum Method: String, Sendable, CaseIterable {
        case get = "GET"
        case head = "HEAD"
        case post = "POST"
        case put = "PUT"
        case delete = "DELETE"
    }

    package var method: Method
    package var url: String
    package var headers: [HeaderField]
    /// Sent with POST and PUT always, with DELETE where it is not empty, else never.
    package var body: [UInt8]
    package var limits = CallLimits()
    /// How many redirects are followed, to http and https only. 0: a redirect is a reply.
    package var redirectsMax = 0
    /// Asks for a compressed reply and inflates it. Streams do without: a compressor waits.
    package var acceptsCompressed = false

    package init(
        _ method: Method, _ url: String, headers: [HeaderField] = [], body: [UInt8] = []
    ) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
    }

    /// The longest address, in bytes.
    package static let urlBytesMax = 8_192
    /// The largest body that is sent, in bytes.
    package static let bodyBytesMax = 16 * 1_024 * 1_024

    var sendsBody: Bool {
        switch method {
        case .post, .put: true
        case .delete: !body.isEmpty
        case .get, .head: false
        }
    }

    /// Why this cannot be sent; nil when it can.
    var refusal: CallRefusal? {
        let bytes = url.utf8
        guard bytes.count <= Self.urlBytesMax, host != nil,
            bytes.allSatisfy({ $0 > 0x20 && $0 != 0x7F })
        else { return .invalidURL }
        guard headers.allSatisfy(Self.isWellFormed) else { return .invalidHeader }
        return body.count <= Self.bodyBytesMax ? nil : .bodyTooLarge
    }

    /// The host's name in the address, without port and user; nil where there is none.
    var host: Substring? {
        let lowered = url.prefix(8).lowercased()
        let scheme = lowered == "https://" ? 8 : lowered.hasPrefix("http://") ? 7 : 0
        guard scheme > 0 else { return nil }
        let authority = url.dropFirst(scheme).prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        let place = authority.split(separator: "@", omittingEmptySubsequences: false).last ?? ""
        let name = place.hasPrefix("[") ? place.prefix { $0 != "]" } : place.prefix { $0 != ":" }
        return name.isEmpty ? nil : name
    }

    /// A token as the name, no control character in the value (RFC 9110, 5.1 and 5.5).
    private static func isWellFormed(_ field: HeaderField) -> Bool {
        let marks = "!#$%&'*+-.^_`|~".utf8
        let isToken = field.name.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"):
                true
            default: marks.contains(byte)
            }
        }
        let isText = field.value.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F || $0 == 0x09 }
        return isToken && !field.name.isEmpty && isText
    }
}
