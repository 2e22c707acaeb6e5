// A thread that runs one body and is joined. Signals are for the main thread: all others block
// them.

import CLinux
import Glibc

@safe
package struct Thread: Sendable {
    private final class Body: Sendable {
        let run: @Sendable () -> Void
        init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }

    private let thread: pthread_t

    /// The name, of which the kernel keeps 15 bytes, is what `top -H` shows.
    package init(name: String, _ run: @escaping @Sendable () -> Void) {
        var thread = pthread_t()
        var all = sigset_t()
        var before = sigset_t()
        unsafe sigfillset(&all)
        unsafe pthread_sigmask(SIG_SETMASK, &all, &before)
        let body = unsafe Unmanaged.passRetained(Body(run)).toOpaque()
        let result = unsafe pthread_create(
            &thread, nil,
            { argument in
                guard let argument = unsafe argument else { return nil }
                unsafe Unmanaged<Body>.fromOpaque(argument).takeRetainedValue().run()
                return nil
            }, body)
        unsafe pthread_sigmask(SIG_SETMASK, &before, nil)
        precondition(result == 0, "a thread cannot be started")
        _ = unsafe linux_name_thread(thread, String(name.prefix(15)))
        self.thread = thread
    }

    package func join() { _ = pthread_join(thread, nil) }
}
