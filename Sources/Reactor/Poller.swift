// epoll: which descriptors have something to say. Level-triggered, so nothing that is left for the
// next turn is forgotten.

import Base
import CLinux
import Glibc

@safe
struct Poller: ~Copyable {
    private let epoll: Descriptor
    private let events: UnsafeMutablePointer<epoll_event>

    struct Interest: OptionSet {
        let rawValue: UInt32
        static let readable = Interest(rawValue: EPOLLIN.rawValue)
        static let writable = Interest(rawValue: EPOLLOUT.rawValue)
    }

    struct Event {
        let data: UInt64
        private let bits: UInt32
        init(_ event: epoll_event) {
            data = unsafe event.data.u64
            bits = unsafe event.events
        }
        var isReadable: Bool {
            bits & (EPOLLIN.rawValue | EPOLLHUP.rawValue | EPOLLERR.rawValue) != 0
        }
        /// Both sides are over, or the socket has failed.
        var isBroken: Bool { bits & (EPOLLHUP.rawValue | EPOLLERR.rawValue) != 0 }
        var isWritable: Bool {
            bits & (EPOLLOUT.rawValue | EPOLLHUP.rawValue | EPOLLERR.rawValue) != 0
        }
    }

    init() throws(SystemError) {
        let number = epoll_create1(CInt(EPOLL_CLOEXEC))
        guard number >= 0 else { throw .last("epoll_create1") }
        epoll = Descriptor(number)
        unsafe events = UnsafeMutablePointer.allocate(capacity: ReactorLimits.eventsPerWait)
    }

    deinit { unsafe events.deallocate() }

    func add(_ descriptor: CInt, _ interest: Interest, data: UInt64) throws(SystemError) {
        try control(EPOLL_CTL_ADD, descriptor, interest, data)
    }

    func change(_ descriptor: CInt, _ interest: Interest, data: UInt64) throws(SystemError) {
        try control(EPOLL_CTL_MOD, descriptor, interest, data)
    }

    func remove(_ descriptor: CInt) throws(SystemError) {
        try control(EPOLL_CTL_DEL, descriptor, [], 0)
    }

    private func control(
        _ operation: CInt, _ descriptor: CInt, _ interest: Interest, _ data: UInt64
    ) throws(SystemError) {
        var event = unsafe epoll_event()
        unsafe event.events = interest.rawValue
        unsafe event.data.u64 = data
        guard unsafe epoll_ctl(epoll.number, operation, descriptor, &event) == 0 else {
            throw .last("epoll_ctl")
        }
    }

    /// Waits up to `milliseconds` (-1: for ever, 0: not at all); returns how many events came.
    func wait(milliseconds: CInt) -> Int {
        let count = unsafe epoll_wait(
            epoll.number, events, CInt(ReactorLimits.eventsPerWait), milliseconds)
        if count < 0 {
            precondition(errno == EINTR, "epoll_wait failed on our own descriptor")
            return 0
        }
        return Int(count)
    }

    /// One of the events of the last wait.
    func event(_ index: Int) -> Event {
        precondition(index >= 0 && index < ReactorLimits.eventsPerWait)
        return unsafe Event(events[index])
    }
}
