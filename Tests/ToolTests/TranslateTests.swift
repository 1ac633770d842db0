import Compression
import Foundation
import JSON
import TestSupport
import Testing

@Suite("shoal translate, as people run it", .timeLimit(.minutes(10)))
struct TranslateTests {
    private let directory: TemporaryDirectory
    private let model = ["translate", "--policy", "fixed", "--layer", "1"]

    init() throws {
        directory = try TemporaryDirectory()
    }

    private func file(_ bytes: [UInt8], _ name: String = "text") throws -> String {
        try directory.write(bytes, to: name)
        return directory.path + "/" + name
    }

    private func file(_ text: String, _ name: String = "text") throws -> String {
        try file(Array(text.utf8), name)
    }

    @Test("A model of many languages has to be told which, by tags in any form")
    func languages() throws {
        let model = ["translate", "--json", "--model", "Tests/Golden/languages/nllb"]
        let text = try file("dafe ko\n")
        let good = try Run(
            model + ["--source-lang", "deu", "--target-lang", "zh_Hant", "--file", text])
        #expect(good.status == 0, "\(good.error)")
        let other = try Run(
            model + ["--source-lang", "de", "--target-lang", "fr", "--file", text])
        #expect(good.output != other.output)
        for (flags, words) in [
            (["--source-lang", "de"], "--target-lang"),
            (["--source-lang", "de", "--target-lang", "tlh"], "does not translate"),
            (["--source-lang", "de--", "--target-lang", "en"], "language tag"),
        ] {
            let run = try Run(model + flags + ["--file", text])
            #expect(run.status == 64)
            #expect(run.error.contains(words))
        }
        let pair = try Run(
            [
                "translate", "--model", "models/multi30k-de-en", "--target-lang", "fr", "--file",
                text,
            ])
        #expect(pair.status == 64)
        #expect(pair.error.contains("de to en"))
    }

    /// A line with more tokens than the model has positions.
    private let long = String(repeating: "Hund ", count: 400)

    @Test("Every line has a line, also a blank one, whatever ends them and however they come")
    func lines() throws {
        let text = "Zwei Hunde spielen.\n\nEin Kind lacht.\n"
        let plain = try Run(model + ["--file", file(text)])
        #expect(plain.status == 0, "\(plain.error)")
        let lines = plain.output.split(separator: "\n", omittingEmptySubsequences: false)
        #expect(lines.count == 4 && lines[1].isEmpty && lines[3].isEmpty && !lines[0].isEmpty)
        let crlf = Array(text.replacing("\n", with: "\r\n").utf8)
        let others = [
            try Run(model + ["--file", file(String(text.dropLast()))]),
            try Run(model + ["--file", file(crlf)]),
            try Run(model + ["--file", file(Gzip.compress(crlf), "packed")]),
            try Run(model, input: Array(text.utf8)),
            try Run(model + ["--file", "-"], input: Gzip.compress(crlf)),
        ]
        for run in others { #expect(run.output == plain.output, "\(run.error)") }
        #expect(try Run(model + ["--file", file("\n")]).output == "\n")
        #expect(try Run(model + ["--file", file("")]).output == "")
    }

    @Test("Of several outputs the one that is closest to the reference is printed")
    func closestTo() throws {
        let source = try file("Zwei Hunde spielen im Schnee.\nEin Kind lacht.\nEin Mann liest.\n")
        let beam = model + ["--beam-size", "4", "--alternatives", "3", "--file", source]
        let texts = try Run(beam + ["--json"]).output.split(separator: "\n").map {
            line -> [String] in
            let object = try #require(JSON.parse(Array(line.utf8)).objectValue)
            return ([JSONValue.object(object)] + (object["alternatives"]?.arrayValue ?? []))
                .compactMap { $0.objectValue?["text"]?.stringValue }
        }
        #expect(texts.map(\.count) == [4, 4, 4])
        let wanted = [texts[0][2], texts[1][0], "Something else."]
        let references = try file(wanted.joined(separator: "\n"), "references")
        let run = try Run(beam + ["--closest-to", references, "--min-chrf", "60"])
        #expect(run.status == 0, "\(run.error)")
        #expect(run.output == wanted.joined(separator: "\n") + "\n")
        #expect(
            run.error.contains("3 lines: 1 are not the model's best output, 1 are the reference"))
        let shard = try Run(
            beam + ["--closest-to", references, "--min-chrf", "60", "--shard", "3/3"])
        #expect(shard.output == "Something else.\n")
        let always = try Run(beam + ["--closest-to", references])
        #expect(always.output.hasPrefix(wanted.prefix(2).joined(separator: "\n")))
    }

    @Test("Texts and references that are not as many, or no text, are refused by their lines")
    func referencesThatDoNotFit() throws {
        let source = try file("Ein Kind lacht.\nEin Mann liest.\n")
        for (references, message) in [
            ("One.\n", "text:2 has no reference"),
            ("One.\nTwo.\nThree.\n", "references:3 has no text"),
            (
                String(decoding: [0x4F, 0x0A], as: UTF8.self)
                    + String(repeating: "x", count: 2_000_000), "references:2"
            ),
        ] {
            let run = try Run(
                model + ["--file", source, "--closest-to", file(references, "references")])
            #expect(run.status == 65, "\(run.error)")
            #expect(run.error.contains(message), "\(run.error)")
        }
        for (flags, message) in [
            (["--min-chrf", "10"], "needs --closest-to"),
            (["--closest-to", source, "--min-chrf", "101"], "0 to 100"),
            (["--closest-to", source, "--json"], "not of --json"),
        ] {
            let run = try Run(model + ["--file", source] + flags)
            #expect(run.status == 64)
            #expect(run.error.contains(message), "\(run.error)")
        }
    }

    @Test("A file may hold more than any request, and several files are one text")
    func realSize() throws {
        // By its bytes more than a server's queue takes; most lines are blank, for the sake of time.
        let blank = String(repeating: " ", count: 1023) + "\n"
        let text = String(repeating: blank, count: 400) + "Zwei Hunde spielen.\n"
        let (first, second) = (try file(text, "first"), try file("Ein Kind lacht.\n", "second"))
        let run = try Run(model + ["--file", first, "--file", second])
        #expect(run.status == 0, "\(run.error)")
        let lines = run.output.split(separator: "\n", omittingEmptySubsequences: false)
        #expect(lines.count == 403)
        #expect(lines[..<400].allSatisfy { $0 == blank.dropLast() })
        #expect(!lines[400].isEmpty && !lines[401].isEmpty)
    }

    @Test("At a line that cannot be translated it stops, with what is before it written")
    func stops() throws {
        let good = (0..<90).map { "Ein Mann hat \($0) Hunde.\n" }.joined()
        let path = try file(good + long + "\nEin Kind lacht.\n")
        let run = try Run(model + ["--format", "sentence", "--file", path])
        #expect(run.status == 65)
        #expect(run.output.split(separator: "\n").count == 90)
        #expect(run.error.contains("\(path):91: more than 256 tokens"))
        #expect(run.error.contains("--on-error skip or empty"))
        // No text of the file is in the message.
        #expect(!run.error.contains("Hund "))
    }

    @Test(
        "--on-error skip leaves such a line out, and empty keeps its place",
        arguments: [
            ("skip", [false, false, false, true]),
            ("empty", [false, true, false, true, false, true]),
        ])
    func goesOn(response: String, blanks: [Bool]) throws {
        let text = Array("Ein Hund.\n\(long)\nEin Kind.\n".utf8) + [0xFF, 0x0A]
        let path = try file(text + Array("Ein Mann.".utf8))
        let command = model + ["--format", "sentence", "--file", path, "--on-error", response]
        let run = try Run(command)
        #expect(run.status == 0)
        let lines = run.output.split(separator: "\n", omittingEmptySubsequences: false)
        #expect(lines.map(\.isEmpty) == blanks)
        #expect(run.error.contains("\(path):2: more than 256 tokens"))
        #expect(run.error.contains("\(path):4: not UTF-8"))
        #expect(run.error.contains("2 of 5 lines could not be translated"))
        let json = try Run(command + ["--json"])
        let indices = try json.output.split(separator: "\n").map {
            try JSON.parse(Array($0.utf8)).objectValue?["index"]?.integerValue
        }
        #expect(indices == [0, 2, 4])
    }

    @Test("A line is written as soon as it and all before it are done, while more is waited for")
    func streams() throws {
        let tool = try RunningTool(model)
        for count in 1...3 {
            tool.write(Array("Ein Hund spielt.\n".utf8))
            #expect(tool.output.wait { $0.count { $0 == 0x0A } == count })
        }
        tool.closeInput()
        #expect(tool.status() == 0)
    }

    @Test("An interrupt leaves the old output, and no temporary file")
    func interrupt() throws {
        let directory = try TemporaryDirectory()
        try directory.write(Array("old\n".utf8), to: "out")
        let tool = try RunningTool(model + ["--output", directory.path + "/out"])
        let limit = Date() + 60
        while directory.names().count < 2, Date() < limit { sched_yield() }
        #expect(directory.names().count == 2)
        tool.interrupt()
        #expect(tool.status() == 130)
        #expect(directory.names() == ["out"])
        #expect(directory.bytes("out") == Array("old\n".utf8))
    }

    @Test("40 MB of standard input take no more memory than one line")
    func bounded() throws {
        // Blank lines become empty ones: the test keeps what comes out.
        let tool = try RunningTool(model + ["--format", "sentence"])
        tool.write(Array("Ein Hund spielt.\n".utf8))
        #expect(tool.output.wait { $0.contains(0x0A) })
        let before = tool.peakMemory
        let line = [UInt8](repeating: 0x20, count: 4095) + [0x0A]
        let part = Array(repeatElement(line, count: 100).joined())
        for _ in 0..<100 { tool.write(part) }
        #expect(tool.output.wait { $0.count == 10_000 + ($0.firstIndex(of: 0x0A) ?? 0) + 1 })
        #expect(before > 0 && tool.peakMemory - before < 24 << 20)
        tool.closeInput()
        #expect(tool.status() == 0)
    }

    @Test("The JSON of a line says why its output ended")
    func finishReason() throws {
        func reason(_ options: String...) throws -> String? {
            let run = try Run(["translate", "--json", "Zwei Hunde spielen."] + options)
            let object = try JSON.parse(Array(run.output.utf8)).objectValue
            return object?["finish_reason"]?.stringValue
        }
        #expect(try reason() == "eos")
        #expect(try reason("--max-output-tokens", "2") == "length")
    }

    @Test("--output replaces a file in one step, or leaves it as it was")
    func output() throws {
        let target = try file("old\n", "target")
        let bad = try Run(
            model + [
                "--format", "sentence", "--file", file("Ein Hund.\n\(long)\n"), "--output", target,
            ])
        #expect(bad.status == 65 && bad.output.isEmpty)
        #expect(bad.error.contains("target is as it was"))
        #expect(try String(contentsOfFile: target, encoding: .utf8) == "old\n")
        let good = try Run(model + ["--file", file("Ein Hund.\n"), "--output", target])
        #expect(good.status == 0 && good.output.isEmpty)
        #expect(try String(contentsOfFile: target, encoding: .utf8).hasSuffix(".\n"))
        let names = try FileManager.default.contentsOfDirectory(atPath: directory.path)
        #expect(names.sorted() == ["target", "text"])
        let none = try Run(model + ["--output", directory.path + "/none/x", "Ein Hund."])
        #expect(none.status == 73)
    }

    @Test(
        "Settings that cannot be are refused with the names of the options",
        arguments: [
            (["--length-penalty", "nan"], "--length-penalty must be 0 to 10; given nan"),
            (["--length-penalty=-1"], "--length-penalty must be 0 to 10; given -1.0"),
            (
                ["--repetition-penalty", "0"],
                "--repetition-penalty must be 0.1 to 10; given 0.0"
            ),
            (
                ["--no-repeat-ngram-size", "256"],
                "--no-repeat-ngram-size must be 0 to 255; given 256"
            ),
            (
                ["--min-output-tokens", "9", "--max-output-tokens", "4"],
                "--min-output-tokens 9 is above --max-output-tokens 4"
            ),
            (["--min-output-tokens", "300"], "--min-output-tokens must be 0 to 255; given 300"),
            (["--policy", "fixed"], "--policy fixed needs --layer, 1 to 6"),
            (["--policy", "fixed", "--layer", "9"], "--layer must be 1 to 6"),
            (["--min-layer", "4", "--max-layer", "2"], "--min-layer 4 is above --max-layer 2"),
            (["--policy", "full", "--threshold", "0.5"], "--threshold goes with"),
        ] as [([String], String)])
    func refusals(options: [String], text: String) throws {
        let run = try Run(["translate", "Ein Hund."] + options)
        #expect(run.status == 64 && run.output.isEmpty)
        #expect(run.error.contains(text), "\(run.error)")
    }

    @Test("A file that is not there ends with 66 before anything is translated")
    func missing() throws {
        let run = try Run(model + ["--file", file("Ein Hund.\n"), "--file", "no-such-file"])
        #expect(run.status == 66 && run.output.isEmpty)
        #expect(run.error.contains("no-such-file: No such file"))
    }

    @Test("What cannot be written ends with 74")
    func fullDisk() throws {
        let full = try #require(FileHandle(forWritingAtPath: "/dev/full"))
        let tool = try RunningTool(model + ["Ein Hund spielt."], output: full)
        tool.closeInput()
        #expect(tool.status() == 74)
        #expect(tool.error.text.contains("standard output: No space left"))
    }

    @Test(
        "A directory that does not exist ends with 66 in every command that takes a model",
        arguments: [
            ["translate", "Ein Hund."], ["evaluate", "a", "b"], ["inspect"], ["bench"],
            ["calibrate", "a", "b"],
        ])
    func missingModel(_ command: [String]) throws {
        let run = try Run(command + ["--model", directory.path + "/none"])
        #expect(run.status == 66)
        #expect(run.error.contains("none: found no such directory"))
    }

    @Test("Colours and progress are for terminals, and NO_COLOR is obeyed")
    func colours() throws {
        let command =
            model + ["--format", "sentence", "--file", try file("Ein Hund.\n\(long)\n")]
        #expect(try !Run(command).error.contains("\u{1B}"))
        guard access("/usr/bin/script", X_OK) == 0 else { return }
        let folder = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
        let line = ([folder.path + "/shoal"] + command).joined(separator: " ")
        func terminal(_ variables: [String: String]) throws -> String {
            let process = Process()
            process.executableURL = URL(fileURLWithPath: "/usr/bin/script")
            process.arguments = ["-qec", line, "/dev/null"]
            process.currentDirectoryURL = URL(fileURLWithPath: Repository.path(""))
            process.environment = ["TERM": "xterm", "PATH": "/usr/bin:/bin", "SHELL": "/bin/sh"]
                .merging(variables) { $1 }
            let pipe = Pipe()
            process.standardOutput = pipe
            process.standardInput = FileHandle.nullDevice
            try process.run()
            let bytes = pipe.fileHandleForReading.readDataToEndOfFile()
            process.waitUntilExit()
            return String(decoding: bytes, as: UTF8.self)
        }
        #expect(try terminal([:]).contains("\u{1B}[1;31mshoal:\u{1B}[0m "))
        #expect(try !terminal(["NO_COLOR": "1"]).contains("\u{1B}["))
    }
}
