import Foundation
import JSON
import TestSupport
import Testing

@Suite("shoal certify and shoal draft", .timeLimit(.minutes(10)))
struct CertifyTests {
    private let sources = Repository.path("models/multi30k-de-en/sample.de")
    private let references = Repository.path("models/multi30k-de-en/sample.en")

    @Test("certify prints a bound a line, as JSON or as a table")
    func certifies() throws {
        let flags = ["certify", "--dry-run", sources, "--policy", "fixed"]
        let run = try Run(flags + ["--delta", "0.2,0.9", "--json"])
        #expect(run.status == 0)
        let lines = try run.output.split(separator: "\n").map {
            try #require(JSON.parse(Array($0.utf8)).objectValue)
        }
        #expect(lines.map { $0["delta"]?.doubleValue } == [0.2, 0.9])
        for line in lines {
            #expect(line["policy"]?.stringValue == "fixed")
            #expect(line["risk"]?.stringValue == "chrf")
            let operations = try #require(line["operations"]?.doubleValue)
            #expect(0 < operations && operations <= 1)
            #expect(try #require(line["loss"]?.doubleValue) <= 1)
        }
        let table = try Run(flags + ["--delta", "0.9", "--test", "hoeffding-bentkus"]).output
        #expect(table.contains("operations\n") && table.contains("hoeffding-bentkus"))
    }

    @Test("certify takes references for the risk that needs them")
    func quality() throws {
        let flags = ["certify", "--dry-run", sources, "--policy", "fixed"]
        #expect(try Run(flags + [references, "--risk", "quality", "--delta", "0.5"]).status == 0)
        let without = try Run(flags + ["--risk", "quality"])
        #expect(without.status == 64 && without.error.contains("needs a file of references"))
        let needless = try Run(flags + [references])
        #expect(needless.status == 64 && needless.error.contains("quality only"))
    }

    @Test("certify names the line that cannot be translated", arguments: [2, 7])
    func line(number: Int) throws {
        let folder = try TemporaryDirectory()
        let text = try String(contentsOf: URL(filePath: sources), encoding: .utf8)
        var lines = text.split(separator: "\n").map(String.init)
        lines[number - 1] = String(repeating: "ein Hund ", count: 2000)
        try folder.write(Array((lines.joined(separator: "\n") + "\n").utf8), to: "text.de")
        let run = try Run(
            "certify", "--dry-run", folder.path + "/text.de", "--policy", "fixed", "--delta", "0.5")
        #expect(run.status == 65)
        #expect(run.error.contains("text.de:\(number): "), "\(run.error)")
    }

    @Test(
        "certify says what is wrong",
        arguments: [
            (["--delta", "0"], "above 0 and below 1"), (["--delta", "x"], "above 0 and below 1"),
            (["--epsilon", "1"], "--epsilon must be above 0"), (["--limit", "1"], "2 or more"),
            (["--policy", "full"], "nothing is lost"),
            (["--splits", "0"], "--splits must be 1"),
            (["--split-size", "4"], "go with --splits only"),
            (["--splits", "3", "--split-size", "4,x"], "--split-size takes whole numbers"),
            (["--test", "betting", "--test", "hoeffding-bentkus"], "Several go with --splits"),
            (["--policy", "speculative"], "nothing is lost"),
        ])
    func faults(_ entry: (flags: [String], words: String)) throws {
        let run = try Run(["certify", "--dry-run", sources] + entry.flags)
        #expect(run.status == 64)
        #expect(run.error.contains(entry.words))
    }

    @Test("certify certifies for several risks by one decoding")
    func severalRisks() throws {
        let run = try Run([
            "certify", "--dry-run", sources, "--policy", "fixed", "--delta", "0.9", "--json",
            "--risk", "chrf", "--risk", "disagreement",
        ])
        #expect(run.status == 0)
        let lines = run.output.split(separator: "\n")
        #expect(lines.map { $0.contains("chrf") } == [true, false])
        #expect(lines.map { $0.contains("disagreement") } == [false, true])
    }

    @Test("certify tries promises on splits, against the rest and another text, and writes nothing")
    func splits() throws {
        let flags = [
            "certify", sources, "--policy", "fixed", "--delta", "0.9", "--splits", "5",
            "--split-size", "4,6", "--other", references,
        ]
        let withQuality = try Run(flags + [references, "--risk", "quality", "--risk", "chrf"])
        #expect(withQuality.status == 0 && withQuality.output.contains("–"))
        let run = try Run(flags + ["--json", "--test", "betting", "--test", "hoeffding-bentkus"])
        #expect(run.status == 0)
        let lines = try run.output.split(separator: "\n").map {
            try #require(JSON.parse(Array($0.utf8)).objectValue)
        }
        #expect(lines.map { $0["sentences"]?.integerValue } == [4, 6, 4, 6])
        #expect(lines.allSatisfy { $0["splits"]?.integerValue == 5 && $0["broken"] != nil })
        #expect(lines.allSatisfy { $0["other_loss"]?.doubleValue != nil })
        let table = try Run(flags).output
        #expect(table.contains("5 splits of 10 sentences") && table.contains("broken"))
        let many = try Run(["certify", sources, "--splits", "5", "--split-size", "10"])
        #expect(many.status == 65 && many.error.contains("leave none that is fresh"))
    }

    @Test("draft finds an exit and its ids, writes them, and the model drafts with them")
    func drafts() throws {
        let directory = try Repository.linkedModel(leavingOut: ["exits.json"])
        try directory.write(
            Repository.bytes("models/multi30k-de-en/exits.json"), to: "exits.json")
        func exits() throws -> JSONObject? {
            let bytes = try Data(contentsOf: URL(filePath: directory.path + "/exits.json"))
            return try JSON.parse(Array(bytes)).objectValue?["policies"]?.objectValue
        }
        let before = try exits()
        let dry = try Run(["draft", "--model", directory.path, sources, "--dry-run"])
        #expect(dry.status == 0 && dry.output.contains("unchanged"))
        #expect(try exits()?["speculative"] == before?["speculative"])
        let run = try Run(["draft", "--model", directory.path, sources])
        #expect(run.status == 0)
        #expect(run.output.split(separator: "\n").count == 7)
        #expect(try exits()?["confidence"] == before?["confidence"])
        let translated = try Run(
            ["translate", "--model", directory.path, "--policy", "speculative", "Ein Hund."])
        #expect(
            translated.output == (try Run(["translate", "--policy", "full", "Ein Hund."]).output))
    }

    @Test("draft needs a checkpoint that it may change, and more than a sentence")
    func draftFaults() throws {
        let unnamed = try Run(["draft", sources])
        #expect(unnamed.status == 64 && unnamed.error.contains("--model"))
        let directory = try TemporaryDirectory()
        try directory.write(Array("Ein Hund.\n".utf8), to: "one")
        let one = try Run(
            ["draft", "--model", Repository.model, directory.path + "/one", "--dry-run"])
        #expect(one.status == 65 && one.error.contains("too little"))
    }
}
