import CSystem
import Glibc
import Synchronization

/// Threads that help another one with short pieces of work, microseconds each, while it has many of
/// them in a row.
///
/// The parts of a piece of work are claimed one by one, by the helpers and by the thread that has the
/// work, so a helper that comes late leaves its parts to the others. One that the system puts aside in the
/// midst of a part keeps everyone waiting, as happens where a neighbour wants the processor, too: where it was
/// for long, or is again and again, the team leaves the work to the thread that has it for a while, longer each
/// time. A helper that has just woken up is late, too, and only for once. A helper without work looks for it for
/// `patience` seconds, then sleeps until there is some.
///
/// One thread at a time has the team, between `tryAcquire` and `release`.
public final class ThreadTeam: Sendable {
    /// Threads beside the one that has the work.
    public let helperCount: Int
    private let shared: Shared
    private let isTaken = Atomic(false)

    /// How long a helper looks for work before it sleeps: longer than the gaps between the products of
    /// a decoder layer, shorter than anyone else would notice.
    static let patience = 50e-6
    /// For how long the helpers rest when they kept the work waiting, the first time and at most.
    static let rests = 0.01...1.0
    /// A wait for a helper that was put aside; a part and a slow waking take less.
    static let longWait = 1e-3
    /// The share of the time that waits for helpers may take, and over how many seconds it is looked at.
    static let waitingShare = 0.25
    static let windows = 2e-3...50e-3

    /// Starts the helpers, asleep; fewer where the system gives no more threads.
    ///
    /// - Parameters:
    ///   - helpers: threads beside the one that has the work, at least 0.
    ///   - niceness: theirs, as of `WorkerThread.start`.
    ///   - clock: seconds, for judging how long a helper takes.
    public init(
        helpers: Int, niceness: Int = 0,
        clock: @escaping @Sendable () -> Double = monotonicSeconds
    ) {
        shared = Shared(clock)
        var started = 0
        for _ in 0..<helpers {
            let shared = shared
            if WorkerThread.start(niceness: niceness, { shared.help() }) { started += 1 }
        }
        helperCount = started
    }

    deinit { shared.stop() }

    /// Takes the team for the calling thread.
    ///
    /// - Returns: false where another thread has it, or there are no helpers.
    public func tryAcquire() -> Bool {
        helperCount > 0 && !isTaken.exchange(true, ordering: .acquiring)
    }

    /// Gives the team back.
    public func release() { isTaken.store(false, ordering: .releasing) }

    /// Runs `body` once for each part, on the calling thread and on helpers, and returns when all are
    /// done.
    ///
    /// - Parameters:
    ///   - parts: how many, 1 … `maximumParts`.
    ///   - context: what `body` is given; it stays valid until `run` returns.
    ///   - body: does a part, 0 … `parts` − 1, independently of the others.
    /// - Precondition: the calling thread has the team.
    public func run(
        parts: Int, _ context: UnsafeRawPointer,
        _ body: @convention(c) (UnsafeRawPointer, Int) -> Void
    ) {
        precondition((1...Self.maximumParts).contains(parts), "too many parts")
        shared.run(parts, context, body)
    }

    /// Most parts of a piece of work.
    public static let maximumParts = 0xFFFF
}

/// What the helpers and the owner of a team share.
///
/// Unchecked: `work` is written by the owner while no part of it can be claimed, and read after a part
/// has been claimed, which orders the two; `pause` is the owner's, and the team's change of hands orders that.
private final class Shared: @unchecked Sendable {
    private struct Work {
        let context: UnsafeRawPointer
        let body: @convention(c) (UnsafeRawPointer, Int) -> Void
    }

    private var work: Work?
    /// The number of the work, 32 bits; its parts, 16 bits; parts claimed, 16 bits.
    private let claims = Atomic<UInt64>(0)
    private let done = Atomic(0)
    private let sleeping = Atomic(0)
    private let isStopped = Monitor(false)
    private let clock: @Sendable () -> Double
    private var pause = Pause()

    init(_ clock: @escaping @Sendable () -> Double) {
        self.clock = clock
    }

    /// When the helpers rest.
    private struct Pause {
        private var end = -Double.infinity
        private var length = 0.0
        /// Since when waits are added up, and what they come to.
        private var start = -Double.infinity
        private var waited = 0.0

        func isOver(at now: Double) -> Bool { now >= end }

        /// Takes note of a wait for helpers that has just ended.
        mutating func add(_ wait: Double, at now: Double) {
            if now - start > ThreadTeam.windows.upperBound {
                start = now - wait
                waited = 0
            }
            waited += wait
            let isOften =
                now - start > ThreadTeam.windows.lowerBound
                && waited > ThreadTeam.waitingShare * (now - start)
            if wait > ThreadTeam.longWait || isOften { begin(at: now) }
        }

        /// The helpers were late: where that is soon after the last pause, the next one is longer.
        private mutating func begin(at now: Double) {
            start = -.infinity
            let isSoon = now < end + 10 * length
            length =
                isSoon ? min(2 * length, ThreadTeam.rests.upperBound) : ThreadTeam.rests.lowerBound
            end = now + length
        }
    }

    func run(
        _ parts: Int, _ context: UnsafeRawPointer,
        _ body: @convention(c) (UnsafeRawPointer, Int) -> Void
    ) {
        guard pause.isOver(at: clock()) else {
            for part in 0..<parts { body(context, part) }
            return
        }
        work = Work(context: context, body: body)
        done.store(0, ordering: .relaxed)
        let number = (claims.load(ordering: .relaxed) >> 32) &+ 1
        claims.store(number << 32 | UInt64(parts) << 16, ordering: .sequentiallyConsistent)
        // A helper that goes to sleep says so before it looks at the claims for the last time.
        if sleeping.load(ordering: .sequentiallyConsistent) > 0 { isStopped.change { _ in } }
        while helpOnce() {}
        waitForHelpers(parts)
    }

    private func waitForHelpers(_ parts: Int) {
        guard done.load(ordering: .acquiring) < parts else { return }
        let start = clock()
        var looks = 0
        while done.load(ordering: .acquiring) < parts {
            looks += 1
            // Whoever has the last part may have been put aside: let it run.
            if looks % 1024 == 0 { sched_yield() } else { shoal_spin_hint() }
        }
        let now = clock()
        if now - start > ThreadTeam.patience { pause.add(now - start, at: now) }
    }

    /// Claims a part and does it.
    ///
    /// - Returns: false where none is left.
    private func helpOnce() -> Bool {
        var seen = claims.load(ordering: .acquiring)
        while true {
            let claimed = seen & 0xFFFF
            guard claimed < (seen >> 16) & 0xFFFF else { return false }
            let (exchanged, original) = claims.weakCompareExchange(
                expected: seen, desired: seen + 1, ordering: .acquiringAndReleasing)
            if exchanged {
                if let work { work.body(work.context, Int(claimed)) }
                done.add(1, ordering: .releasing)
                return true
            }
            seen = original
        }
    }

    /// The life of a helper.
    func help() {
        while true {
            var giveUp = monotonicSeconds() + ThreadTeam.patience
            var looks = 0
            while true {
                if helpOnce() {
                    giveUp = monotonicSeconds() + ThreadTeam.patience
                    continue
                }
                looks += 1
                shoal_spin_hint()
                if looks % 64 == 0, monotonicSeconds() > giveUp { break }
            }
            sleeping.add(1, ordering: .sequentiallyConsistent)
            let stopped = isStopped.wait { stopped in
                stopped ? true : hasWork ? false : nil
            }
            sleeping.subtract(1, ordering: .sequentiallyConsistent)
            if stopped { return }
        }
    }

    private var hasWork: Bool {
        let seen = claims.load(ordering: .sequentiallyConsistent)
        return seen & 0xFFFF < (seen >> 16) & 0xFFFF
    }

    func stop() { isStopped.change { $0 = true } }
}
