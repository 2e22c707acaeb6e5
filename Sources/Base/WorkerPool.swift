// A few threads for what takes too long for a reactor: password hashes, searches. The queue is
// bounded; what does not fit is refused, so that a flood of log-ins costs the flood.

import CLinux
import Glibc

@safe
package final class WorkerPool: @unchecked Sendable {
    /// Jobs that may wait.
    package static let jobsMax = 1_024

    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private let condition: UnsafeMutablePointer<pthread_cond_t>
    private var jobs: [@Sendable () -> Void] = []
    private var first = 0
    private var isStopped = false
    private var threads: [Thread] = []

    package init(threads count: Int) {
        unsafe mutex = .allocate(capacity: 1)
        unsafe condition = .allocate(capacity: 1)
        unsafe pthread_mutex_init(mutex, nil)
        unsafe pthread_cond_init(condition, nil)
        threads = (0..<count).map { index in
            Thread(name: "worker-\(index)") { [unowned self] in self.work() }
        }
    }

    deinit {
        unsafe pthread_mutex_destroy(mutex)
        unsafe pthread_cond_destroy(condition)
        unsafe mutex.deallocate()
        unsafe condition.deallocate()
    }

    /// False when too many jobs are waiting; the job is then not run.
    package func submit(_ job: @escaping @Sendable () -> Void) -> Bool {
        unsafe pthread_mutex_lock(mutex)
        defer { unsafe pthread_mutex_unlock(mutex) }
        guard !isStopped, jobs.count - first < Self.jobsMax else { return false }
        jobs.append(job)
        unsafe pthread_cond_signal(condition)
        return true
    }

    /// Lets the running jobs end, drops those that wait, and joins the threads.
    package func stop() {
        unsafe pthread_mutex_lock(mutex)
        isStopped = true
        unsafe pthread_cond_broadcast(condition)
        unsafe pthread_mutex_unlock(mutex)
        for thread in threads { thread.join() }
        threads = []
    }

    private func work() {
        while let job = next() { job() }
    }

    private func next() -> (@Sendable () -> Void)? {
        unsafe pthread_mutex_lock(mutex)
        defer { unsafe pthread_mutex_unlock(mutex) }
        while first == jobs.count, !isStopped { unsafe pthread_cond_wait(condition, mutex) }
        if isStopped { return nil }
        let job = jobs[first]
        first += 1
        if first == jobs.count {
            jobs.removeAll(keepingCapacity: true)
            first = 0
        } else if first == Self.jobsMax {
            // A queue that is never empty must not keep what it has run.
            jobs.removeFirst(first)
            first = 0
        }
        return job
    }
}
