import Foundation
import TestSupport
import Testing

@Suite("The log of a server whose reader fails", .timeLimit(.minutes(10)))
struct LogTests {
    private let accessLog = ["--log-access", "true"]

    @Test("A reader that goes away costs its lines, which are counted, and nobody's request")
    func readerGoesAway() throws {
        let server = try MuteServer(accessLog) { handle in
            // Its end for reading is closed as soon as the server has it.
            let pipe = Pipe()
            handle = pipe.fileHandleForWriting
            try pipe.fileHandleForReading.close()
        }
        #expect(try server.countsLines(5))
        #expect(server.ends(SIGTERM) == .init(status: 0, isSignal: false))
    }

    @Test("A full disk costs lines, which are counted, and nobody's request")
    func fullDisk() throws {
        let server = try MuteServer(accessLog) { handle in
            handle = try #require(FileHandle(forWritingAtPath: "/dev/full"))
        }
        #expect(try server.countsLines(5))
        #expect(server.ends(SIGTERM) == .init(status: 0, isSignal: false))
    }

    @Test("A standard error that is closed from the start is taken by nothing else")
    func closed() throws {
        let server = try MuteServer(accessLog, shell: #"exec "$0" "$@" 2>&-"#) { _ in }
        #expect(try server.countsLines(5))
        let target = try FileManager.default.destinationOfSymbolicLink(
            atPath: "/proc/\(server.process.identifier)/fd/2")
        #expect(target == "/")
        #expect(server.ends(SIGTERM) == .init(status: 0, isSignal: false))
    }

    @Test("A reader that blocks holds up neither start nor requests nor the end")
    func blockedReader() throws {
        let pipe = Pipe()
        let server = try MuteServer(accessLog) { handle in
            let descriptor = pipe.fileHandleForWriting.fileDescriptor
            let flags = fcntl(descriptor, F_GETFL)
            _ = fcntl(descriptor, F_SETFL, flags | O_NONBLOCK)
            let page = [UInt8](repeating: UInt8(ascii: "\n"), count: 4096)
            while write(descriptor, page, page.count) > 0 {}
            _ = fcntl(descriptor, F_SETFL, flags)
            handle = pipe.fileHandleForWriting
        }
        #expect(try LoopbackClient.ask(server.port, "GET /models HTTP/1.1").status == 200)
        #expect(server.ends(SIGTERM) == .init(status: 0, isSignal: false))
    }

    @Test("A service manager that does not read its socket holds up neither start nor end")
    func blockedManager() throws {
        let directory = try TemporaryDirectory()
        let socket = try NotifySocket(path: directory.path + "/notify")
        try socket.fill()
        let server = try ServerRun(environment: [
            "NOTIFY_SOCKET": socket.path, "WATCHDOG_USEC": "1000",
        ])
        #expect(server.waitForLog("is ready"))
        server.send(SIGTERM)
        #expect(server.end() == 0)
    }

    @Test(
        "A watchdog's interval that is none is no interval",
        arguments: ["nan", "inf", "-1", "0", "1e400", "99999999999999999999", "x", ""])
    func watchdog(_ text: String) throws {
        let directory = try TemporaryDirectory()
        let socket = try NotifySocket(path: directory.path + "/notify")
        let server = try ServerRun(environment: [
            "NOTIFY_SOCKET": socket.path, "WATCHDOG_USEC": text,
        ])
        #expect(try socket.next().hasPrefix("READY=1\n"))
        server.send(SIGTERM)
        #expect(try socket.next() == "STOPPING=1")
        #expect(server.end() == 0)
    }

    @Test("A tool whose reader goes away ends as quietly as others do, and at a full disk with 74")
    func toolOutput() throws {
        let (output, error) = (Pipe(), Pipe())
        try output.fileHandleForReading.close()
        let quiet = try ToolProcess(
            ["serve", "--print-reference"], output: output.fileHandleForWriting,
            error: error.fileHandleForWriting)
        #expect(quiet.end() == .init(status: SIGPIPE, isSignal: true))
        #expect(error.fileHandleForReading.readDataToEndOfFile().isEmpty)
        let reasons = Pipe()
        let full = try ToolProcess(
            ["serve", "--print-reference"],
            output: try #require(FileHandle(forWritingAtPath: "/dev/full")),
            error: reasons.fileHandleForWriting)
        #expect(full.end() == .init(status: EX_IOERR, isSignal: false))
        let reason = reasons.fileHandleForReading.readDataToEndOfFile()
        #expect(
            String(decoding: reason, as: UTF8.self)
                == "shoal: standard output: No space left on device\n")
    }
}

/// A server whose log says nothing: that it is ready is known from its word to the service manager, and its
/// port from the system.
private final class MuteServer {
    let process: ToolProcess
    let port: Int

    init(
        _ flags: [String], shell: String? = nil, error: (inout FileHandle) throws -> Void
    ) throws {
        let directory = try TemporaryDirectory()
        let socket = try NotifySocket(path: directory.path + "/notify")
        var handle = FileHandle.nullDevice
        try error(&handle)
        process = try ToolProcess(
            ["serve", "--port", "0", "--compute-workers", "1"] + flags,
            environment: ["NOTIFY_SOCKET": socket.path], output: .nullDevice, error: handle,
            shell: shell)
        _ = try socket.next()
        port = try Self.port(of: process.identifier)
    }

    deinit { process.kill() }

    /// Whether at least `count` lost lines are reported after as many requests.
    func countsLines(_ count: Int) throws -> Bool {
        for _ in 0..<count { _ = try LoopbackClient.ask(port, "GET /models HTTP/1.1") }
        // A line is lost after its request was answered.
        for _ in 0..<1000 where try lost() < count {}
        return try lost() >= count
    }

    private func lost() throws -> Int {
        let name = "shoal_log_lines_dropped_total "
        let metrics = try LoopbackClient.ask(port, "GET /metrics HTTP/1.1").text
        return metrics.split(separator: "\n").first { $0.hasPrefix(name) }
            .flatMap { Int($0.dropFirst(name.count)) } ?? 0
    }

    func ends(_ signal: Int32) -> ToolProcess.Ending {
        process.send(signal)
        return process.end(within: 60)
    }

    /// The port on which a process listens: its sockets among those that /proc lists (proc(5)).
    private static func port(of process: Int32) throws -> Int {
        let folder = "/proc/\(process)"
        let sockets = try FileManager.default.contentsOfDirectory(atPath: folder + "/fd")
            .compactMap {
                try? FileManager.default.destinationOfSymbolicLink(atPath: "\(folder)/fd/\($0)")
            }
        let table = try String(contentsOfFile: folder + "/net/tcp", encoding: .ascii)
        let listening = table.split(separator: "\n").map { $0.split(separator: " ") }.first {
            $0.count > 9 && $0[3] == "0A" && sockets.contains("socket:[\($0[9])]")
        }
        let number = listening?[1].split(separator: ":").last.flatMap { Int($0, radix: 16) }
        return try #require(number)
    }
}
