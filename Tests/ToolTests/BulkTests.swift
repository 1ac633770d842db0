import Foundation
import JSON
import TestSupport
import Testing

@Suite("shoal translate for corpora, with runs that are broken off", .timeLimit(.minutes(10)))
struct BulkTests {
    private let directory: TemporaryDirectory
    private let command = ["translate", "--policy", "fixed", "--layer", "1"]
    /// No UTF-8.
    private let bad: [UInt8] = [0xFF, 0x0A]

    init() throws {
        directory = try TemporaryDirectory()
    }

    private func path(_ name: String) -> String { "\(directory.path)/\(name)" }

    private func write(_ bytes: [UInt8], _ name: String) throws -> String {
        try directory.write(bytes, to: name)
        return path(name)
    }

    private func lines(_ numbers: Range<Int>) -> [UInt8] {
        Array(numbers.map { "\($0) Hunde spielen.\n" }.joined().utf8)
    }

    private func lines(_ bytes: [UInt8]) -> [[UInt8]] {
        bytes.split(separator: 0x0A, omittingEmptySubsequences: false).dropLast().map { Array($0) }
    }

    /// Waits until something holds of the files, while the tool is at work.
    private func wait(until holds: () -> Bool) -> Bool {
        let end = Date() + 240
        while !holds() {
            guard Date() < end else { return false }
            sched_yield()
        }
        return true
    }

    @Test("A line of each shard in turn is the whole, and faults name the original line")
    func shards() throws {
        let first = try write(lines(0..<4) + bad, "first")
        let second = try write(lines(4..<7), "second")
        let options = command + ["--on-error", "empty"]
        let files = ["--file", first, "--file", second]
        let whole = try Run(options + files)
        #expect(whole.status == 0, "\(whole.error)")
        var shards: [[[UInt8]]] = []
        for number in 1...3 {
            let input = number == 2 ? ["--file", first, "--file", "-"] : files
            let run = try Run(
                options + ["--shard", "\(number)/3"] + input, input: directory.bytes("second"))
            #expect(run.status == 0)
            #expect(run.error.contains("first:5: not UTF-8") == (number == 2))
            shards.append(lines(Array(run.output.utf8)))
        }
        #expect(shards.map(\.count) == [3, 3, 2])
        let merged = (0..<8).map { shards[$0 % 3][$0 / 3] }
        #expect(merged == lines(Array(whole.output.utf8)))
    }

    @Test("The JSON of a shard says where in the whole and in which line of which file a text is")
    func places() throws {
        let files = try [write(lines(0..<2) + bad, "first"), write(lines(2..<4), "second")]
        let options = ["--json", "--on-error", "skip", "--shard", "1/2"]
        let run = try Run(command + options + files.flatMap { ["--file", $0] })
        let objects = try run.output.split(separator: "\n").map {
            try #require(try JSON.parse(Array($0.utf8)).objectValue)
        }
        #expect(objects.map { $0["index"]?.integerValue } == [0, 4])
        #expect(objects.map { $0["file"]?.stringValue } == files)
        #expect(objects.map { $0["line"]?.integerValue } == [1, 2])
        #expect(run.error.contains("first:3: not UTF-8"))
    }

    @Test(
        "A run that was killed goes on where it was, also behind half a line, and gives the same bytes",
        arguments: ["skip", "empty"])
    func killed(response: String) throws {
        let options = command + ["--json", "--on-error", response, "--shard", "1/2"]
        let resumed = options + ["--output", path("out"), "--resume"]
        let tool = try RunningTool(resumed)
        var input: [UInt8] = []
        var count = 0
        // Until it is noted that a line is done which could not be translated: a note a second.
        func hasNote() -> Bool {
            lines(directory.bytes("out.part.run")).dropFirst().contains {
                let fields = String(decoding: $0, as: UTF8.self).split(separator: " ")
                return fields.count == 4 && fields[1] != "0"
            }
        }
        repeat {
            // Of each four the first is translated here and the third is no text; the others are another shard's.
            let part = lines(count..<count + 2) + bad + lines(count + 2..<count + 3)
            let size = directory.bytes("out.part").count
            tool.write(part)
            input += part
            count += 3
            try #require(wait { directory.bytes("out.part").count > size || hasNote() })
        } while !hasNote()
        tool.kill()
        #expect(tool.status() == SIGKILL)
        #expect(directory.names() == ["out.part", "out.part.run"])
        try directory.write(directory.bytes("out.part") + Array("{\"ind".utf8), to: "out.part")
        try directory.write(
            directory.bytes("out.part.run") + Array("9 9 9 12".utf8), to: "out.part.run")
        input += lines(count..<count + 3)
        let again = try Run(resumed, input: input)
        #expect(again.status == 0, "\(again.error)")
        #expect(again.error.contains("going on after"))
        let whole = try Run(options, input: input)
        #expect(directory.bytes("out") == Array(whole.output.utf8))
        #expect(again.error.contains("lines could not be translated"))
        // The same count of lines at the end, whoever did them.
        #expect(again.error.split(separator: "\n").last == whole.error.split(separator: "\n").last)
        #expect(directory.names() == ["out"])
    }

    @Test("A run goes on only with what it was begun with, and says what differs")
    func others() throws {
        let text = lines(0..<2) + bad + lines(2..<3)
        let file = try write(text, "text")
        let other = try write(lines(5..<8), "other")
        try directory.write(Array("old\n".utf8), to: "out")
        let options = command + ["--output", path("out"), "--resume"]
        func refusal(_ more: [String], _ status: Int32, _ message: String) throws {
            let run = try Run(options + more)
            #expect(run.status == status && run.error.contains(message), "\(run.error)")
            #expect(directory.bytes("out") == Array("old\n".utf8))
        }
        try refusal(["--file", file], 65, "out is as it was, what is done is kept")
        let part = directory.bytes("out.part")
        #expect(lines(part).count == 2)
        try refusal(["--file", file, "--shard", "1/2"], 73, "with another shard;")
        try refusal(["--file", file, "--precision", "int8"], 73, "with another precision;")
        try refusal(["--file", file, "--beam-size", "2", "--json"], 73, "decoding, files, json;")
        try refusal(["--file", other], 65, "the first 2 texts are not those that")
        try directory.write(Array(part.dropLast()), to: "out.part")
        try refusal(["--file", file], 73, "out.part was changed")
        try directory.write(part, to: "out.part")
        // What to do at a fault may change as long as there was none.
        let good = try Run(options + ["--file", file, "--on-error", "empty"])
        #expect(good.status == 0, "\(good.error)")
        let whole = try Run(command + ["--file", file, "--on-error", "empty"])
        #expect(directory.bytes("out") == Array(whole.output.utf8))
        #expect(directory.names() == ["other", "out", "text"])
    }

    @Test("Two processes never write the same file, and a part without a journal is left alone")
    func locked() throws {
        let options = command + ["--output", path("out"), "--resume"]
        let tool = try RunningTool(options)
        tool.write(lines(0..<1))
        try #require(wait { !directory.bytes("out.part").isEmpty })
        let second = try Run(options, input: lines(0..<1))
        #expect(second.status == 73)
        #expect(second.error.contains("out.part: found another process at work on it"))
        tool.closeInput()
        #expect(tool.status() == 0)
        #expect(directory.names() == ["out"])
        try directory.write(Array("mine\n".utf8), to: "out.part")
        let third = try Run(options, input: lines(0..<1))
        #expect(third.status == 73 && third.error.contains("out.part.run: found no such file"))
        #expect(directory.bytes("out.part") == Array("mine\n".utf8))
    }

    @Test(
        "Shards and resuming that cannot be are refused",
        arguments: [
            (["--shard", "0/2"], "I/N has I from 1 to N"), (["--shard", "3/2"], "I/N has I"),
            (["--shard", "1"], "I/N has I"), (["--shard", "1/0"], "I/N has I"),
            (["--resume"], "--resume needs --output"), (["--workers", "0"], "--workers must be"),
        ] as [([String], String)])
    func refusals(options: [String], text: String) throws {
        let run = try Run(command + options + ["Ein Hund."])
        #expect(run.status == 64 && run.output.isEmpty)
        #expect(run.error.contains(text), "\(run.error)")
    }
}
