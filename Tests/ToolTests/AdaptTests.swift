import Foundation
import JSON
import TestSupport
import Testing

/// The shipped network as an ordinary checkpoint, without its exits, some text, and runs of `shoal adapt`.
private struct Fixture {
    let model: TemporaryDirectory
    let place: TemporaryDirectory

    /// Links the network; `places` make a longer text of the thirty sentences.
    init(
        exits: String? = #"{"version": 1, "decoder_training": "baseline"}"#,
        places: [String] = [""]
    ) throws {
        model = try Repository.linkedModel(leavingOut: ["exits.json", "exits.safetensors"])
        if let exits { try model.write(Array(exits.utf8), to: "exits.json") }
        place = try TemporaryDirectory()
        let names = ["Ein Mann", "Eine Frau", "Ein Kind", "Ein Hund", "Ein Mädchen", "Ein Junge"]
        let deeds = ["liest", "läuft", "schläft", "isst", "singt"]
        let lines = places.flatMap { place in
            names.flatMap { name in deeds.map { "\(name) \($0)\(place)." } }
        }
        try place.write(Array((lines.joined(separator: "\n") + "\n").utf8), to: "text.de")
    }

    var output: String { place.path + "/adapted" }

    func run(_ flags: String..., interruptedAfter text: String? = nil) throws -> Run {
        try Run(
            [
                "adapt", "--model", model.path, "--text", place.path + "/text.de", "--output",
                output, "--draws", "2", "--threads", "1",
            ] + (flags.contains("--branch-steps") ? [] : ["--branch-layers", "0"]) + flags,
            interruptedAfter: text)
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
        let run = try fixture.run("--steps", "8", "--branch-steps", "6")
        #expect(run.status == 0, "\(run.error)")
        #expect(run.error.contains("adapters: learning from 20 sentences, a new fit"))
        #expect(run.error.contains("side branch: learning from 20 sentences, a new fit"))
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

    /// Forty places, for 1,200 sentences.
    private static let places: [String] = {
        let nouns = ["Wald", "Park", "Haus", "Garten", "Zug", "Bus", "Wasser", "Schnee"]
        let times = ["", " am Abend", " mit Freunden", " im Sommer", " ganz allein"]
        return nouns.flatMap { noun in times.map { " im \(noun)\($0)" } }
    }()

    @Test("Heads, certificates and times are found where the text is long enough")
    func everything() throws {
        let fixture = try Fixture(places: Self.places)
        let validation = try TemporaryDirectory()
        let chosenOn = (0..<60).map { "Ein Mann liest \($0) Bücher.\n" }.joined()
        try validation.write(Array(chosenOn.utf8), to: "dev.de")
        let run = try fixture.run(
            "--steps", "8", "--max-loss", "100", "--validation", validation.path + "/dev.de")
        #expect(run.status == 0, "\(run.error)")
        #expect(run.error.contains("learning from 1080 sentences"), "120 are fresh")
        #expect(run.output.contains("heads as layer.head"))
        let exits = try fixture.exits
        let heads = exits["alignment"]?.objectValue?["heads"]?.arrayValue
        #expect(heads?.count == 6)
        #expect(run.error.contains("testing rules on 120 sentences that nothing was chosen on"))
        #expect(run.output.contains("ε 0.05, betting, 120 of 180 sentences tested"))
        #expect(run.error.contains("δ 0.01 takes 541, a text of 5410"), "\(run.error)")
        for certificate in exits["certificates"]?.arrayValue ?? [] {
            let members = try #require(certificate.objectValue)
            #expect(members["sentences"]?.integerValue == 120)
            #expect(
                ["token_geometric", "confidence"].contains(members["policy"]?.stringValue))
        }
        #expect(run.output.contains("alone on one thread, 108 sentences"))
        #expect(run.output.contains("speculative") && run.output.contains("kept\n"))
        // What was issued belongs to what was written.
        #expect(try Run("inspect", "--model", fixture.output).status == 0)
        #expect(try fixture.translate(fixture.output, "--policy", "full").status == 0)
    }

    @Test(
        "What is switched off, or has no text or time for it, is left out, and the reason is told")
    func parts() throws {
        let short = try Fixture()
        let run = try short.run("--steps", "1", "--max-loss", "100")
        #expect(run.status == 0, "\(run.error)")
        #expect(run.error.contains("give 240 sentences or more with --text, not 30"))
        #expect(run.error.contains("takes 1000 translated sentences, and there are 20"))
        #expect(run.output.contains("alone on one thread, 30 sentences"))

        let off = try Fixture(places: Array(Self.places.prefix(10)))
        let flags = ["--no-alignment", "--no-certificates", "--no-times"]
        let without = try off.run("--steps", "1", "--max-loss", "100", flags[0], flags[1], flags[2])
        #expect(without.status == 0, "\(without.error)")
        #expect(without.error.contains("learning from 270 sentences"))
        for text in ["alignments", "certificates", "time of"] {
            #expect(!without.error.contains(text), "\(text)")
        }
        #expect(!without.output.contains("alone on one thread"))

        let hurried = try Fixture(places: Array(Self.places.prefix(10)))
        let minutes = try hurried.run("--max-loss", "100", "--minutes", "0.0002")
        #expect(minutes.status == 0, "\(minutes.error)")
        #expect(minutes.error.contains("the time is up"))
        #expect(minutes.error.contains("no certificates: in the time there is"))
        #expect(minutes.output.contains("alone on one thread, 1 sentences"))
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
