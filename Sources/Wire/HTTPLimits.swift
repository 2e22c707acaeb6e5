// The limits of a request, in bytes and counts. Whatever a client can make grow is named here.

package struct HTTPLimits: Sendable {
    /// Most bytes of a head, empty lines before it and its last CRLF included. At most 65,535, so
    /// that an offset fits into 16 bits.
    package let headBytesMax: Int
    /// Most header lines, at most `HTTPRequestHead.headersMax`.
    package let headersMax: Int
    /// Most bytes of a request target.
    package let targetBytesMax: Int
    /// Most bytes that Content-Length may announce.
    package let bodyBytesMax: Int

    /// Empty lines that are forgiven before a request line (RFC 9112, 2.2, asks for one at least).
    static var emptyLinesMax: Int { 2 }
    /// Most bytes of a method before it is given up; the longest that is known has 7.
    static var methodBytesMax: Int { 24 }

    package init(
        headBytesMax: Int = 16_384, headersMax: Int = 64, targetBytesMax: Int = 8_192,
        bodyBytesMax: Int = 1_048_576
    ) {
        precondition(headBytesMax > 0 && headBytesMax <= 65_535, "an offset must fit into 16 bits")
        precondition(
            headersMax > 0 && headersMax <= HTTPRequestHead.headersMax, "more headers than slots")
        precondition(
            targetBytesMax > 0 && targetBytesMax <= headBytesMax, "a target longer than the head")
        precondition(bodyBytesMax >= 0, "a body limit below nothing")
        self.headBytesMax = headBytesMax
        self.headersMax = headersMax
        self.targetBytesMax = targetBytesMax
        self.bodyBytesMax = bodyBytesMax
    }
}
