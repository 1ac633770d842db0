import Dispatch
import Synchronization

/// Work that takes too long for the event loop and none of the service's workers: one piece after another
/// on a thread of its own, and no more than a few that wait.
final class SideWork: Sendable {
    /// Pieces that may wait or run; one more is refused.
    static let capacity = 64
    /// Of these, the ones of clients that have not shown a key yet where keys are asked for.
    static let strangerCapacity = 8

    /// Whom a piece of work is for.
    enum Client {
        /// Who has shown a key, or need not.
        case known
        /// Who has not shown a key yet and has to.
        case stranger
    }

    private let queue = DispatchQueue(label: "shoal.side-work")
    private let pieces = Atomic(0)
    private let strangers = Atomic(0)

    /// Pieces that wait or run.
    var count: Int { pieces.load(ordering: .relaxed) }

    /// Does a piece of work later.
    ///
    /// - Parameters:
    ///   - client: whom it is for.
    ///   - work: the piece.
    /// - Returns: false, and nothing is done, where too much is waiting.
    func run(for client: Client, _ work: @escaping @Sendable () -> Void) -> Bool {
        guard client == .known || Self.take(strangers, upTo: Self.strangerCapacity) else {
            return false
        }
        guard Self.take(pieces, upTo: Self.capacity) else {
            if client == .stranger { strangers.subtract(1, ordering: .relaxed) }
            return false
        }
        queue.async { [self] in
            work()
            pieces.subtract(1, ordering: .relaxed)
            if client == .stranger { strangers.subtract(1, ordering: .relaxed) }
        }
        return true
    }

    private static func take(_ count: borrowing Atomic<Int>, upTo capacity: Int) -> Bool {
        if count.add(1, ordering: .relaxed).oldValue < capacity { return true }
        count.subtract(1, ordering: .relaxed)
        return false
    }
}
