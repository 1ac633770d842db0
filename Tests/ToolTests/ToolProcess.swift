import Foundation
import TestSupport

/// A process of `shoal`, which is built beside the tests.
final class ToolProcess {
    private let process = Process()
    private let hasEnded = DispatchSemaphore(value: 0)

    /// How a process ended.
    struct Ending: Equatable {
        /// The exit status, or the number of the signal.
        let status: Int32
        let isSignal: Bool
    }

    /// Starts it.
    ///
    /// - Parameters:
    ///   - arguments: of the tool.
    ///   - environment: beside PATH, and that no packed weights are kept: the repository's models stay as they are.
    ///   - folder: to work in; nil: the repository.
    ///   - input: its standard input, closed here once it has started.
    ///   - output: the same for its standard output.
    ///   - error: the same for its standard error.
    ///   - shell: a command line that runs `"$0" "$@"`, the tool with its arguments; nil: no shell.
    /// - Throws: where it cannot be started.
    init(
        _ arguments: [String], environment: [String: String] = [:], folder: String? = nil,
        input: FileHandle = FileHandle.nullDevice, output: FileHandle, error: FileHandle,
        shell: String? = nil
    ) throws {
        let tool = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
            .appendingPathComponent("shoal")
        if let shell {
            process.executableURL = URL(fileURLWithPath: "/bin/sh")
            process.arguments = ["-c", shell, tool.path] + arguments
        } else {
            process.executableURL = tool
            process.arguments = arguments
        }
        process.currentDirectoryURL = URL(fileURLWithPath: folder ?? Repository.path(""))
        process.environment = ["PATH": "/usr/bin:/bin", "SHOAL_MODEL_PACK_CACHE": "off"]
            .merging(environment) { $1 }
        process.standardOutput = output
        process.standardError = error
        process.standardInput = input
        process.terminationHandler = { [hasEnded] _ in hasEnded.signal() }
        try process.run()
        for handle in [input, output, error] where handle !== FileHandle.nullDevice {
            try? handle.close()
        }
    }

    var identifier: Int32 { process.processIdentifier }

    func send(_ signal: Int32) { Foundation.kill(process.processIdentifier, signal) }

    /// Ends it by force, if it runs still.
    func kill() { if process.isRunning { send(SIGKILL) } }

    /// Waits for its end; what takes longer than `seconds` is ended by force.
    func end(within seconds: Double = 600) -> Ending {
        if hasEnded.wait(timeout: .now() + seconds) == .timedOut {
            kill()
            hasEnded.wait()
        }
        hasEnded.signal()
        return Ending(
            status: process.terminationStatus,
            isSignal: process.terminationReason == .uncaughtSignal)
    }
}
