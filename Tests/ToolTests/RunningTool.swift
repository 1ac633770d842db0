import Foundation
import Glibc

/// The tool while it runs, both of its outputs read as they come; killed with the last reference to it.
final class RunningTool {
    /// Seconds that a wait may take, on a machine that does other things as well.
    private static let patience = 240.0

    let output: Stream
    let error: Stream
    private let process: ToolProcess
    /// The other end of the tool's standard input; -1 once it is closed.
    private var input: Int32

    /// Bytes that arrive on a thread of their own.
    ///
    /// Sendable because every access to the bytes holds the condition's lock.
    final class Stream: @unchecked Sendable {
        private let condition = NSCondition()
        private var bytes = Data()
        private var hasEnded = false

        /// Reads until the end.
        fileprivate init(_ handle: FileHandle) {
            let descriptor = dup(handle.fileDescriptor)
            Thread.detachNewThread { [self] in
                var buffer = [UInt8](repeating: 0, count: 1 << 16)
                while true {
                    let count = read(descriptor, &buffer, buffer.count)
                    if count < 0, errno == EINTR { continue }
                    guard count > 0 else { break }
                    condition.withLock { bytes += buffer[..<count] }
                    condition.broadcast()
                }
                close(descriptor)
                condition.withLock { hasEnded = true }
                condition.broadcast()
            }
        }

        /// All that has arrived by its end.
        var text: String {
            _ = wait { _ in false }
            return condition.withLock { String(decoding: bytes, as: UTF8.self) }
        }

        /// Waits until what has arrived is enough: false where it ends, or too much time passes, before.
        func wait(until isEnough: (Data) -> Bool) -> Bool {
            let end = Date(timeIntervalSinceNow: RunningTool.patience)
            return condition.withLock {
                while !isEnough(bytes) {
                    guard !hasEnded, condition.wait(until: end) else { return isEnough(bytes) }
                }
                return true
            }
        }
    }

    init(
        _ arguments: [String], environment: [String: String] = [:], folder: String? = nil,
        output file: FileHandle? = nil
    ) throws {
        // A socket, so that writing to a tool that has ended raises no signal here.
        var ends: [Int32] = [-1, -1]
        guard socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &ends) == 0 else {
            throw POSIXError(.EMFILE)
        }
        _ = fcntl(ends[0], F_SETFD, FD_CLOEXEC)
        _ = fcntl(ends[1], F_SETFD, FD_CLOEXEC)
        input = ends[0]
        let (outputPipe, errorPipe) = (Pipe(), Pipe())
        output = Stream(outputPipe.fileHandleForReading)
        error = Stream(errorPipe.fileHandleForReading)
        process = try ToolProcess(
            arguments, environment: environment, folder: folder,
            input: FileHandle(fileDescriptor: ends[1], closeOnDealloc: false),
            output: file ?? outputPipe.fileHandleForWriting,
            error: errorPipe.fileHandleForWriting)
        if file != nil { try? outputPipe.fileHandleForWriting.close() }
    }

    deinit {
        closeInput()
        process.kill()
    }

    /// Writes to the tool's standard input; what it does not want is lost.
    func write(_ bytes: [UInt8]) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes {
                send(input, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return }
            rest = rest.dropFirst(count)
        }
    }

    /// Ends the tool's standard input.
    func closeInput() {
        if input >= 0 { close(input) }
        input = -1
    }

    func interrupt() { process.send(SIGINT) }

    func kill() { process.send(SIGKILL) }

    /// The most memory that it has had in use, in bytes.
    var peakMemory: Int {
        let text = try? String(
            contentsOfFile: "/proc/\(process.identifier)/status", encoding: .utf8)
        let line = text?.split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
        return (line?.split(separator: " ").dropLast().last.flatMap { Int($0) } ?? 0) << 10
    }

    /// The status that it ends with, or the number of the signal.
    func status() -> Int32 { process.end(within: Self.patience).status }
}
