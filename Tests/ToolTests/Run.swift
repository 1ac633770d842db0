import Foundation
import TestSupport

/// What a run of the tool came to.
struct Run {
    /// The exit status; of a run that a signal ended, the signal's number.
    let status: Int32
    let output: String
    let error: String

    /// Runs `shoal`, which is built beside the tests.
    init(_ arguments: String..., environment: [String: String] = [:]) throws {
        try self.init(arguments, environment: environment)
    }

    /// Runs `shoal` with a list of arguments; an interrupt is sent when a text has appeared on standard
    /// error.
    init(
        _ arguments: [String], environment: [String: String] = [:], folder: String? = nil,
        interruptedAfter text: String? = nil
    ) throws {
        let (output, error) = (Pipe(), Pipe())
        let process = try ToolProcess(
            arguments, environment: environment, folder: folder,
            output: output.fileHandleForWriting, error: error.fileHandleForWriting)
        let errors = PipeReader(error.fileHandleForReading) { sofar in
            if let text, sofar.range(of: Data(text.utf8)) != nil {
                process.send(SIGINT)
                return true
            }
            return false
        }
        let outputs = PipeReader(output.fileHandleForReading)
        status = process.end().status
        self.output = outputs.text
        self.error = errors.text
    }

    /// Values of --print-config without where they come from.
    var values: [Substring] {
        output.split(separator: "\n").map { $0.split(separator: "#")[0] }
    }
}

/// Everything that comes through a pipe, read on a thread of its own.
///
/// Unchecked: the data is handed over by the semaphore.
private final class PipeReader: @unchecked Sendable {
    private var data = Data()
    private let hasEnded = DispatchSemaphore(value: 0)

    /// Begins to read.
    ///
    /// - Parameters:
    ///   - handle: the end to read from.
    ///   - look: gets what has come so far, until it says true.
    init(_ handle: FileHandle, look: ((Data) -> Bool)? = nil) {
        nonisolated(unsafe) var look = look
        Thread.detachNewThread { [self] in
            while case let more = handle.availableData, !more.isEmpty {
                data += more
                if look?(data) == true { look = nil }
            }
            hasEnded.signal()
        }
    }

    /// All of it; waits for the end.
    var text: String {
        hasEnded.wait()
        defer { hasEnded.signal() }
        return String(decoding: data, as: UTF8.self)
    }
}
