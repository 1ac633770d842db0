import Dispatch
import Threads

/// Time and a place for work beside the event loop, as the API is given them.
public struct APIClock: Sendable {
    /// Seconds that only grow.
    public var now: @Sendable () -> Double
    /// Runs an action after a number of seconds, on a thread that may be kept busy.
    public var after:
        @Sendable (_ seconds: Double, _ action: @escaping @Sendable () -> Void) -> Void

    /// A clock of these parts.
    public init(
        now: @escaping @Sendable () -> Double,
        after: @escaping @Sendable (Double, @escaping @Sendable () -> Void) -> Void
    ) {
        self.now = now
        self.after = after
    }

    /// The system's clock, and one thread of its own for what is to run later.
    public static let system: APIClock = {
        let queue = DispatchQueue(label: "shoal.api")
        return APIClock(now: monotonicSeconds) { seconds, action in
            queue.asyncAfter(deadline: .now() + seconds, execute: action)
        }
    }()
}
