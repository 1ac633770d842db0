import Foundation
import JSON
import TestSupport
import Testing

/// The shipped network as an ordinary checkpoint, without its exits, some text, and runs of `shoal adapt`.
private struct Fixture {
    let model: TemporaryDirectory
    let place: TemporaryDirectory

    init(exits: String? = #"{"version": 1, "decoder_training": "baseline"}"#) throws {
        model = try Repository.linkedModel(leavingOut: ["exits.json", "exits.safetensors"])
        if let exits { try model.write(Array(exits.utf8), to: "exits.json") }
        place = try TemporaryDirectory()
        let names = ["Ein Mann", "Eine Frau", "Ein Kind", "Ein Hund", "Ein Mädchen", "Ein Junge"]
        let deeds = ["liest", "läuft", "schläft", "isst", "singt"]
        let lines = names.flatMap { name in deeds.map { "\(name) \($0)." } }
        try place.write(Array((lines.joined(separator: "\n") + "\n").utf8), to: "text.de")
    }

    var output: String { place.path + "/adapted" }

    func run(_ flags: String..., interruptedAfter text: String? = nil) throws -> Run {
        try Run(
            [
                "adapt", "--model", model.path, "--text", place.path + "/text.de", "--output",
                output, "--draws", "2", "--threads", "1",
            ] + flags, interruptedAfter: text)
    }

    func translate(_ model: String, _ flags: String...) throws -> Run {
        try Run(
            ["translate", "--model", model, "--file", place.path + "/text.de"] + flags)
    }

    var exits: JSONObject {
        get throws {
            try #require(JSON.parse(place.bytes("adapted/exits.json")).objectValue)
        }
    }
}

@Suite("adapt, as people run it", .timeLimit(.minutes(10)))
struct AdaptTests {
    @Test("A checkpoint gets exits, says how they agree, and keeps full depth to the bit")
    func adapts() throws {
        let fixture = try Fixture()
        let run = try fixture.run("--steps", "8")
        #expect(run.status == 0, "\(run.error)")
        #expect(run.error.contains("learning from 20 sentences, a new fit"))
        #expect(run.error.contains("held out at step 8"))
        for text in [
            "agreement before", "tokens a pass", "token_geometric", "confidence", "fixed 1",
        ] {
            #expect(run.output.contains(text), "\(text)")
        }
        let exits = try fixture.exits
        #expect(exits["decoder_training"]?.stringValue == "adapted")
        #expect(exits["default_policy"]?.stringValue == "full")
        for name in fixture.model.names() where name != "exits.json" {
            #expect(fixture.place.bytes("adapted/" + name) == fixture.model.bytes(name), "\(name)")
        }
        let inspected = try Run("inspect", "--model", fixture.output)
        #expect(inspected.output.contains("adapted exits     1 2 3 4 5\n"))
        let before = try fixture.translate(fixture.model.path)
        #expect(before.status == 0, "\(before.error)")
        for policy in ["full", "speculative"] {
            let after = try fixture.translate(fixture.output, "--policy", policy)
            #expect(after.output == before.output, "\(policy)")
        }
    }

    @Test("Ctrl-C writes what was fitted, and --resume goes on to the same result")
    func resumes() throws {
        let whole = try Fixture()
        #expect(try whole.run("--steps", "30", "--no-thresholds").status == 0)
        let parts = try Fixture()
        let run = try parts.run(
            "--steps", "30", "--no-thresholds", interruptedAfter: "held out at step 0")
        #expect(run.status == 130, "\(run.error)")
        #expect(run.error.contains("interrupted; --resume goes on"))
        #expect(parts.place.names(in: "adapted").contains("exits.safetensors"))
        let rest = try parts.run("--steps", "30", "--no-thresholds", "--resume")
        #expect(rest.status == 0, "\(rest.error)")
        #expect(
            parts.place.bytes("adapted/exits.safetensors")
                == whole.place.bytes("adapted/exits.safetensors"))
    }

    @Test("What cannot be adapted is refused with what would be right")
    func refusals() throws {
        let trained = try Fixture(exits: #"{"version": 1, "decoder_training": "aligned"}"#)
        let own = try trained.run()
        #expect(own.status == 65)
        #expect(own.error.contains("was trained with exits"))
        #expect(own.error.contains("shoal calibrate"))
        let fixture = try Fixture()
        try fixture.place.write(Array("Ein Mann.\n".utf8), to: "text.de")
        let short = try fixture.run()
        #expect(short.status == 65)
        #expect(short.error.contains("1 sentences say too little"))
        let missing = try fixture.run("--resume")
        #expect(missing.status == 66)
        #expect(missing.error.contains("leave out --resume"))
        try fixture.place.makeDirectory("adapted")
        let taken = try fixture.run()
        #expect(taken.status == 78)
        #expect(taken.error.contains("something that is there already"))
        let flags: [(flags: [String], text: String)] = [
            (["--minutes", "0"], "--minutes"), (["--steps", "0"], "--steps"),
            (["--rate", "nan"], "--rate"), (["--validation", "a", "b", "c"], "--validation"),
            (["--limit", "3"], "--limit"), (["--threads", "0"], "--threads"),
        ]
        for (flags, text) in flags {
            let run = try Run(
                ["adapt", "--model", fixture.model.path, "--text", "x", "--output", "y"] + flags)
            #expect(run.status == 64, "\(flags)")
            #expect(run.error.contains(text), "\(run.error)")
        }
    }

    @Test("Adapters are not lost by training heads on a frozen network")
    func frozenTraining() throws {
        let fixture = try Fixture()
        #expect(try fixture.run("--steps", "1", "--no-thresholds").status == 0)
        let training = try TrainFixture()
        training.set("decoder.training", "frozen")
        training.set("heads.token_geometric.oracle", "agreement")
        training.set("init", fixture.output)
        let run = try training.train()
        #expect(run.status == 78, "\(run.error)")
        #expect(run.error.contains("does not keep adapters"))
    }
}
