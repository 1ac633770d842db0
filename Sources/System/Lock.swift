import Glibc

/// A value that one thread at a time may touch.
///
/// It stands on a lock of the operating system's thread library, which the thread sanitizer
/// understands: it takes the hand-over of a contended `Synchronization.Mutex`, which goes through the
/// kernel, for a race.
///
/// Unchecked: every access to the value holds the lock.
public final class Lock<Value>: @unchecked Sendable {
    private var value: Value
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)

    /// Takes the value over.
    public init(_ value: sending Value) {
        self.value = value
        pthread_mutex_init(mutex, nil)
    }

    deinit {
        pthread_mutex_destroy(mutex)
        mutex.deallocate()
    }

    /// Runs `body` on the value while no other thread does.
    ///
    /// - Parameter body: short, and never one that takes this lock again.
    /// - Returns: what `body` returns.
    /// - Throws: what `body` throws.
    public func withLock<Result, Failure>(
        _ body: (inout Value) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return try body(&value)
    }

    /// Runs `body` again and again, after each time that `condition` was signalled, until it gives
    /// something.
    ///
    /// - Parameters:
    ///   - condition: what is waited for.
    ///   - deadline: a time on the condition's clock; nil: there is none.
    ///   - body: looks at the value.
    /// - Returns: nil where nothing was given by the deadline.
    func wait<Result>(
        on condition: UnsafeMutablePointer<pthread_cond_t>, until deadline: timespec? = nil,
        for body: (inout Value) -> Result?
    ) -> Result? {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        while true {
            if let result = body(&value) { return result }
            if var deadline {
                guard pthread_cond_timedwait(condition, mutex, &deadline) == 0 else {
                    return body(&value)
                }
            } else {
                pthread_cond_wait(condition, mutex)
            }
        }
    }
}
