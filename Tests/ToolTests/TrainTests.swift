import JSON
import TestSupport
import Testing

@Suite("shoal train, as people run it")
struct TrainTests {
    @Test("Trains a checkpoint that translates, and logs what shoal plot draws")
    func endToEnd() throws {
        let fixture = try TrainFixture()
        let run = try fixture.train()
        #expect(run.status == 0, "\(run.error)")
        #expect(run.error.contains("learning a vocabulary of 300 pieces"))
        #expect(run.error.contains("all steps taken"))
        let model = fixture.path + "/run/model"
        let translation = try Run(
            "translate", "--model", model, "--policy", "full",
            "Der Hund schläft.")
        #expect(translation.status == 0, "\(translation.error)")
        // The name is that of the run, not "model".
        let inspect = try Run("inspect", "--model", model)
        #expect(inspect.status == 0)
        #expect(inspect.output.split(separator: "\n")[0].split(separator: " ").last == "run")
        let plot = try Run("plot", "loss", fixture.path + "/run/log.jsonl")
        #expect(plot.status == 0 && plot.output.contains("<svg"), "\(plot.error)")
        let log = try fixture.log()
        let keys = [
            "start": ["parameters"],
            "step": [
                "epoch", "loss", "exit_losses", "head_losses", "learning_rate", "gradient_norm",
                "target_tokens", "seconds", "tokens_per_second",
            ],
            "validation": ["loss", "cross_attention_focus", "exits", "heads"],
            "finish": ["reason", "averaged_steps", "loss"],
        ]
        for line in log {
            let event = try #require(line["event"]?.stringValue)
            let names = ["event", "step"] + (keys[event] ?? [])
            #expect(line.members.map(\.name) == names)
        }
        #expect(
            log.compactMap { $0["event"]?.stringValue } == [
                "start", "step", "validation", "step", "step", "validation", "finish",
            ])
    }

    @Test("Goes on with a run, with more steps, and only as it began")
    func resumes() throws {
        let fixture = try TrainFixture()
        #expect(try fixture.train("--steps", "2").status == 0)
        let again = try fixture.train()
        #expect(again.status == 78)
        #expect(again.error.contains("--resume, or another directory"))
        let other = try fixture.train("--resume", "--set", "model.width=32")
        #expect(other.status == 78)
        #expect(other.error.contains("model.width"))
        let more = try fixture.train("--resume")
        #expect(more.status == 0 && more.error.contains("on from step 2"), "\(more.error)")
        #expect(try fixture.log().last?["step"]?.integerValue == 6)
    }

    @Test("A resumed run is bound to what its texts hold, not to where they are")
    func boundToContents() throws {
        let fixture = try TrainFixture()
        #expect(try fixture.train("--steps", "2").status == 0)
        let pieces = try fixture.read("run/vocabulary.spm")
        // The same text elsewhere, with other line ends.
        try fixture.write(
            Array(fixture.german.joined(separator: "\r\n").utf8), to: "moved.de")
        fixture.set("data.train.source", fixture.path + "/moved.de")
        let moved = try fixture.train("--resume", "--steps", "3")
        #expect(moved.status == 0 && moved.error.contains("on from step 2"), "\(moved.error)")
        #expect(!moved.error.contains("learning a vocabulary"))
        #expect(try fixture.read("run/vocabulary.spm") == pieces)
        #expect(try fixture.read("run/model/source.spm") == pieces)
        // Two words changed.
        let other = fixture.german.map { $0.replacing("Hund", with: "Hahn") }
        try fixture.write(other, to: "moved.de")
        let changed = try fixture.train("--resume")
        #expect(changed.status == 78)
        #expect(changed.error.contains("data.train.source"), "\(changed.error)")
        #expect(changed.error.contains("as the run began"))
    }

    @Test("--resume on a finished run leaves what calibrate wrote")
    func finishedRunStays() throws {
        let fixture = try TrainFixture()
        #expect(try fixture.train().status == 0)
        let calibrated = Array("{\"version\": 1, \"note\": \"of a user\"}".utf8)
        try fixture.write(calibrated, to: "run/model/exits.json")
        let again = try fixture.train("--resume")
        #expect(again.status == 0 && again.error.contains("stays as it is"), "\(again.error)")
        #expect(try fixture.read("run/model/exits.json") == calibrated)
    }

    @Test("More steps replace a changed checkpoint only where that is asked for")
    func changedModel() throws {
        let fixture = try TrainFixture()
        #expect(try fixture.train("--steps", "2").status == 0)
        let own = try fixture.read("run/model/exits.json")
        let calibrated = own + Array("\n".utf8)
        try fixture.write(calibrated, to: "run/model/exits.json")
        let refused = try fixture.train("--resume")
        #expect(refused.status == 78)
        #expect(refused.error.contains("model/exits.json"), "\(refused.error)")
        #expect(refused.error.contains("--replace-model"))
        #expect(try fixture.read("run/model/exits.json") == calibrated)
        #expect(try fixture.train("--resume", "--replace-model").status == 0)
        #expect(try fixture.read("run/model/exits.json") == own)
    }

    @Test(
        "What needs no text is refused before any is read",
        arguments: [
            ("model.width", "65", "model.width"), ("model.heads", "3", "model.heads"),
            ("decoder.training", "frozen", "frozen needs init"),
            (
                "decoder.sampled_exits", "200",
                "decoder.sampled_exits: 200 sampled exits of "
            ),
        ])
    func earlyRefusals(key: String, value: String, text: String) throws {
        let fixture = try TrainFixture()
        fixture.set(key, value)
        let run = try fixture.train()
        #expect(run.status == 78 && run.error.contains(text), "\(run.error)")
        #expect(!run.error.contains("learning a vocabulary"))
        #expect(!fixture.exists("run"))
    }

    @Test("Ctrl-C before the first step ends with 130 and leaves no temporary file")
    func interruptedEarly() throws {
        let fixture = try TrainFixture()
        let run = try fixture.train(
            "--steps", "1000000", interruptedAfter: "learning a vocabulary")
        #expect(run.status == 130, "\(run.error)")
        #expect(!fixture.names("run").contains { $0.hasSuffix(".tmp") })
    }

    @Test("What training starts from keeps how its words are written and how its sentences end")
    func keepsPreparation() throws {
        let fixture = try TrainFixture()
        fixture.set("languages.complete_sentences", "true")
        #expect(try fixture.train("--steps", "1", "--output", fixture.path + "/base").status == 0)
        try fixture.write(Array("Hund\nim\n".utf8), to: "base/model/truecase.txt")
        fixture.set("languages.complete_sentences", "false")
        let run = try fixture.train("--steps", "1", "--init", fixture.path + "/base/model")
        #expect(run.status == 0, "\(run.error)")
        #expect(try fixture.read("run/model/truecase.txt") == Array("Hund\nim\n".utf8))
        let config = String(
            decoding: try fixture.read("run/model/tokenizer_config.json"), as: UTF8.self)
        #expect(config.contains("\"complete_sentences\": true"))
    }

    @Test("Fits heads to a checkpoint that it leaves as it is")
    func frozen() throws {
        let fixture = try TrainFixture()
        fixture.set("model.exit_classifiers", "separate")
        #expect(try fixture.train("--steps", "1", "--output", fixture.path + "/base").status == 0)
        let run = try fixture.train(
            "--init", fixture.path + "/base/model", "--set", "decoder.training=frozen", "--set",
            "heads.token_geometric.oracle=agreement", "--set", "model.exit_classifiers=shared")
        #expect(run.status == 0, "\(run.error)")
        let text = ["Die Katze springt."]
        let translations = try ["base", "run"].map {
            try Run(
                [
                    "translate", "--model", fixture.path + "/\($0)/model", "--policy", "fixed",
                    "--layer", "1",
                ] + text)
        }
        #expect(translations[0].output == translations[1].output)
        #expect(translations[1].status == 0)
        let inspect = try Run("inspect", "--model", fixture.path + "/run/model")
        #expect(inspect.output.contains("token_geometric"))
    }

    @Test(
        "A setting that cannot be ends with 78 and its name",
        arguments: [
            ("model.width", "0", "model.width from file "),
            ("optimizer.dropout", "nan", "optimizer.dropout from file "),
            ("optimizer.decay", "cosin", "must be constant, inverse_square_root"),
            ("model.heads", "3", "encoder_attention_heads"),
            ("data.train.source", nil, "data.train.source is missing"),
            ("data.validation.target", nil, "data.validation.target is missing"),
            ("decoder.training", "frozen", "frozen needs init"),
            ("vocabulary.size", "100000", "vocabulary"),
        ] as [(String, String?, String)])
    func badSettings(key: String, value: String?, text: String) throws {
        let fixture = try TrainFixture()
        fixture.set(key, value)
        let run = try fixture.train()
        #expect(run.status == 78)
        #expect(run.error.contains(text), "\(run.error)")
    }

    @Test("Settings that do not go together end with 78")
    func together() throws {
        let fixture = try TrainFixture()
        fixture.set("heads.token_geometric.oracle", "likelihood")
        let mixed = try fixture.train("--set", "decoder.training=mixed")
        #expect(mixed.status == 78 && mixed.error.contains("mixed trains no heads"))
        let single = try fixture.train("--set", "model.decoder_layers=1")
        #expect(single.status == 78 && single.error.contains("token_geometric"), "\(single.error)")
        let sampled = try fixture.train("--set", "decoder.sampled_exits=1")
        #expect(sampled.status == 78)
        #expect(
            sampled.error.contains("decoder.sampled_exits: 1 sampled exits; right would be 0"),
            "\(sampled.error)")
    }

    @Test("An unknown key is named with its line and the nearest one")
    func unknownKey() throws {
        let run = try TrainFixture().train(yaml: "steps: 3\nmodel:\n  widht: 16\n")
        #expect(run.status == 78)
        #expect(run.error.contains("line 3: model.widht; did you mean model.width?"))
        let flag = try TrainFixture().train("--set", "step=3")
        #expect(flag.status == 78 && flag.error.contains("did you mean steps?"))
        #expect(try TrainFixture().train("--set", "steps").status == 64)
    }

    @Test(
        "A flag that cannot be ends with 64 and its name",
        arguments: [("--threads", "0"), ("--niceness", "20"), ("--output", "")])
    func flags(name: String, value: String) throws {
        let run = try TrainFixture().train(name, value)
        #expect(run.status == 64)
        #expect(run.error.contains("Error: \(name) must "), "\(run.error)")
    }

    @Test("Losses beyond measure are shown as well")
    func greatLosses() throws {
        let run = try TrainFixture().train(
            "--steps", "9", "--set", "optimizer.peak_rate=10", "--set", "optimizer.warm_up=0",
            "--set", "optimizer.clip_norm=0")
        #expect(run.status == 0)
        // The perplexity, e to the loss.
        #expect(run.error.contains("e+"), "\(run.error)")
    }

    @Test("Text that cannot be used ends with 65, its file and its line")
    func badText() throws {
        let fixture = try TrainFixture()
        let cases: [(bytes: [UInt8], text: String)] = [
            (Array("eins\nzwei\n".utf8), "train.de has 2 lines"),
            (Array("eins\n \t\ndrei\n".utf8), "train.de:2: an empty line"),
            (Array("eins\nzw".utf8) + [0xFF] + Array("ei\n".utf8), "train.de:2: "),
            ([], "train.de has 0 lines"),
        ]
        for (bytes, text) in cases {
            try fixture.write(bytes, to: "train.de")
            let run = try fixture.train()
            #expect(run.status == 65)
            #expect(run.error.contains(text), "\(run.error)")
        }
    }

    @Test("A file that is not there ends with 66 and its name")
    func noFile() throws {
        let fixture = try TrainFixture()
        fixture.set("data.train.target", fixture.path + "/none")
        let run = try fixture.train()
        #expect(run.status == 66)
        #expect(run.error.contains("/none"))
    }

    @Test("Sentences that are too long are left out; that none is left ends with 65")
    func longSentences() throws {
        let fixture = try TrainFixture()
        let sentences = fixture.german
        try fixture.write(
            [sentences.joined(separator: " ")] + sentences.dropFirst(), to: "train.de")
        let some = try fixture.train("--steps", "1")
        #expect(
            some.status == 0 && some.error.contains("left out as too long: 1 of 40 training pairs"))
        let none = try fixture.train(
            "--set", "data.max_tokens=2", "--output", fixture.path + "/other")
        #expect(none.status == 65 && none.error.contains("no sentence has at most 2 tokens"))
    }

    @Test("Ctrl-C saves, writes the checkpoint and ends with 130; --resume goes on")
    func interrupted() throws {
        let fixture = try TrainFixture()
        let run = try fixture.train("--steps", "1000000", interruptedAfter: "step 2/")
        #expect(run.status == 130)
        #expect(run.error.contains("interrupted; --resume goes on"), "\(run.error)")
        #expect(try Run("inspect", "--model", fixture.path + "/run/model").status == 0)
        let end = try #require(try fixture.log().last)
        #expect(end["reason"]?.stringValue == "interrupted")
        let step = try #require(end["step"]?.integerValue)
        let rest = try fixture.train("--resume", "--steps", "\(step + 1)")
        #expect(rest.status == 0 && rest.error.contains("on from step \(step)"), "\(rest.error)")
    }

    @Test("--resume without a run ends with 66")
    func nothingToResume() throws {
        let run = try TrainFixture().train("--resume")
        #expect(run.status == 66)
        #expect(run.error.contains("a run to go on with"))
        #expect(!run.error.contains("learning a vocabulary"))
    }

    @Test("A file builds on the one that it extends, which is found beside it")
    func extends() throws {
        let fixture = try TrainFixture()
        #expect(try fixture.train("--steps", "2").status == 0)
        try fixture.write(Array("extends: config.yaml\nsteps: 3\n".utf8), to: "more.yaml")
        let more = try Run(
            "train", fixture.path + "/more.yaml", "--output", fixture.path + "/run", "--resume")
        #expect(more.status == 0 && more.error.contains("step 3/3"), "\(more.error)")
        try fixture.write(Array("extends: none.yaml\n".utf8), to: "more.yaml")
        let missing = try Run(
            "train", fixture.path + "/more.yaml", "--output", fixture.path + "/run", "--resume")
        #expect(missing.status == 66 && missing.error.contains("none.yaml"))
        try fixture.write(Array("extends: more.yaml\n".utf8), to: "more.yaml")
        let circle = try Run(
            "train", fixture.path + "/more.yaml", "--output", fixture.path + "/run", "--resume")
        #expect(circle.status == 78 && circle.error.contains("files deep"))
    }

    @Test("A learnt vocabulary takes over the normalisation of another model")
    func normalization() throws {
        let fixture = try TrainFixture()
        fixture.set("vocabulary.normalizer_from", Repository.model + "/source.spm")
        #expect(try fixture.train("--steps", "1").status == 0)
        // Full-width letters are plain ones to nmt_nfkc.
        let model = fixture.path + "/run/model"
        let texts = ["Der Hund", "\u{FF24}er Hund"]
        let outputs = try texts.map { try Run("translate", "--model", model, $0).output }
        #expect(outputs[0] == outputs[1])
        fixture.set("vocabulary.normalizer_from", fixture.path + "/train.de")
        let bad = try fixture.train("--output", fixture.path + "/other")
        #expect(bad.status == 78 && bad.error.contains("vocabulary"), "\(bad.error)")
    }

    @Test("A default policy without its head ends with 78 and the key of the head")
    func defaultPolicy() throws {
        let fixture = try TrainFixture()
        fixture.set("default_policy", "token_geometric")
        let run = try fixture.train()
        #expect(run.status == 78)
        #expect(run.error.contains("heads.token_geometric.oracle"))
        fixture.set("heads.token_geometric.oracle", "agreement")
        #expect(try fixture.train("--steps", "1").status == 0)
        let inspected = try Run("inspect", "--model", fixture.path + "/run/model").output
        #expect(inspected.contains("token_geometric"))
    }
}
