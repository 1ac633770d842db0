import Dispatch
import Synchronization

/// Work that takes too long for the event loop and none of the service's workers: one piece after another
/// on a thread of its own, and no more than a few that wait.
final class SideWork: Sendable {
    /// Pieces that may wait or run; one more is refused.
    static let capacity = 64
    /// Of these, the ones of clients that have not shown a key yet where keys are asked for.
    static let strangerCapacity = 8

    private let queue = DispatchQueue(label: "shoal.side-work")
    private let pieces = Atomic(0)
    private let strangers = Atomic(0)

    /// Pieces that wait or run.
    var count: Int { pieces.load(ordering: .relaxed) }

    /// Does a piece of work later.
    ///
    /// - Parameters:
    ///   - isStranger: whether it is for a client that has not shown a key yet and has to.
    ///   - work: the piece.
    /// - Returns: false, and nothing is done, where too much is waiting.
    func run(isStranger: Bool, _ work: @escaping @Sendable () -> Void) -> Bool {
        guard !isStranger || Self.take(strangers, upTo: Self.strangerCapacity) else { return false }
        guard Self.take(pieces, upTo: Self.capacity) else {
            if isStranger { strangers.subtract(1, ordering: .relaxed) }
            return false
        }
        queue.async { [self] in
            work()
            pieces.subtract(1, ordering: .relaxed)
            if isStranger { strangers.subtract(1, ordering: .relaxed) }
        }
        return true
    }

    private static func take(_ count: borrowing Atomic<Int>, upTo capacity: Int) -> Bool {
        if count.add(1, ordering: .relaxed).oldValue < capacity { return true }
        count.subtract(1, ordering: .relaxed)
        return false
    }
}
