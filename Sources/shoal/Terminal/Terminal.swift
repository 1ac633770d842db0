import ArgumentParser
import Configuration
import Glibc
import TextFiles

extension Failure {
    /// Prints the message of what `body` throws and leaves with its code.
    static func reporting(_ body: () throws -> Void) throws {
        do {
            try body()
        } catch let error as TextFileError {
            try reporting { throw Failure(error) }
        } catch let failure as Failure {
            writeError("shoal: \(failure.description)\n")
            throw ExitCode(failure.code)
        }
    }
}

/// A line on the terminal that says how far long work has come; nothing where standard error is no
/// terminal.
struct ProgressLine {
    private let isVisible = isatty(STDERR_FILENO) == 1
    let total: Int
    let noun: String

    func show(_ done: Int) {
        guard isVisible else { return }
        writeError("\r\(done)/\(total) \(noun)" + (done == total ? "\n" : ""))
    }
}
