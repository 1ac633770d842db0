import Dispatch
import Synchronization

/// Work that takes too long for the event loop and none of the service's workers: one piece after another
/// on a thread of its own, and no more than a few that wait.
final class SideWork: Sendable {
    /// Pieces that may wait or run; one more is refused.
    static let capacity = 64

    private let queue = DispatchQueue(label: "shoal.side-work")
    private let count = Atomic(0)

    /// Does a piece of work later.
    ///
    /// - Returns: false, and nothing is done, where too much is waiting.
    func run(_ work: @escaping @Sendable () -> Void) -> Bool {
        guard count.add(1, ordering: .relaxed).oldValue < Self.capacity else {
            count.subtract(1, ordering: .relaxed)
            return false
        }
        queue.async { [self] in
            work()
            count.subtract(1, ordering: .relaxed)
        }
        return true
    }
}
