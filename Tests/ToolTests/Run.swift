import Foundation
import TestSupport

/// What a run of the tool came to.
struct Run {
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
        _ arguments: [String], environment: [String: String] = [:],
        interruptedAfter text: String? = nil
    ) throws {
        let process = Process()
        let folder = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
        process.executableURL = folder.appendingPathComponent("shoal")
        process.arguments = arguments
        process.currentDirectoryURL = URL(fileURLWithPath: Repository.path(""))
        process.environment = ["PATH": "/usr/bin:/bin"].merging(environment) { $1 }
        let (output, error) = (Pipe(), Pipe())
        process.standardOutput = output
        process.standardError = error
        process.standardInput = FileHandle.nullDevice
        try process.run()
        var start = Data()
        while let text, start.range(of: Data(text.utf8)) == nil {
            let more = error.fileHandleForReading.availableData
            if more.isEmpty { break }
            start += more
        }
        if text != nil { process.interrupt() }
        self.output = String(
            decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        self.error = String(
            decoding: start + error.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        status = process.terminationStatus
    }

    /// Values of --print-config without where they come from.
    var values: [Substring] {
        output.split(separator: "\n").map { $0.split(separator: "#")[0] }
    }
}
