import Foundation
import TestSupport

/// A `shoal serve` that runs beside a test, on a port of its own.
final class ServerRun {
    let port: Int
    private let process = Process()
    private let error = Pipe()
    private var lines: [String] = []
    private var rest = Data()

    struct NotListening: Error {
        let log: [String]
    }

    /// Starts it and waits until it listens.
    init(_ flags: [String] = [], environment: [String: String] = [:]) throws {
        let folder = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
        process.executableURL = folder.appendingPathComponent("shoal")
        process.arguments = ["serve", "--port", "0", "--compute-workers", "1"] + flags
        process.currentDirectoryURL = URL(fileURLWithPath: Repository.path(""))
        process.environment = ["PATH": "/usr/bin:/bin"].merging(environment) { $1 }
        process.standardError = error
        process.standardInput = FileHandle.nullDevice
        try process.run()
        var port: Int?
        while port == nil, let line = Self.next(error, &lines, &rest) {
            if let place = line.range(of: "listening on http"),
                let colon = line[place.upperBound...].lastIndex(of: ":")
            {
                port = Int(line[line.index(after: colon)...].prefix { $0.isNumber })
            }
        }
        guard let port else { throw NotListening(log: lines) }
        self.port = port
    }

    deinit {
        process.terminate()
        kill(process.processIdentifier, SIGKILL)
    }

    /// Reads its log until a line holds `text`.
    ///
    /// - Returns: whether one did before the log ended.
    func waitForLog(_ text: String) -> Bool {
        while let line = Self.next(error, &lines, &rest) {
            if line.contains(text) { return true }
        }
        return false
    }

    /// All log lines so far.
    var log: [String] { lines }

    func send(_ signal: Int32) { kill(process.processIdentifier, signal) }

    /// Waits for its end.
    ///
    /// - Returns: the exit status, with the rest of the log read.
    func end() -> Int32 {
        while Self.next(error, &lines, &rest) != nil {}
        process.waitUntilExit()
        return process.terminationStatus
    }

    /// Asks on a connection of its own.
    func ask(_ head: String, body: String = "") throws -> LoopbackClient.Response {
        let client = try LoopbackClient(port: port)
        try client.send("\(head)\r\nHost: x\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)")
        return try client.response()
    }

    private static func next(_ pipe: Pipe, _ lines: inout [String], _ rest: inout Data) -> String? {
        while true {
            if let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
                let line = String(decoding: rest[..<end], as: UTF8.self)
                rest = Data(rest[(end + 1)...])
                lines.append(line)
                return line
            }
            let more = pipe.fileHandleForReading.availableData
            if more.isEmpty { return nil }
            rest += more
        }
    }
}
