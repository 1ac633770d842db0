import Dispatch
import System

/// Time, as the API is given it.
public struct APIClock: Sendable {
    /// Seconds that only grow.
    public var now: @Sendable () -> Double
    /// Runs an action, which does not block, after a number of seconds.
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

    /// The system's clock.
    public static let system: APIClock = {
        let queue = DispatchQueue(label: "shoal.timers")
        return APIClock(now: monotonicSeconds) { seconds, action in
            queue.asyncAfter(deadline: .now() + seconds, execute: action)
        }
    }()
}
