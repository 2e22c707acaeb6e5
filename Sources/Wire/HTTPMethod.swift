// The request methods that the server knows (RFC 9110, 9.3; PATCH: RFC 5789). CONNECT and TRACE
// have no use here and are answered like any other unknown method.
//
// Methods are case-sensitive. While a method is read its bytes are packed into an integer, the last
// byte lowest, so that telling them apart is one comparison.

package enum HTTPMethod: UInt8, CaseIterable, Sendable {
    case get, head, post, put, delete, patch, options

    /// The method whose bytes are packed in `packed`, or nil.
    @inline(__always)
    init?(packed: UInt64) {
        switch packed {
        case 0x47_4554: self = .get
        case 0x4845_4144: self = .head
        case 0x504F_5354: self = .post
        case 0x50_5554: self = .put
        case 0x4445_4C45_5445: self = .delete
        case 0x50_4154_4348: self = .patch
        case 0x4F_5054_494F_4E53: self = .options
        default: return nil
        }
    }

    /// `PRI`, with which an HTTP/2 client opens its connection (RFC 9113, 3.4).
    static var packedPreface: UInt64 { 0x50_5249 }

    /// As it stands in a request line and in `Allow`.
    package var name: StaticString {
        switch self {
        case .get: "GET"
        case .head: "HEAD"
        case .post: "POST"
        case .put: "PUT"
        case .delete: "DELETE"
        case .patch: "PATCH"
        case .options: "OPTIONS"
        }
    }
}
