import Dispatch
import System

/// Values handed from one thread to another, which waits for them up to ten seconds.
final class Channel<Value: Sendable>: Sendable {
    private let values = Lock<[Value]>([])
    private let available = DispatchSemaphore(value: 0)

    func put(_ value: Value) {
        values.withLock { $0.append(value) }
        available.signal()
    }

    /// The oldest value, or nil if none comes.
    func take() -> Value? {
        guard available.wait(timeout: .now() + 10) == .success else { return nil }
        return values.withLock { $0.isEmpty ? nil : $0.removeFirst() }
    }
}
