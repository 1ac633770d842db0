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

/// Writes to standard error.
func writeError(_ text: String) { write(text, to: STDERR_FILENO) }

/// Writes to standard output; a reader that has gone away ends the tool quietly.
func writeOutput(_ text: String) { write(text, to: STDOUT_FILENO) }

private func write(_ text: String, to descriptor: Int32) {
    var bytes = Array(text.utf8)[...]
    while !bytes.isEmpty {
        let count = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
        if count > 0 {
            bytes = bytes.dropFirst(count)
        } else if errno != EINTR {
            return
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
