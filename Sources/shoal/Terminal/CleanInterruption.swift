import Glibc
import System

/// Ctrl-C and SIGTERM end the process without a temporary file left behind.
enum CleanInterruption {
    /// Takes the signals from now on; call it before any other thread is started.
    static func begin() {
        HeldSignals.handle([SIGINT, SIGTERM]) { number in
            writeError("\n")
            TemporaryEntries.deleteAndExit(128 + number)
        }
    }
}
