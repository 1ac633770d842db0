import Foundation
import JSON
import TestSupport
import Testing

/// A directory with the shipped model, its exits.json to be changed, and a small validation set.
private struct Fixture {
    let directory: TemporaryDirectory
    private static let exitsFile = "exits.json"

    init(leavingOut omitted: Set<String> = []) throws {
        directory = try Repository.linkedModel(leavingOut: omitted.union([Self.exitsFile]))
        let shipped = try Repository.bytes("models/multi30k-de-en/" + Self.exitsFile)
        let members = try JSON.parse(shipped).objectValue?.members ?? []
        let object = JSONObject(members + [.init("note", .string("kept"))])
        try directory.write(JSON.serialize(.object(object)), to: Self.exitsFile)
        let sentences = try Golden("own.json").cases[0].sentences.prefix(4)
        try write(sentences.map(\.text), "source")
        try write(sentences.map(\.translation), "reference")
    }

    func write(_ lines: [String], _ name: String) throws {
        try directory.write(Array((lines.joined(separator: "\n") + "\n").utf8), to: name)
    }

    func run(_ flags: String...) throws -> Run { try run(flags) }

    func run(_ flags: [String]) throws -> Run {
        try Run(["calibrate", "--model", directory.path, "--draws", "4"] + flags + files)
    }

    /// What `shoal evaluate` says of the same files.
    func evaluate(_ flags: String...) throws -> JSONObject {
        let run = try Run(["evaluate", "--model", directory.path, "--json"] + flags + files)
        #expect(run.status == 0, "\(run.error)")
        return try #require(JSON.parse(Array(run.output.utf8)).objectValue)
    }

    private var files: [String] { ["source", "reference"].map { directory.path + "/" + $0 } }

    var exits: JSONObject {
        get throws {
            let url = URL(fileURLWithPath: directory.path + "/" + Self.exitsFile)
            return try #require(try JSON.parse([UInt8](Data(contentsOf: url))).objectValue)
        }
    }
}

extension JSONObject {
    fileprivate func at(_ names: String...) -> JSONValue? {
        names.reduce(JSONValue?.some(.object(self))) { $0?.objectValue?[$1] }
    }
}

@Suite("calibrate, as people run it")
struct CalibrateTests {
    @Test("Profiles hold what evaluate measures with them, and nothing else of exits.json changes")
    func profiles() throws {
        let fixture = try Fixture()
        let before = try fixture.exits
        let run = try fixture.run("--segments", "2,3")
        #expect(run.status == 0, "\(run.error)")
        let after = try fixture.exits
        let profiles = try #require(after.at("policies", "confidence", "profiles")?.objectValue)
        #expect(profiles.members.map(\.name) == ["exit-2", "exit-3", "exit-6"])
        for profile in profiles.members {
            let row = try fixture.evaluate("--policy", "confidence", "--profile", profile.name)
            #expect(row["bleu"] == profile.value.objectValue?["bleu"])
            #expect(row["average_exit_layer"] == profile.value.objectValue?["average_exit"])
        }
        for name in ["note", "version", "default_policy", "decoder_training"] {
            #expect(after[name] == before[name])
        }
        for policy in ["sequence", "token_multinomial", "token_geometric"] {
            #expect(after.at("policies", policy) == before.at("policies", policy))
        }
        let thresholds = after.at("policies", "confidence", "thresholds")
        #expect(thresholds == before.at("policies", "confidence", "thresholds"))
    }

    @Test("--set-default makes a profile's thresholds those of confidence")
    func setDefault() throws {
        let fixture = try Fixture()
        let run = try fixture.run("--set-default", "--max-loss", "100", "--segments", "3")
        #expect(run.status == 0, "\(run.error)")
        let exits = try fixture.exits
        let cheapest = exits.at("policies", "confidence", "profiles", "exit-3", "thresholds")
        #expect(cheapest != nil)
        #expect(exits.at("policies", "confidence", "thresholds") == cheapest)
    }

    @Test("token_geometric gets one threshold for each layer, and keeps the rest of its member")
    func geometric() throws {
        let fixture = try Fixture()
        let before = try fixture.exits
        let run = try fixture.run("--policy", "token_geometric", "--max-loss", "100")
        #expect(run.status == 0, "\(run.error)")
        let exits = try fixture.exits
        let threshold = exits.at("policies", "token_geometric", "threshold")
        #expect(threshold != before.at("policies", "token_geometric", "threshold"))
        // With any loss allowed the cheapest is exit 1 everywhere.
        let row = try fixture.evaluate("--policy", "token_geometric")
        #expect(row["average_exit_layer"] == .number(1))
        let oracle = exits.at("policies", "token_geometric", "oracle")
        #expect(oracle == before.at("policies", "token_geometric", "oracle") && oracle != nil)
        #expect(exits.at("policies", "confidence") == before.at("policies", "confidence"))
    }

    @Test("--dry-run prints a row for each profile and writes nothing")
    func dryRun() throws {
        let fixture = try Fixture()
        let before = try fixture.exits
        let run = try fixture.run("--dry-run", "--json", "--max-layer", "2")
        #expect(run.status == 0, "\(run.error)")
        #expect(try fixture.exits == before)
        let rows = try run.output.split(separator: "\n").map {
            try #require(JSON.parse(Array($0.utf8)).objectValue)
        }
        #expect(rows.first?["profile"] == .string("full depth"))
        #expect(rows.count > 1)
        #expect(rows.dropFirst().allSatisfy { ($0["average_exit"]?.doubleValue ?? 9) <= 2 })
    }

    @Test("Draws are counted apart, and a model that translates badly is spoken of first")
    func counts() throws {
        let fixture = try Fixture()
        let run = try fixture.run("--dry-run")
        #expect(run.output.contains("4 draws and 25 settings that are always tried, 4 sentences"))
        #expect(!run.error.contains("BLEU"))
        try fixture.write(["one", "two", "three", "four"], "reference")
        let poor = try fixture.run("--dry-run")
        #expect(poor.status == 0)
        #expect(poor.error.contains("full depth has BLEU 0.00 on these files"))
    }

    @Test("Without --model nothing is changed")
    func unnamedModel() throws {
        let run = try Run("calibrate", "a", "b")
        #expect(run.status == 64)
        #expect(run.error.contains("--model"))
    }

    @Test(
        "Files that do not fit end with 65, the file and the line",
        arguments: [
            (["ein Hund", "eine Katze"], ["a dog"], "has 2 lines"),
            (["ein Hund", ""], ["a dog", "a cat"], "source:2: an empty line"),
            (["ein Hund", "eine Katze"], ["  ", "a cat"], "reference:1: an empty line"),
        ])
    func badFiles(source: [String], reference: [String], text: String) throws {
        let fixture = try Fixture()
        try fixture.write(source, "source")
        try fixture.write(reference, "reference")
        let run = try fixture.run()
        #expect(run.status == 65)
        #expect(run.error.contains(text))
    }

    @Test("Bytes that are not UTF-8 end with 65, the file and the line")
    func notUTF8() throws {
        let fixture = try Fixture()
        try fixture.directory.write([0x61, 0x0A, 0xFF, 0x0A], to: "source")
        let run = try fixture.run()
        #expect(run.status == 65)
        #expect(run.error.contains("source:2: not UTF-8"))
    }

    @Test("A checkpoint without the head ends with 65 and the tensor's name")
    func noHead() throws {
        let run = try Fixture(leavingOut: ["exits.safetensors"]).run("--policy", "token_geometric")
        #expect(run.status == 65)
        #expect(run.error.contains("exits.token_geometric.weight"))
    }

    @Test(
        "Options out of range end with 64 and their range",
        arguments: [
            (["--max-layer", "7"], "--max-layer must be 1 to 6"),
            (["--segments", "2,x"], "--segments takes numbers above 1 and up to 6"),
            (["--draws=10001"], "--draws must be 0 to 10000"),
            (["--max-loss", "nan"], "--max-loss must be 0 or more"),
            (["--set-default", "--policy", "token_geometric"], "--set-default goes with"),
        ])
    func badOptions(flags: [String], text: String) throws {
        let run = try Fixture().run(flags)
        #expect(run.status == 64)
        #expect(run.error.contains(text), "\(run.error)")
    }

    @Test(
        "A directory that cannot be written ends with 73 before the search",
        .enabled(if: geteuid() != 0))
    func unwritable() throws {
        let fixture = try Fixture()
        chmod(fixture.directory.path, 0o500)
        defer { chmod(fixture.directory.path, 0o700) }
        let run = try fixture.run()
        #expect(run.status == 73)
        #expect(run.error.contains("exits.json: Permission denied"))
    }
}
