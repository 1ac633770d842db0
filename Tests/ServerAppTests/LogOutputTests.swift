import Glibc
import ServerApp
import System
import Telemetry
import TestSupport
import Testing

@Suite("Lines on their way to a descriptor", .timeLimit(.minutes(10)))
struct LogOutputTests {
    private let registry = MetricRegistry()

    init() { signal(SIGPIPE, SIG_IGN) }

    private func lost() -> Int {
        let name = "\nshoal_log_lines_dropped_total "
        guard let place = registry.text.firstRange(of: name) else { return -1 }
        return Int(registry.text[place.upperBound...].prefix { $0.isNumber }) ?? -1
    }

    private func line(_ number: Int) -> [UInt8] { Array("line \(number)\n".utf8) }

    @Test(
        "Where nothing can be written every line is counted as lost",
        arguments: ["full", "closed"])
    func unwritable(_ kind: String) throws {
        let descriptor = kind == "full" ? open("/dev/full", O_WRONLY | O_CLOEXEC) : -1
        defer { if descriptor >= 0 { close(descriptor) } }
        let output = LogOutput(descriptor: descriptor, registry: registry)
        for number in 0..<100 { output.write(line(number)) }
        output.flush()
        #expect(lost() == 100)
    }

    @Test("Without a reader every line is lost, and with the next one writing goes on")
    func resumes() throws {
        let directory = try TemporaryDirectory()
        try directory.makePipe("log")
        let path = directory.path + "/log"
        let first = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
        let end = open(path, O_WRONLY | O_CLOEXEC)
        defer { close(end) }
        close(first)
        let output = LogOutput(descriptor: end, registry: registry)
        output.write(line(1))
        output.flush()
        #expect(lost() == 1)
        let second = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
        defer { close(second) }
        output.write(line(2))
        output.flush()
        #expect(lost() == 1)
        #expect(contents(second) == line(2))
    }

    @Test("A line that was cut is counted, and the next one begins on a line of its own")
    func cut() throws {
        let directory = try TemporaryDirectory()
        try directory.makePipe("log")
        let path = directory.path + "/log"
        let first = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
        let end = open(path, O_WRONLY | O_CLOEXEC)
        defer { close(end) }
        _ = fcntl(first, F_SETFL, 0)
        let output = LogOutput(descriptor: end, registry: registry)
        // More than a pipe holds, so that the writer waits within the line.
        output.write([UInt8](repeating: UInt8(ascii: "x"), count: 1 << 20) + [UInt8(ascii: "\n")])
        var byte: UInt8 = 0
        #expect(read(first, &byte, 1) == 1)
        close(first)
        output.flush()
        #expect(lost() == 1)
        let second = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
        defer { close(second) }
        // What the pipe holds of the line still.
        while contents(second).count > 0 {}
        output.write(line(2))
        output.flush()
        #expect(contents(second) == Array("\nline 2\n".utf8))
        #expect(lost() == 1)
    }

    @Test("A reader that does not read costs lines, never the time of whoever logs")
    func slowReader() throws {
        var ends: [Int32] = [0, 0]
        #expect(pipe(&ends) == 0)
        defer { for end in ends { close(end) } }
        let output = LogOutput(descriptor: ends[1], registry: registry)
        let total = 4 * LogOutput.capacity
        for number in 0..<total { output.write(line(number)) }
        output.flush()
        #expect(lost() > 0)
        #expect(lost() < total)
        // Read until all that was not lost has come, whole lines in their order.
        var text: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while text.count(where: { $0 == UInt8(ascii: "\n") }) < total - lost() {
            let count = read(ends[0], &buffer, buffer.count)
            try #require(count > 0)
            text += buffer[..<count]
        }
        let numbers = String(decoding: text, as: UTF8.self).split(separator: "\n").map {
            Int($0.dropFirst(5)) ?? -1
        }
        #expect(numbers == numbers.sorted())
        #expect(numbers.first == 0)
    }

    @Test("Lines are bounded in bytes, too")
    func longLines() throws {
        var ends: [Int32] = [0, 0]
        #expect(pipe(&ends) == 0)
        defer { for end in ends { close(end) } }
        let output = LogOutput(descriptor: ends[1], registry: registry)
        let long = [UInt8](repeating: UInt8(ascii: "x"), count: 1 << 20) + [UInt8(ascii: "\n")]
        for _ in 0..<32 { output.write(long) }
        #expect(lost() >= 16)
        // Lets the writer go.
        close(ends[0])
        output.flush()
        ends[0] = open("/dev/null", O_RDONLY | O_CLOEXEC)
    }

    private func contents(_ descriptor: Int32) -> [UInt8] {
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        return Array(buffer[..<max(0, read(descriptor, &buffer, buffer.count))])
    }
}
