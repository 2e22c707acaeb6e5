// libcurl's multi handle: the set of running transfers and the connections kept for the next ones.
// Sockets and the timer are the loop's; this turns its C calls into Swift's.

import CCurl

@safe
final class MultiHandle {
    private var pointer: UnsafeMutableRawPointer?

    init(idleConnectionsMax: Int) {
        guard let made = unsafe curl_multi_init() else {
            preconditionFailure("libcurl has no memory")
        }
        unsafe pointer = unsafe made
        // Without a bound of its own libcurl keeps four times as many as transfers are running.
        _ = unsafe curl_multi_set_long(made, CURLMOPT_MAXCONNECTS, max(idleConnectionsMax, 1))
        _ = unsafe curl_multi_set_long(made, CURLMOPT_PIPELINING, Int(CURLPIPE_NOTHING))
    }

    /// Closes all connections; every transfer has been removed.
    func close() {
        _ = unsafe curl_multi_cleanup(pointer)
        unsafe pointer = nil
    }

    /// `owner` must live until `close`.
    func setOwner(_ owner: OutboundLoop) {
        let context = unsafe Unmanaged.passUnretained(owner).toOpaque()
        let socket: curl_socket_callback = { _, socket, what, context, _ in
            guard let context = unsafe context else { return -1 }
            let loop = unsafe Unmanaged<OutboundLoop>.fromOpaque(context).takeUnretainedValue()
            return loop.watch(socket, what) ? 0 : -1
        }
        let timer: curl_multi_timer_callback = { _, milliseconds, context in
            guard let context = unsafe context else { return -1 }
            let loop = unsafe Unmanaged<OutboundLoop>.fromOpaque(context).takeUnretainedValue()
            loop.setTimer(milliseconds)
            return 0
        }
        _ = unsafe curl_multi_set_sockets(pointer, socket, context)
        _ = unsafe curl_multi_set_timer(pointer, timer, context)
    }

    /// False when libcurl does not take the transfer.
    func add(_ call: Call) -> Bool {
        guard let easy = unsafe call.easy?.pointer else { return false }
        return unsafe curl_multi_add_handle(pointer, easy) == CURLM_OK
    }

    /// Takes the transfer out; one that is under way loses its connection.
    func remove(_ call: Call) {
        guard let easy = unsafe call.easy?.pointer else { return }
        _ = unsafe curl_multi_remove_handle(pointer, easy)
    }

    /// A transfer's own failure comes as its result; of the set's there is none that could be
    /// mended here, and the calls' time limits end what hangs.
    func act(_ socket: CInt, _ bits: CInt) {
        var running: CInt = 0
        _ = unsafe curl_multi_socket_action(pointer, socket, bits, &running)
    }

    func actOnTimer() { act(CURL_SOCKET_TIMEOUT, 0) }

    /// A transfer that has ended, and its result; it is still to be removed.
    func nextDone() -> (Call, CURLcode)? {
        var code = CURLE_OK
        guard let multi = unsafe pointer,
            let easy = unsafe curl_multi_next_done(multi, &code),
            let context = unsafe curl_get_private(easy)
        else { return nil }
        return unsafe (Unmanaged<Call>.fromOpaque(context).takeUnretainedValue(), code)
    }
}
