package import Dispatch
import Glibc
import System

/// Loads one kind of thing anew, beside everything else.
///
/// One attempt runs at a time, on a thread of its own and with a deadline. What cannot be loaded leaves what
/// there is.
///
/// Unchecked: all that changes is touched on `queue` alone.
package final class Reloader<Loaded: Sendable>: @unchecked Sendable {
    private let queue: DispatchQueue
    private let timeout: Double
    private let load: @Sendable () throws -> Loaded
    private let use: Use
    private let report: (ReloadEvent) -> Void
    private var attempts = ReloadQueue()

    /// What becomes of what was loaded.
    package struct Use {
        let take: (Loaded) -> Void
        let discard: (Loaded) -> Void

        /// - Parameters:
        ///   - take: gets what was loaded in time.
        ///   - discard: gets what was loaded too late.
        package init(take: @escaping (Loaded) -> Void, discard: @escaping (Loaded) -> Void) {
            self.take = take
            self.discard = discard
        }
    }

    /// Sets the parts up; nothing is loaded before `request`.
    ///
    /// - Parameters:
    ///   - queue: where `use` and `report` are called.
    ///   - timeout: seconds that an attempt has.
    ///   - load: reads files, on a thread of its own; may take its time.
    ///   - use: gets what was loaded.
    ///   - report: gets what happens.
    package init(
        on queue: DispatchQueue, timeout: Double, load: @escaping @Sendable () throws -> Loaded,
        use: Use, report: @escaping (ReloadEvent) -> Void
    ) {
        self.queue = queue
        self.timeout = timeout
        self.load = load
        self.use = use
        self.report = report
    }

    /// Whether an attempt runs; only on the queue.
    package var isBusy: Bool { attempts.isBusy }

    /// Loads anew: now, or once more after the attempt that runs; only on the queue.
    package func request() {
        switch attempts.request() {
        case .begin(let number): begin(number)
        case .follow: report(.queued)
        case .refuse: report(.failed("\(ReloadQueue.mostHanging) earlier attempts hang still"))
        }
    }

    private func begin(_ number: Int) {
        let hasStarted = WorkerThread.start { [self] in
            let result = Result { try load() }
            queue.async { [self] in finish(number, result) }
        }
        guard hasStarted else {
            _ = attempts.finish(number)
            return settle(.failed("the system gives no thread"))
        }
        let patience = min(timeout / 2, 10)
        queue.asyncAfter(deadline: .now() + patience) { [self] in
            if attempts.isRunning(number) { report(.waiting(patience)) }
        }
        queue.asyncAfter(deadline: .now() + timeout) { [self] in
            if attempts.giveUp(number) { settle(.timedOut(timeout)) }
        }
    }

    private func finish(_ number: Int, _ result: Result<Loaded, any Error>) {
        guard attempts.finish(number) else {
            if case .success(let loaded) = result { use.discard(loaded) }
            return report(.late)
        }
        switch result {
        case .success(let loaded):
            use.take(loaded)
            settle(.succeeded)
        case .failure(let error): settle(.failed("\(error)"))
        }
    }

    /// Reports how an attempt ended, and begins the one that was wished for meanwhile.
    private func settle(_ event: ReloadEvent) {
        let isWanted = attempts.takeWish()
        if isWanted { request() }
        report(event)
    }
}

/// What happens to an attempt to load something anew.
package enum ReloadEvent: Equatable {
    /// One runs; another one follows it.
    case queued
    /// It runs, after so many seconds still.
    case waiting(Double)
    /// What was loaded is in use.
    case succeeded
    /// The reason.
    case failed(String)
    /// It was given up after so many seconds.
    case timedOut(Double)
    /// One that was given up has ended after all; what it loaded is not used.
    case late

    /// Whether an attempt that counted has ended.
    package var isEnd: Bool {
        switch self {
        case .succeeded, .failed, .timedOut: true
        case .queued, .waiting, .late: false
        }
    }
}
