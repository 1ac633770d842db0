public import Checkpoint
import Dispatch
import System
public import TranslationService

/// Keeps what a watch has seen in a file, so that the next process goes on from there.
///
/// The file is replaced whole, at most once in an interval and only where something was seen, on a queue of its own: nobody who
/// translates waits for a disk. What cannot be read or written is reported, and the watch works on without.
public final class WatchStore: Sendable {
    /// What happens to the file.
    public enum Event: Sendable, Equatable {
        /// Evidence against so many certificates was taken over, and so many of them are refuted.
        case resumed(certificates: Int, refuted: Int)
        /// Evidence is let go of, because no model has the certificate any more.
        case dropped(model: String, risk: Risk, delta: Double)
        /// The file is there and cannot be gone on from, and why.
        case unusable(String)
        /// The file cannot be written, and why.
        case unwritable(String)
    }

    private struct State {
        /// What the file has; nil: nothing that can be gone on from.
        var kept: WatchState?
        var isRead = false
        var hasBegun = false
        var isStopped = false
        /// Why it could not be written the last time; told once.
        var fault: String?
    }

    private let path: String
    private let watch: CertificateWatch
    private let interval: Double
    private let report: @Sendable (Event) -> Void
    private let state = Lock(State())
    private let queue = DispatchQueue(label: "shoal.watch-state", qos: .utility)

    /// Some thousand certificates.
    private static let byteLimit = 16 << 20

    /// Nothing is read or written yet.
    ///
    /// - Parameters:
    ///   - path: of the file; its folder has to be there. One process only may have it.
    ///   - watch: whose evidence is kept.
    ///   - interval: seconds from one look at the evidence to the next.
    ///   - report: told what happens, on any thread.
    public init(
        _ path: String, of watch: CertificateWatch, interval: Double = 5,
        report: @escaping @Sendable (Event) -> Void
    ) {
        self.path = path
        self.watch = watch
        self.interval = interval
        self.report = report
    }

    /// Reads the file, the first time only; waits for the disk.
    ///
    /// No file is no fault: the first process finds none.
    public func read() {
        guard !state.withLock({ $0.isRead }) else { return }
        var kept: WatchState?
        do {
            if !RegularFile.isAbsent(path) {
                kept = try WatchState(try RegularFile.bytes(path, limit: Self.byteLimit))
            }
        } catch let fault as WatchState.Fault {
            report(.unusable("\(path): \(fault)"))
        } catch {
            report(.unusable("\(error)"))
        }
        state.withLock { state in
            state.kept = kept
            state.isRead = true
        }
    }

    /// Has the certificates of models watched, the first time from what was read on, and keeps what is seen from then on.
    ///
    /// - Parameter models: those that are served.
    public func watch(_ models: [ServedModel]) {
        let (isFirst, kept) = state.withLock { (!$0.hasBegun, $0.kept) }
        guard isFirst else {
            watch.watch(models)
            return
        }
        let others = watch.watch(models, from: kept)
        // Not before: a stop meanwhile would write that nothing was seen.
        state.withLock { $0.hasBegun = true }
        for entry in others {
            report(.dropped(model: entry.model, risk: entry.risk, delta: entry.martingale.delta))
        }
        let (count, refuted) = watch.counts
        if count > 0 { report(.resumed(certificates: count, refuted: refuted)) }
        queue.async { [self] in lookAgain() }
    }

    /// Writes what was seen and is not written yet, and nothing afterwards.
    public func stop() {
        queue.sync { [self] in
            save()
            state.withLock { $0.isStopped = true }
        }
    }

    /// Saves now and again later, on the queue, until it is stopped.
    private func lookAgain() {
        guard !state.withLock({ $0.isStopped }) else { return }
        save()
        queue.asyncAfter(deadline: .now() + interval) { [weak self] in self?.lookAgain() }
    }

    private func save() {
        let seen = watch.state
        let (isWanted, kept) = state.withLock { state in
            // What was read and not yet taken over is not written over either.
            (state.hasBegun && !state.isStopped, state.kept)
        }
        guard isWanted, seen != kept else { return }
        let fault: String?
        do throws(FileError) {
            try AtomicFile.write(seen.bytes, to: path)
            fault = nil
        } catch {
            fault = "\(error)"
        }
        let isNew = state.withLock { state in
            if fault == nil { state.kept = seen }
            defer { state.fault = fault }
            return state.fault != fault
        }
        if let fault, isNew { report(.unwritable(fault)) }
    }
}
