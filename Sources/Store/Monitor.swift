// State behind a lock, with two conditions to wait on: the log's, whose threads wait for work and
// for space. Waiting looks at the state anew each time it wakes; no borrow of it lives across a
// wait.
//
// Limit: nothing that blocks may be called under the lock.

import Base
import CLinux
import Glibc

/// What an attempt under the lock came to.
enum Attempt<Value> {
    case done(Value)
    /// Try again when signalled, or at this moment of the monotonic clock (nanoseconds).
    case wait(until: UInt64?)
}

@safe final class Monitor<State: ~Copyable>: @unchecked Sendable {
    enum Condition: Int {
        case work, space
    }

    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private let conditions: UnsafeMutablePointer<pthread_cond_t>
    private let state: UnsafeMutablePointer<State>

    init(_ initial: consuming State) {
        unsafe mutex = .allocate(capacity: 1)
        unsafe mutex.initialize(to: pthread_mutex_t())
        unsafe conditions = .allocate(capacity: 2)
        unsafe state = .allocate(capacity: 1)
        unsafe state.initialize(to: initial)
        var results = unsafe pthread_mutex_init(mutex, nil)
        var attributes = pthread_condattr_t()
        unsafe results |= pthread_condattr_init(&attributes)
        unsafe results |= pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        for index in 0..<2 {
            unsafe (conditions + index).initialize(to: pthread_cond_t())
            unsafe results |= pthread_cond_init(conditions + index, &attributes)
        }
        unsafe pthread_condattr_destroy(&attributes)
        precondition(results == 0, "a lock cannot be made")
    }

    deinit {
        unsafe state.deinitialize(count: 1)
        unsafe state.deallocate()
        for index in 0..<2 { unsafe _ = pthread_cond_destroy(conditions + index) }
        unsafe conditions.deallocate()
        unsafe _ = pthread_mutex_destroy(mutex)
        unsafe mutex.deallocate()
    }

    @inline(__always)
    func withLock<Result, Failure: Error>(
        _ body: (inout State) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        unsafe _ = pthread_mutex_lock(mutex)
        defer { unsafe _ = pthread_mutex_unlock(mutex) }
        return try unsafe body(&state.pointee)
    }

    /// Attempts until it is done, waiting for `condition` in between.
    func attempt<Value>(
        on condition: Condition, _ body: (inout State) -> Attempt<Value>
    ) -> Value {
        unsafe _ = pthread_mutex_lock(mutex)
        defer { unsafe _ = pthread_mutex_unlock(mutex) }
        let place = unsafe conditions + condition.rawValue
        while true {
            switch unsafe body(&state.pointee) {
            case .done(let value): return value
            case .wait(until: nil): unsafe _ = pthread_cond_wait(place, mutex)
            case .wait(until: .some(let deadline)):
                var time = timespec(
                    tv_sec: Int(deadline / 1_000_000_000), tv_nsec: Int(deadline % 1_000_000_000))
                unsafe _ = pthread_cond_timedwait(place, mutex, &time)
            }
        }
    }

    /// Wakes everybody who waits for `condition`. May be called under the lock or without it.
    func signal(_ condition: Condition) {
        unsafe _ = pthread_cond_broadcast(conditions + condition.rawValue)
    }
}
