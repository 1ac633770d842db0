import Compression
import Foundation
import JSON
import TestSupport
import Testing

@Suite("shoal data, as people run it", .timeLimit(.minutes(10)))
struct DataTests {
    private let directory: TemporaryDirectory

    init() throws {
        directory = try TemporaryDirectory()
    }

    private func path(_ name: String) -> String { "\(directory.path)/\(name)" }

    private func write(_ lines: [String], _ name: String, packed: Bool = false) throws -> String {
        let bytes = Array(lines.map { $0 + "\n" }.joined().utf8)
        try directory.write(packed ? Gzip.compress(bytes) : bytes, to: name)
        return path(name)
    }

    private func lines(_ name: String) -> [String] {
        String(decoding: directory.bytes(name), as: UTF8.self).split(
            separator: "\n", omittingEmptySubsequences: false
        ).dropLast().map(String.init)
    }

    private var outputs: [String] {
        ["--output-source", path("out.de"), "--output-target", path("out.en")]
    }

    /// The words of each line of a report.
    private func rows(_ run: Run) -> [[String]] {
        run.output.split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
    }

    private let source = [
        "Zwei Hunde spielen im Schnee.", "Ein  Kind\tlacht.", "Zwei Hunde spielen im Schnee.", "",
        "Tom kommt am 3. Mai.", "Der Zug f\u{E4}hrt um acht Uhr ab.",
    ]
    private let target = [
        "Two dogs are playing in the snow.", "A child is laughing.",
        "Two dogs are playing in the snow.", "Nothing.",
        "Tom is coming on May 3.", "The train leaves at eight.",
    ]

    @Test("A text is cleaned, and the report says what was left out and where")
    func cleans() throws {
        let (de, en) = (try write(source, "a.de", packed: true), try write(target, "a.en"))
        let test = try write(["the train leaves at eight"], "test.en")
        let run = try Run(["data", de, en, "--clean-only", "--exclude", test] + outputs)
        #expect(run.status == 0 && run.error.isEmpty, "\(run.error)")
        #expect(lines("out.de") == [source[0], "Ein Kind lacht.", source[4]])
        #expect(lines("out.en") == [target[0], target[1], target[4]])
        let rows = rows(run)
        #expect(rows.contains(["read", "6"]) && rows.contains(["written", "3"]))
        #expect(rows.contains(["duplicate", "1", "\(de):3"]))
        #expect(rows.contains(["empty", "1", "\(de):4"]))
        #expect(rows.contains(["held_out", "1", "\(de):6"]))
        #expect(rows.contains(["changed", "by", "cleaning", "1", "\(de):2"]))
    }

    @Test("Several texts become one, and --json, --origins and --threads change nothing in it")
    func several() throws {
        let files = [
            try write(source, "a.de"), try write(target, "a.en"),
            try write(["Tom schl\u{E4}ft.", "Tom lacht."], "b.de"),
            try write(["Tom sleeps.", "Tom laughs."], "b.en"),
        ]
        let options = ["--joined", "1", "--copy", "0.5", "--upper", "1", "--seed", "5"]
        let plain = try Run(["data"] + files + options + outputs)
        #expect(plain.status == 0, "\(plain.error)")
        let texts = [directory.bytes("out.de"), directory.bytes("out.en")]
        let run = try Run(
            ["data"] + files + options + outputs
                + ["--json", "--origins", path("origins"), "--threads", "3"])
        #expect([directory.bytes("out.de"), directory.bytes("out.en")] == texts)
        let origins = lines("origins")
        #expect(origins.count == lines("out.de").count && origins.count == lines("out.en").count)
        let report = try #require(try JSON.parse(Array(run.output.utf8)).objectValue)
        #expect(report["written"]?.integerValue == Int64(origins.count))
        #expect(report["read"]?.integerValue == 8)
        let added = try #require(report["added"]?.objectValue)
        for member in added.members {
            let count = origins.count { $0.hasPrefix(member.name + "\t") }
            #expect(member.value.objectValue?["count"]?.integerValue == Int64(count))
        }
        #expect(origins[0] == "kept\t\(files[0]):1")
        #expect(origins.contains { $0.hasPrefix("joined\t") && $0.hasSuffix(" \(files[2]):2") })
        #expect(lines("out.en").contains("TOM LAUGHS.") || lines("out.en").contains("TOM LAUGHS"))
    }

    @Test("--dry-run prints the report and writes nothing")
    func dryRun() throws {
        let files = [try write(source, "a.de"), try write(target, "a.en")]
        let wet = try Run(["data"] + files + outputs)
        for name in ["out.de", "out.en"] { directory.remove(name) }
        let dry = try Run(["data"] + files + ["--dry-run"])
        #expect(dry.status == 0 && dry.output == wet.output)
        #expect(directory.names() == ["a.de", "a.en"])
    }

    @Test("A line that is no text is left out and named")
    func noText() throws {
        try directory.write([0xFF, 0x0A] + Array("Ein Kind lacht.\n".utf8), to: "a.de")
        let en = try write(["A dog.", "A child is laughing."], "a.en")
        let run = try Run(["data", path("a.de"), en, "--clean-only"] + outputs)
        #expect(run.status == 0 && lines("out.de") == ["Ein Kind lacht."])
        #expect(rows(run).contains(["not_text", "1", "\(path("a.de")):1"]))
    }

    @Test("Files that cannot be used end it as every command, and old outputs stay as they were")
    func faults() throws {
        let (de, en) = (try write(source, "a.de"), try write(target.dropLast(), "a.en"))
        for name in ["out.de", "out.en"] { _ = try write(["old"], name) }
        let unequal = try Run(["data", de, en] + outputs)
        #expect(unequal.status == 65)
        #expect(unequal.error.contains("a.de has 6 lines and \(en) 5"))
        #expect(try Run(["data", de, path("none")] + outputs).status == 66)
        #expect(try Run(["data", de, de, "--exclude", path("none")] + outputs).status == 66)
        let twice = try Run(["data", "-", de] + outputs)
        #expect(twice.status == 65 && twice.error.contains("the text is read twice"))
        try directory.makePipe("pipe")
        #expect(try Run(["data", path("pipe"), de] + outputs).status == 65)
        try directory.write(Gzip.compress(Array("Ein Kind.\n".utf8)).dropLast(4), to: "cut.gz")
        let cut = try Run(["data", path("cut.gz"), de] + outputs)
        #expect(cut.status == 65 && cut.error.contains("cut.gz:"))
        #expect(lines("out.de") == ["old"] && lines("out.en") == ["old"])
        #expect(!directory.names().contains { $0.contains("tmp") || $0.hasPrefix(".") })
        let folder = try Run([
            "data", de, de, "--output-source", path("none/x"), "--output-target", path("y"),
        ])
        #expect(folder.status == 73)
    }

    @Test("An interrupt leaves nothing half written, and old outputs as they were")
    func interrupt() throws {
        let (de, en) = (try write(source, "a.de"), try write(target, "a.en"))
        _ = try write(["old"], "out.de")
        try directory.makePipe("held-out")
        // Both ends, so that nobody waits to open it; the tool waits for a line for ever.
        let pipe = open(path("held-out"), O_RDWR | O_CLOEXEC)
        defer { close(pipe) }
        let before = directory.names()
        let tool = try RunningTool(["data", de, en, "--exclude", path("held-out")] + outputs)
        tool.closeInput()
        let limit = Date() + 60
        while directory.names().count < before.count + 2, Date() < limit { sched_yield() }
        #expect(directory.names().count == before.count + 2)
        tool.interrupt()
        #expect(tool.status() == 130)
        #expect(directory.names() == before && lines("out.de") == ["old"])
    }

    @Test(
        "Options that cannot be are refused",
        arguments: [
            (["a"], "Give two files for each text"),
            (["a", "b"], "Give --output-source and --output-target, or --dry-run"),
            (["a", "b", "--dry-run", "--upper", "2"], "--upper must be 0 to 1; given 2.0"),
            (
                ["a", "b", "--dry-run", "--drop-matching", "("],
                "--drop-matching ( is no regular expression"
            ),
            (["a", "b", "--dry-run", "--max-words", "0"], "--min-words must be 1 to --max-words"),
            (
                ["a", "b", "--dry-run", "--max-ratio", "nan"],
                "--max-ratio must be 1 or more; given nan"
            ),
            (
                ["a", "b", "--dry-run", "--allow", "empty"],
                "--allow empty: such pairs can never be kept"
            ),
            (["a", "b", "--dry-run", "--allow", "none"], "'none' is invalid"),
            (
                ["a", "b", "--dry-run", "--keep-target", "joined"],
                "--keep-target must be lower, upper, title, none"
            ),
            (["a", "b", "--dry-run", "--threads", "0"], "--threads must be 1 to 1024; given 0"),
            (
                ["a", "b", "--output-source", "c", "--output-target", "c"],
                "must be different files"
            ),
        ] as [([String], String)])
    func refusals(arguments: [String], text: String) throws {
        let run = try Run(["data"] + arguments)
        #expect(run.status == 64 && run.output.isEmpty)
        #expect(run.error.contains(text), "\(run.error)")
    }
}
