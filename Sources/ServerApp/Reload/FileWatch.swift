import Dispatch
import System

/// Looks again and again whether files have changed, on a queue of its own.
///
/// Unchecked: the timer is not touched after the initialiser.
final class FileWatch: @unchecked Sendable {
    private let detector: Lock<ChangeDetector>
    private let paths: @Sendable () -> [String]
    private let timer: any DispatchSourceTimer

    /// Takes note of the files as they are, and looks from now on.
    ///
    /// - Parameters:
    ///   - paths: gives the files, anew for each look.
    ///   - interval: seconds between two looks, above 0.
    ///   - changed: called where files have changed and come to rest.
    init(
        _ paths: @escaping @Sendable () -> [String], every interval: Double,
        changed: @escaping @Sendable () -> Void
    ) {
        self.paths = paths
        let detector = Lock(ChangeDetector(FileSignature(paths())))
        self.detector = detector
        let timer = DispatchSource.makeTimerSource(queue: DispatchQueue(label: "shoal.watch"))
        timer.schedule(deadline: .now() + interval, repeating: interval)
        timer.setEventHandler {
            let now = FileSignature(paths())
            if detector.withLock({ $0.finds(now) }) { changed() }
        }
        timer.activate()
        self.timer = timer
    }

    deinit { timer.cancel() }

    /// Takes note of the files as they are: somebody is about to read them anyway.
    func note() {
        let now = FileSignature(paths())
        detector.withLock { $0 = ChangeDetector(now) }
    }
}
