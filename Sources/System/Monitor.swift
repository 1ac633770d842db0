import Glibc

/// A value behind a lock on which threads can wait for it to change.
///
/// Unchecked: the condition is only signalled and waited for.
public final class Monitor<Value>: @unchecked Sendable {
    private let lock: Lock<Value>
    private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)

    /// Takes the value over.
    public init(_ value: sending Value) {
        lock = Lock(value)
        var attributes = pthread_condattr_t()
        pthread_condattr_init(&attributes)
        pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        pthread_cond_init(condition, &attributes)
        pthread_condattr_destroy(&attributes)
    }

    deinit {
        pthread_cond_destroy(condition)
        condition.deallocate()
    }

    /// Runs `body` on the value while no other thread does, and wakes nobody.
    public func withLock<Result>(_ body: (inout Value) -> Result) -> Result {
        lock.withLock(body)
    }

    /// Changes the value and wakes all that wait for a change.
    public func change<Result>(_ body: (inout Value) -> Result) -> Result {
        lock.withLock { value in
            defer { pthread_cond_broadcast(condition) }
            return body(&value)
        }
    }

    /// Waits until `body` gives something, asking it again after every change.
    public func wait<Result>(for body: (inout Value) -> Result?) -> Result {
        while true {
            // Without a deadline it ends with something.
            if let result = lock.wait(on: condition, for: body) { return result }
        }
    }

    /// Waits at most `seconds` until `body` gives something: nil where it has given nothing by then.
    public func wait<Result>(seconds: Double, for body: (inout Value) -> Result?) -> Result? {
        var deadline = timespec()
        clock_gettime(CLOCK_MONOTONIC, &deadline)
        deadline.tv_sec += Int(seconds)
        deadline.tv_nsec += Int((seconds - seconds.rounded(.down)) * 1e9)
        if deadline.tv_nsec >= 1_000_000_000 {
            deadline.tv_sec += 1
            deadline.tv_nsec -= 1_000_000_000
        }
        return lock.wait(on: condition, until: deadline, for: body)
    }
}
