import Glibc

/// Starts threads of the operating system: compute must not block a Dispatch queue.
public enum WorkerThread {
    private final class Body {
        let run: @Sendable () -> Void
        init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }

    /// Runs `body` on a thread of its own that nobody joins.
    ///
    /// - Parameters:
    ///   - niceness: by how much it lets the process's other threads have the processors first, 0 … 19; 0
    ///     leaves it as they are.
    ///   - body: what it does.
    /// - Returns: false where the system gives no thread.
    public static func start(
        niceness: Int = 0, _ body: @escaping @Sendable () -> Void
    ) -> Bool {
        let box = Unmanaged.passRetained(
            Body {
                // On Linux this is a thread's own, not the process's (nptl(7)).
                if niceness > 0 {
                    setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, Int32(niceness))
                }
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
