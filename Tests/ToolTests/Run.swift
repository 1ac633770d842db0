import Foundation

/// What a run of the tool came to.
struct Run {
    /// The exit status; of a run that a signal ended, the signal's number.
    let status: Int32
    let output: String
    let error: String

    /// Runs `shoal`, which is built beside the tests.
    init(
        _ arguments: String..., environment: [String: String] = [:], input: [UInt8]? = nil
    ) throws {
        try self.init(arguments, environment: environment, input: input)
    }

    /// Runs `shoal` with a list of arguments; an interrupt is sent when a text has appeared on standard
    /// error.
    init(
        _ arguments: [String], environment: [String: String] = [:], folder: String? = nil,
        input: [UInt8]? = nil, interruptedAfter text: String? = nil
    ) throws {
        let tool = try RunningTool(arguments, environment: environment, folder: folder)
        if let input { tool.write(input) }
        tool.closeInput()
        if let text {
            _ = tool.error.wait { $0.range(of: Data(text.utf8)) != nil }
            tool.interrupt()
        }
        status = tool.status()
        output = tool.output.text
        error = tool.error.text
    }

    /// Values of --print-config without where they come from.
    var values: [Substring] {
        output.split(separator: "\n").map { $0.split(separator: "#")[0] }
    }
}
