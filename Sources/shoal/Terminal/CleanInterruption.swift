import Glibc
import System

/// Ctrl-C and SIGTERM end the process without a temporary file left behind.
enum CleanInterruption {
    /// Takes the signals from now on; call it before any other thread is started.
    static func begin() {
        let signals = HeldSignals([SIGINT, SIGTERM])
        let hasStarted = WorkerThread.start {
            let number = signals.take()
            writeError("\n")
            TemporaryEntries.deleteAndExit(128 + number)
        }
        // Without the thread a signal would never be heeded.
        if !hasStarted { signals.letGo() }
    }
}
