// How a call ends, as closed enums: what the caller decides upon (try elsewhere, wait, give up) is
// here, what only a person wants to read is the text that comes with it.

import CCurl

/// Why a call was not begun. Nothing has been sent, and the receiver hears nothing.
package enum CallRefusal: Error, Equatable, Sendable {
    /// `OutboundSettings.callsMax` calls are under way.
    case tooManyCalls
    /// The loop has been stopped.
    case stopped
    /// Not http or https, without a host, too long, or with a space or control character in it.
    case invalidURL
    case invalidHeader
    case bodyTooLarge
}

package enum CallPhase: Equatable, Sendable {
    case connect, firstByte, betweenBytes, whole
}

package enum ReplyPart: Equatable, Sendable {
    case head, body
}

package enum CallEnd: Equatable, Sendable {
    /// The whole reply has been received, whatever its status.
    case complete
    case nameNotFound
    /// No connection: refused, unreachable, or the proxy did not give one.
    case connectFailed
    /// No TLS: a certificate that is not trusted, another name's, or no common ground.
    case tlsFailed
    case timedOut(CallPhase)
    case tooLarge(ReplyPart)
    /// The connection broke before the reply was whole.
    case cut
    /// What came is not HTTP.
    case malformed
    case tooManyRedirects
    /// The caller's wish.
    case cancelled
    /// The loop was stopped.
    case stopped
    /// libcurl ran out of memory or refused an option: a fault of this process, not of the server.
    case internalFault

    /// What a result of libcurl means. `isConnected`: the connection had been made.
    init(_ code: CURLcode, isConnected: Bool, hasReply: Bool) {
        switch code {
        case CURLE_OK: self = .complete
        case CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY: self = .nameNotFound
        case CURLE_SSL_CONNECT_ERROR, CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CERTPROBLEM,
            CURLE_SSL_CIPHER, CURLE_SSL_CACERT_BADFILE, CURLE_SSL_ISSUER_ERROR,
            CURLE_USE_SSL_FAILED, CURLE_SSL_ENGINE_INITFAILED:
            self = .tlsFailed
        case CURLE_OPERATION_TIMEDOUT: self = .timedOut(isConnected ? .whole : .connect)
        case CURLE_TOO_MANY_REDIRECTS: self = .tooManyRedirects
        case CURLE_WEIRD_SERVER_REPLY, CURLE_UNSUPPORTED_PROTOCOL, CURLE_BAD_CONTENT_ENCODING,
            CURLE_URL_MALFORMAT, CURLE_HTTP2, CURLE_HTTP2_STREAM:
            self = isConnected ? .malformed : .connectFailed
        case CURLE_OUT_OF_MEMORY, CURLE_FAILED_INIT, CURLE_BAD_FUNCTION_ARGUMENT,
            CURLE_UNKNOWN_OPTION, CURLE_NOT_BUILT_IN:
            self = .internalFault
        default: self = isConnected || hasReply ? .cut : .connectFailed
        }
    }
}
