import Adaptation
import Checkpoint
import Tensor
import TestSupport
import Testing
import TranslationModel

/// Agreement of each exit along full depth's outputs, as decoding asks the exits; the side branch's last.
private func agreement(
    _ model: TranslationModel, _ sentences: [AdaptationSentence], prefix: [Int]
) -> [Double] {
    let exits = bests(model, sentences, prefix: prefix)
    let branch = model.branch.map { bests($0, sentences, prefix: prefix) }
    func share(_ tokens: [Int]) -> Double {
        let last = exits[exits.count - 1]
        return Double(zip(tokens, last).count { $0 == $1 }) / Double(last.count)
    }
    return exits.dropLast().map(share) + (branch.map { [share($0[$0.count - 1])] } ?? [])
}

/// The best ids of every exit along outputs, one list for each exit.
private func bests(
    _ model: TranslationModel, _ sentences: [AdaptationSentence], prefix: [Int]
) -> [[Int]] {
    let step = DecoderStep(for: model)
    let scratch = EncoderScratch(for: model)
    var ids = [[Int]](repeating: [], count: model.decoderLayerCount)
    for sentence in sentences {
        let source = model.encode([sentence.source], scratch: scratch)[0]
        let state = DecoderState(source: source, in: step)
        let known = prefix + sentence.output.dropLast()
        let inputs = [model.configuration.decoderStartID] + known.map(Optional.some)
        var node: Int32?
        for (position, token) in inputs.enumerated() {
            let next = state.append(after: node)
            node = next
            step.begin([DecoderRow(state: state, token: token, node: next)])
            var bests: [Int] = []
            for n in 1...model.decoderLayerCount {
                step.runLayer(n)
                step.classify([0], after: n)
                bests.append(LogitRow(step.logits, row: 0).top().id)
            }
            step.leave([0])
            guard position >= prefix.count else { continue }
            for (exit, best) in bests.enumerated() { ids[exit].append(best) }
        }
    }
    return ids
}

@Suite("Runs that adapt a network", .timeLimit(.minutes(10)))
struct AdaptationRunTests {
    @Test("Fitting raises the agreement of every exit", arguments: Precision.allCases)
    func raisesAgreement(precision: Precision) throws {
        let fixture = try Fixture(precision)
        let place = try TemporaryDirectory()
        let record = Record()
        let run = try fixture.begin(fixture.options(place.path + "/run", steps: 60))
        let outcome = try run.run(isInterrupted: { false }, report: record.note)
        #expect(outcome?.end == .steps)
        let first = try #require(record.validations.first?.comparison)
        let last = try #require(record.validations.last?.comparison)
        #expect(record.validations.first?.step == 0)
        #expect(last.loss < first.loss)
        #expect(zip(first.agreement, last.agreement).allSatisfy { $0 < $1 })
        #expect(last.agreement[2] > 0.6)
        let before = try #require(record.branchValidations.first?.comparison)
        let after = try #require(record.branchValidations.last?.comparison)
        #expect(after.loss < before.loss)
        #expect(after.agreement[0] > before.agreement[0])
        #expect(outcome?.branch != nil)
    }

    @Test(
        "What was fitted agrees when decoding as it did when fitting, in every family",
        arguments: [nil, "marian/opus", "marian/ssru", "families/m2m_100", "families/mbart"])
    func agreesInDecoding(family: String?) throws {
        var fixture = try family.map { try Fixture(family: $0) } ?? Fixture()
        if family == "families/m2m_100" { fixture.prefix = [5] }
        fixture.hasBranch = family != "marian/ssru"
        let place = try TemporaryDirectory()
        let record = Record()
        let run = try fixture.begin(fixture.options(place.path + "/run", steps: 10))
        let outcome = try #require(try run.run(isInterrupted: { false }, report: record.note))
        let output = place.path + "/adapted"
        var exits = ExitsConfiguration(
            decoderLayers: fixture.checkpoint.configuration.decoder.layers)
        exits.decoderTraining = .adapted
        try fixture.checkpoint.writeExits(exits, outcome.tensors, to: output)
        let adapted = try TranslationModel(Checkpoint(directory: output))
        let best = record.validations.min { $0.comparison.loss < $1.comparison.loss }
        let expected = try #require(best?.comparison)
        let sentences = outcome.held
        let got = agreement(adapted, sentences, prefix: fixture.prefix)
        let branch = record.branchValidations.min { $0.comparison.loss < $1.comparison.loss }
        let all = expected.agreement + (branch?.comparison.agreement ?? [])
        #expect(got.count == all.count)
        for (one, other) in zip(got, all) {
            // Rounding may turn a tie of two ids.
            #expect(abs(one - other) < 0.01)
        }
        let first = try #require(record.validations.first?.comparison)
        #expect(expected.loss < first.loss)
    }

    @Test("The result is the same with any number of threads")
    func threads() throws {
        let fixture = try Fixture()
        let results = try [1, 2, 5].map { threads in
            let place = try TemporaryDirectory()
            var options = fixture.options(place.path + "/run", steps: 12)
            options.threads = threads
            let outcome = try fixture.begin(options).finish()
            return try bytes(#require(outcome))
        }
        #expect(results[0] == results[1])
        #expect(results[0] == results[2])
    }

    @Test(
        "A run that was interrupted and goes on comes to what one comes to that never was",
        arguments: [0, 1, 2, 4, 9, 18, 24])
    func resumed(questions: Int) throws {
        let fixture = try Fixture()
        let place = try TemporaryDirectory()
        let whole = try fixture.begin(fixture.options(place.path + "/whole", steps: 14)).finish()
        let options = fixture.options(place.path + "/parts", steps: 14)
        var asked = 0
        let part = try fixture.begin(options).run(
            isInterrupted: {
                asked += 1
                return asked > questions
            }, report: { _ in })
        #expect(part == nil || part?.end == .interrupted)
        let rest = try fixture.begin(options, resuming: true).finish()
        #expect(try bytes(#require(rest)) == bytes(#require(whole)))
    }

    @Test("An interrupted fit gives what was fitted so far")
    func interrupted() throws {
        let fixture = try Fixture()
        let place = try TemporaryDirectory()
        let record = Record()
        let outcome = try fixture.begin(fixture.options(place.path + "/run", steps: 50)).run(
            isInterrupted: { record.steps >= 10 }, report: record.note)
        #expect(outcome?.end == .interrupted)
        #expect(record.steps == 10)
    }

    @Test("A budget ends a run, which has translated for a third of it at most, and has a result")
    func budget() throws {
        let fixture = try Fixture()
        let place = try TemporaryDirectory()
        var options = fixture.options(place.path + "/run", steps: 1000)
        options.seconds = 9
        var time = 0.0
        let record = Record()
        let run = try AdaptationRun(
            fixture.model, of: fixture.checkpoint,
            sources: (fixture.sources(2000, seed: 1), fixture.sources(40, seed: 2)), prefix: [],
            options: options, resuming: false,
            clock: {
                time += 1
                return time
            })
        let outcome = try run.run(isInterrupted: { false }, report: record.note)
        #expect(outcome?.end == .time)
        #expect(record.steps > 0)
        #expect(record.sentences < 2000)
    }

    @Test("A directory is begun once and resumed with the same settings only")
    func directories() throws {
        let fixture = try Fixture()
        let place = try TemporaryDirectory()
        var options = fixture.options(place.path + "/run", steps: 1)
        #expect(throws: CheckpointError.self) { try fixture.begin(options, resuming: true) }
        _ = try fixture.begin(options)
        #expect(throws: CheckpointError.self) { try fixture.begin(options) }
        _ = try fixture.begin(options, resuming: true)
        options.settings = "text: b\nseed: 1\n"
        let error = #expect(throws: CheckpointError.self) {
            try fixture.begin(options, resuming: true)
        }
        #expect(error?.found == "text: b now")
        #expect(error?.expected == "text: a, as the run began")
    }

    @Test(
        "An output that is cut off is decoded again, and one that is no output refused by its line",
        arguments: [("4 5 0\n7 8", true), ("4 5 0\n7 x 0\n", false), ("4 5 0\n999\n", false)])
    func outputs(text: String, isFine: Bool) throws {
        let fixture = try Fixture()
        let place = try TemporaryDirectory()
        let options = fixture.options(place.path + "/run", steps: 1)
        _ = try fixture.begin(options)
        try place.write(Array(text.utf8), to: "run/outputs.txt")
        let run = try fixture.begin(options, resuming: true)
        do {
            _ = try run.finish()
            #expect(isFine)
        } catch let error as CheckpointError {
            #expect(!isFine)
            #expect(error.subject == "line 2")
        }
    }

    @Test("A state that is of another network is refused, and one that is no state, too")
    func states() throws {
        let fixture = try Fixture()
        let place = try TemporaryDirectory()
        let options = fixture.options(place.path + "/run", steps: 1)
        _ = try fixture.begin(options).finish()
        var file = TensorFile()
        for name in ["parameters", "first_moment", "second_moment", "mean", "best"] {
            file.append(name, [3], [1, 2, 3])
        }
        for name in ["branch.safetensors", "state.safetensors"] {
            for content in [file.bytes, Array("nonsense".utf8)] {
                try place.write(content, to: "run/" + name)
                let run = try fixture.begin(options, resuming: true)
                #expect(throws: CheckpointError.self, "\(name)") {
                    _ = try run.finish()
                }
            }
        }
    }
}

@Suite("A checkpoint with other exits", .timeLimit(.minutes(10)))
struct ExitWritingTests {
    @Test("has every other file as it was, with those in it that no checkpoint has")
    func files() throws {
        let fixture = try Fixture()
        try fixture.directory.write(Array("read me".utf8), to: "README.md")
        try fixture.directory.write(Array("{}".utf8), to: "unrelated.json")
        let place = try TemporaryDirectory()
        let exits = ExitsConfiguration(decoderLayers: 4)
        try fixture.checkpoint.writeExits(
            exits, [.init(name: "x", shape: [1], values: [1])], to: place.path + "/new")
        let new = place.names(in: "new")
        let old = fixture.directory.names()
        #expect(Set(new) == Set(old).union(["exits.json", "exits.safetensors"]))
        for name in old {
            #expect(place.bytes("new/" + name) == fixture.directory.bytes(name), "\(name)")
        }
    }

    @Test("is not made of a package, which shoal import makes a directory of")
    func package() throws {
        let checkpoint = try Checkpoint(
            directory: Repository.path("Tests/Golden/ctranslate2/translate-de_en.argosmodel"))
        let place = try TemporaryDirectory()
        let error = #expect(throws: CheckpointError.self) {
            try checkpoint.writeExits(
                ExitsConfiguration(decoderLayers: 2), [], to: place.path + "/new")
        }
        #expect(error?.expected.contains("shoal import") == true)
    }
}
