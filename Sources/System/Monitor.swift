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
        pthread_cond_init(condition, nil)
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
        lock.wait(on: condition, for: body)
    }
}
