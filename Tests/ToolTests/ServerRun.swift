import Foundation
import TestSupport

/// A `shoal serve` that runs beside a test, on a port of its own.
final class ServerRun {
    /// 0 where it listens on a Unix socket.
    let port: Int
    let process: ToolProcess
    private let reader: LogReader

    struct NotListening: Error {
        let log: [String]
    }

    /// Starts it and waits until it listens.
    ///
    /// - Parameters:
    ///   - flags: besides those for a free port and one worker.
    ///   - environment: as of `ToolProcess`.
    ///   - folder: to work in; nil: the repository.
    ///   - preparation: a command of the shell that it is started from, such as `ulimit -n 256`.
    ///   - input: standard input of that shell, closed here once it has started.
    /// - Throws: `NotListening` where it ends before it listens.
    init(
        _ flags: [String] = [], environment: [String: String] = [:], folder: String? = nil,
        after preparation: String? = nil, input: FileHandle = .nullDevice
    ) throws {
        let error = Pipe()
        process = try ToolProcess(
            ["serve", "--port", "0", "--compute-workers", "1"] + flags,
            environment: environment, folder: folder, input: input, output: .nullDevice,
            error: error.fileHandleForWriting,
            shell: preparation.map { $0 + #" && exec "$0" "$@""# })
        reader = LogReader(error.fileHandleForReading)
        guard let line = reader.take(until: { $0.contains("listening on ") }),
            let colon = line.lastIndex(of: ":")
        else { throw NotListening(log: reader.taken) }
        port = Int(line[line.index(after: colon)...].prefix { $0.isNumber }) ?? 0
    }

    deinit { process.kill() }

    /// Reads its log until a line holds `text`.
    ///
    /// - Returns: whether one did before the log ended.
    func waitForLog(_ text: String) -> Bool { reader.take { $0.contains(text) } != nil }

    /// Reads its log until each of some texts was in a line, in whatever order.
    func waitForLog(_ texts: [String]) -> Bool {
        var missing = texts
        return reader.take { line in
            missing.removeAll { line.contains($0) }
            return missing.isEmpty
        } != nil
    }

    /// All log lines so far.
    var log: [String] { reader.taken }

    func send(_ signal: Int32) { process.send(signal) }

    /// Waits for its end.
    ///
    /// - Returns: the exit status, with the rest of the log read.
    func end() -> Int32 {
        _ = reader.take { _ in false }
        return process.end().status
    }

    /// Asks on a connection of its own.
    func ask(_ head: String, body: String = "") throws -> LoopbackClient.Response {
        try LoopbackClient.ask(port, head, body: body)
    }
}

extension LoopbackClient {
    /// One request on a connection of its own.
    static func ask(_ port: Int, _ head: String, body: String = "") throws -> Response {
        let client = try LoopbackClient(port: port)
        try client.send("\(head)\r\nHost: x\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)")
        return try client.response()
    }
}
