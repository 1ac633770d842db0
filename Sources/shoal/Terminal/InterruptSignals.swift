import Glibc
import Synchronization
import System

/// Ctrl-C and SIGTERM of long work: the first one has it save, the second one ends the process.
///
/// Neither leaves half a file.
final class InterruptSignals {
    /// What is said where the process ends at once.
    struct Notices: Sendable {
        /// Before there is anything to save.
        var before = "interrupted before the first step"
        /// At the second signal.
        var unsaved = "not saved; --resume goes on from the last save"
        /// After the last thing was saved.
        var after = "interrupted"
    }

    private enum Stage {
        static let before = 0
        static let saving = 1
        static let after = 2
    }

    private final class Flags: Sendable {
        let stage = Atomic<Int>(Stage.before)
        let isRaised = Atomic<Bool>(false)
    }
    private let flags = Flags()

    /// Takes the signals from now on; call it before any other thread is started.
    init(_ notices: Notices = Notices()) {
        HeldSignals.handle([SIGINT, SIGTERM]) { [flags] _ in Self.obey(flags, notices) }
    }

    private static func obey(_ flags: Flags, _ notices: Notices) {
        let stage = flags.stage.load(ordering: .relaxed)
        guard stage == Stage.saving else {
            end(stage == Stage.before ? notices.before : notices.after)
        }
        guard !flags.isRaised.exchange(true, ordering: .relaxed) else { end(notices.unsaved) }
        writeError("\nshoal: saving; again to leave at once\n")
    }

    private static func end(_ notice: String) -> Never {
        writeError("\nshoal: \(notice)\n")
        TemporaryEntries.deleteAndExit(130)
    }

    /// From now on there is something to save.
    func trainingBegins() { flags.stage.store(Stage.saving, ordering: .relaxed) }

    /// From now on a signal ends the process: all that counts is saved.
    func savingEnds() { flags.stage.store(Stage.after, ordering: .relaxed) }

    var isRaised: Bool { flags.isRaised.load(ordering: .relaxed) }
}
