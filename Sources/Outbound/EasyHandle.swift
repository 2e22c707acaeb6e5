// One transfer of libcurl: its options set from a request, and the C callbacks that lead into the
// `Call`. HTTP/1.1 only: with one request a connection, closing the connection ends the request at
// the server at once, which is what cancelling promises.
//
// Invariant: the handle lives no longer than its call is in the loop's table, so the call's
// address, which libcurl holds, is good in every callback.

import CCurl
import Glibc

@safe
final class EasyHandle {
    let pointer: UnsafeMutableRawPointer
    private var fields: UnsafeMutablePointer<curl_slist>?
    private let message: UnsafeMutablePointer<CChar>

    /// Nil when libcurl has no memory or knows an option not.
    init?(_ request: borrowing CallRequest, _ settings: borrowing OutboundSettings, for call: Call)
    {
        guard let pointer = unsafe curl_easy_init() else { return nil }
        unsafe self.pointer = unsafe pointer
        unsafe message = .allocate(capacity: Int(CURL_ERROR_SIZE))
        unsafe message.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
        unsafe fields = nil
        var options = unsafe Options(pointer)
        unsafe options.set(CURLOPT_ERRORBUFFER, UnsafeMutableRawPointer(message))
        options.setConnection(request, settings)
        options.setRequest(request)
        options.setCallbacks(call)
        unsafe fields = EasyHandle.list(request, settings)
        unsafe options.set(CURLOPT_HTTPHEADER, UnsafeMutableRawPointer(fields))
        let hasFields = unsafe fields != nil
        if options.isRefused || !hasFields { return nil }
    }

    deinit {
        unsafe curl_easy_cleanup(pointer)
        unsafe curl_slist_free_all(fields)
        unsafe message.deallocate()
    }

    /// What libcurl says about the failure; else the text of `code`.
    func detail(_ code: CURLcode) -> String {
        if unsafe message[0] != 0 { return unsafe String(cString: message) }
        return unsafe curl_easy_strerror(code).map { unsafe String(cString: $0) } ?? ""
    }

    /// Connections that were made for this transfer: 0 when one was reused.
    var connectionsMade: UInt64 {
        var count = 0
        guard unsafe curl_get_long(pointer, CURLINFO_NUM_CONNECTS, &count) == CURLE_OK else {
            return 0
        }
        return UInt64(max(count, 0))
    }

    /// Goes on with a transfer that a callback has paused.
    func proceed() { _ = unsafe curl_easy_pause(pointer, CURLPAUSE_CONT) }

    /// The header lines; nil when libcurl has no memory.
    private static func list(
        _ request: borrowing CallRequest, _ settings: borrowing OutboundSettings
    ) -> UnsafeMutablePointer<curl_slist>? {
        // An empty value is written with a semicolon; "Expect:" keeps libcurl from asking for
        // leave before a long body, which costs a round trip, or a second where nobody answers.
        var lines = ["Expect:"]
        if !request.headers.contains(where: { $0.name.lowercased() == "user-agent" }) {
            lines.append("User-Agent: \(settings.userAgent)")
        }
        for field in request.headers {
            lines.append(field.value.isEmpty ? "\(field.name);" : "\(field.name): \(field.value)")
        }
        var list: UnsafeMutablePointer<curl_slist>?
        for line in lines {
            guard let longer = unsafe curl_slist_append(list, line) else {
                unsafe curl_slist_free_all(list)
                return nil
            }
            unsafe list = unsafe longer
        }
        return unsafe list
    }
}

/// Sets options and remembers whether one was refused.
@safe
private struct Options {
    private let easy: UnsafeMutableRawPointer
    private(set) var isRefused = false

    init(_ easy: UnsafeMutableRawPointer) { unsafe self.easy = unsafe easy }

    private mutating func note(_ code: CURLcode) {
        if code != CURLE_OK { isRefused = true }
    }

    mutating func set(_ option: CURLoption, _ value: Int) {
        note(unsafe curl_set_long(easy, option, value))
    }

    mutating func set(_ option: CURLoption, _ value: String) {
        note(unsafe curl_set_text(easy, option, value))
    }

    @unsafe
    mutating func set(_ option: CURLoption, _ value: UnsafeMutableRawPointer?) {
        note(unsafe curl_set_pointer(easy, option, value))
    }

    mutating func setConnection(
        _ request: borrowing CallRequest, _ settings: borrowing OutboundSettings
    ) {
        set(CURLOPT_NOSIGNAL, 1)
        // A look-up that is given up must not be waited for: its thread ends by itself.
        set(CURLOPT_QUICK_EXIT, 1)
        set(CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1)
        set(CURLOPT_PROTOCOLS_STR, "http,https")
        set(CURLOPT_REDIR_PROTOCOLS_STR, "http,https")
        set(CURLOPT_SSLVERSION, Int(CURL_SSLVERSION_TLSv1_2))
        if !settings.authorityFile.isEmpty { set(CURLOPT_CAINFO, settings.authorityFile) }
        // Empty means none at all; unset would ask the environment.
        set(CURLOPT_PROXY, settings.proxy)
        set(CURLOPT_NOPROXY, "")
        set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1)
        set(CURLOPT_BUFFERSIZE, settings.receiveBytes)
        set(CURLOPT_MAXAGE_CONN, settings.idleConnectionSeconds)
        let limit = min(max(request.limits.connectMilliseconds, 1), CallLimits.millisecondsMax)
        set(CURLOPT_CONNECTTIMEOUT_MS, limit)
    }

    mutating func setRequest(_ request: borrowing CallRequest) {
        set(CURLOPT_URL, request.url)
        if request.redirectsMax > 0 {
            set(CURLOPT_FOLLOWLOCATION, 1)
            set(CURLOPT_MAXREDIRS, request.redirectsMax)
        }
        if request.acceptsCompressed { set(CURLOPT_ACCEPT_ENCODING, "") }
        if request.method == .head { set(CURLOPT_NOBODY, 1) }
        if request.sendsBody {
            set(CURLOPT_POST, 1)
            note(unsafe curl_set_size(easy, CURLOPT_POSTFIELDSIZE_LARGE, request.body.count))
            unsafe request.body.withUnsafeBytes { bytes in
                // Copied by libcurl. Without bytes it wants a pointer all the same.
                let start = unsafe UnsafeMutableRawPointer(mutating: bytes.baseAddress)
                unsafe set(CURLOPT_COPYPOSTFIELDS, start ?? easy)
            }
        }
        if request.method == .put || request.method == .delete {
            set(CURLOPT_CUSTOMREQUEST, request.method.rawValue)
        }
    }

    mutating func setCallbacks(_ call: Call) {
        let context = unsafe Unmanaged.passUnretained(call).toOpaque()
        unsafe set(CURLOPT_PRIVATE, context)
        unsafe set(CURLOPT_WRITEDATA, context)
        unsafe set(CURLOPT_HEADERDATA, context)
        unsafe set(CURLOPT_PREREQDATA, context)
        unsafe set(CURLOPT_SOCKOPTDATA, context)
        let body: curl_write_callback = { bytes, size, count, context in
            guard let context = unsafe context, let bytes = unsafe bytes else { return 0 }
            let call = unsafe Unmanaged<Call>.fromOpaque(context).takeUnretainedValue()
            let length = size * count
            let raw = unsafe UnsafeBufferPointer(
                start: UnsafeRawPointer(bytes).assumingMemoryBound(to: UInt8.self), count: length)
            switch unsafe call.take(Span(_unsafeElements: raw)) {
            case .taken: return length
            case .paused: return Int(CURL_WRITEFUNC_PAUSE)
            case .refused: return 0
            }
        }
        note(unsafe curl_set_bytes(easy, CURLOPT_WRITEFUNCTION, body))
        let head: curl_write_callback = { bytes, size, count, context in
            guard let context = unsafe context, let bytes = unsafe bytes else { return 0 }
            let call = unsafe Unmanaged<Call>.fromOpaque(context).takeUnretainedValue()
            let length = size * count
            let raw = unsafe UnsafeBufferPointer(
                start: UnsafeRawPointer(bytes).assumingMemoryBound(to: UInt8.self), count: length)
            return unsafe call.takeHead(Span(_unsafeElements: raw)) ? length : 0
        }
        note(unsafe curl_set_bytes(easy, CURLOPT_HEADERFUNCTION, head))
        note(
            unsafe curl_set_ready(easy) { context, _, _, _, _ in
                guard let context = unsafe context else { return CInt(CURL_PREREQFUNC_ABORT) }
                unsafe Unmanaged<Call>.fromOpaque(context).takeUnretainedValue().connected()
                return CInt(CURL_PREREQFUNC_OK)
            })
        note(
            unsafe curl_set_socket_made(easy) { context, socket, _ in
                _ = fcntl(socket, F_SETFD, FD_CLOEXEC)
                if let context = unsafe context {
                    unsafe Unmanaged<Call>.fromOpaque(context).takeUnretainedValue().socketMade()
                }
                return CInt(CURL_SOCKOPT_OK)
            })
    }
}
