import CSystem
import Glibc

/// Starts threads of the operating system: compute must not block a Dispatch queue.
public enum WorkerThread {
    private final class Body {
        let run: @Sendable () -> Void
        init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }

    /// Has the calling thread, and those that it starts from now on, let others have the processors first.
    ///
    /// - Parameter niceness: how much is added to its niceness, which is 19 at most.
    public static func lowerPriority(by niceness: Int) {
        guard niceness > 0 else { return }
        // On Linux both are a thread's own, not the process's (nptl(7)); a new one has its maker's.
        let which = __priority_which_t(PRIO_PROCESS.rawValue)
        setpriority(which, 0, min(getpriority(which, 0) + Int32(min(niceness, 40)), 19))
    }

    /// Has the calling thread wait for the disk behind all others, where the system can be told so.
    public static func yieldDisk() { shoal_yield_disk() }

    /// Runs `body` on a thread of its own that nobody joins.
    ///
    /// - Parameters:
    ///   - niceness: how much is added to the niceness of the calling thread, 0 … 19: by so much it lets the
    ///     process's other threads have the processors first.
    ///   - body: what it does.
    /// - Returns: false where the system gives no thread.
    public static func start(
        niceness: Int = 0, _ body: @escaping @Sendable () -> Void
    ) -> Bool {
        let box = Unmanaged.passRetained(
            Body {
                lowerPriority(by: niceness)
                body()
            })
        var thread = pthread_t()
        let code = pthread_create(
            &thread, nil,
            { context in
                if let context {
                    Unmanaged<Body>.fromOpaque(context).takeRetainedValue().run()
                }
                return nil
            }, box.toOpaque())
        guard code == 0 else {
            box.release()
            return false
        }
        pthread_detach(thread)
        return true
    }
}

/// Seconds on the monotonic clock, from a start of no meaning.
public func monotonicSeconds() -> Double {
    var now = timespec()
    clock_gettime(CLOCK_MONOTONIC, &now)
    return Double(now.tv_sec) + Double(now.tv_nsec) * 1e-9
}
