// epoll for libcurl's sockets, level-triggered. libcurl opens and closes the sockets: closing one
// takes it out of the set, and its number may be another's the next moment, so what is asked of a
// number holds for whatever socket has it now. An event that comes too late is harmless: libcurl
// finds nothing to read.

import Base
import CCurl
import CLinux
import Glibc

@safe
struct SocketEvents: ~Copyable {
    private static let eventsMax = 256
    private let epoll: Descriptor
    private let events: UnsafeMutablePointer<epoll_event>

    init() throws(SystemError) {
        let number = epoll_create1(CInt(EPOLL_CLOEXEC))
        guard number >= 0 else { throw .last("epoll_create1") }
        epoll = Descriptor(number)
        unsafe events = .allocate(capacity: Self.eventsMax)
    }

    deinit { unsafe events.deallocate() }

    /// Asks for `what` (CURL_POLL_IN, _OUT, _INOUT, _REMOVE) of a socket, in place of what was
    /// asked before.
    func watch(_ socket: CInt, _ what: CInt) throws(SystemError) {
        var event = unsafe epoll_event()
        if what == CURL_POLL_REMOVE {
            // The socket may be closed already, and so out of the set.
            _ = unsafe epoll_ctl(epoll.number, EPOLL_CTL_DEL, socket, &event)
            return
        }
        var bits: UInt32 = 0
        if what & CURL_POLL_IN != 0 { bits |= EPOLLIN.rawValue }
        if what & CURL_POLL_OUT != 0 { bits |= EPOLLOUT.rawValue }
        unsafe event.events = bits
        unsafe event.data.u64 = UInt64(UInt32(bitPattern: socket))
        if unsafe epoll_ctl(epoll.number, EPOLL_CTL_MOD, socket, &event) == 0 { return }
        guard errno == ENOENT,
            unsafe epoll_ctl(epoll.number, EPOLL_CTL_ADD, socket, &event) == 0
        else { throw .last("epoll_ctl") }
    }

    /// Waits up to `milliseconds` (-1: for ever); returns how many events came.
    func wait(milliseconds: CInt) -> Int {
        let count = unsafe epoll_wait(epoll.number, events, CInt(Self.eventsMax), milliseconds)
        if count < 0 {
            precondition(errno == EINTR, "epoll_wait failed on our own descriptor")
            return 0
        }
        return Int(count)
    }

    /// One event of the last wait: the socket, and what it says in libcurl's words.
    func event(_ index: Int) -> (socket: CInt, bits: CInt) {
        precondition(index >= 0 && index < Self.eventsMax)
        let event = unsafe events[index]
        let seen = unsafe event.events
        var bits: CInt = 0
        if seen & EPOLLIN.rawValue != 0 { bits |= CURL_CSELECT_IN }
        if seen & EPOLLOUT.rawValue != 0 { bits |= CURL_CSELECT_OUT }
        if seen & (EPOLLERR.rawValue | EPOLLHUP.rawValue) != 0 { bits |= CURL_CSELECT_ERR }
        let number = unsafe UInt32(truncatingIfNeeded: event.data.u64)
        return (CInt(bitPattern: number), bits)
    }
}
