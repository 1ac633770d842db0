import Checkpoint
import Glibc
import Tensor
import TestSupport
import Testing
import Training
import TranslationModel

/// Makes files of this process end at `limit` bytes, with an error instead of a signal.
private func limitFiles(to limit: UInt) {
    signal(SIGXFSZ, SIG_IGN)
    var limits = rlimit(rlim_cur: limit, rlim_max: limit)
    setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limits)
}

@Suite("The directory of a training run")
struct RunDirectoryTests {
    @Test("that has a run is not begun anew")
    func notOverwritten() throws {
        let fixture = try RunFixture()
        try fixture.run(last: 2)
        let before = try fixture.state()
        let error = #expect(throws: CheckpointError.self) { try fixture.run() }
        #expect(error?.file == fixture.options.directory)
        #expect("\(try #require(error))".contains("--resume, or another directory"))
        #expect(try fixture.state() == before)
    }

    @Test("that has no run is not resumed")
    func nothingToResume() throws {
        let fixture = try RunFixture()
        let error = #expect(throws: CheckpointError.self) { try fixture.run(resuming: true) }
        #expect(error?.code == .fileMissing)
    }

    @Test("cannot be a file")
    func noDirectory() throws {
        let fixture = try RunFixture()
        fixture.options.directory = "/dev/null/run"
        let error = #expect(throws: CheckpointError.self) { try fixture.run() }
        #expect(error?.code == .fileUnwritable)
    }

    @Test(
        "goes on only with the settings that it began with, and names the one that differs",
        arguments: [
            ("steps: 13\nmodel.width: 8\n", "model.width"),
            ("steps: 14\nmodel.width: 16\n", "steps"),
            ("steps: 13\n", "model.width"),
            ("steps: 13\nmodel.width: 16\nseed: 1\n", "seed"),
            ("", "steps"),
        ])
    func otherSettings(settings: String, key: String) throws {
        let fixture = try RunFixture()
        try fixture.run(last: 2)
        fixture.options.settings = settings
        // Sizes follow from the settings, but the setting is what has to be named.
        fixture.variant.separateClassifiers = true
        let error = #expect(throws: CheckpointError.self) { try fixture.run(resuming: true) }
        #expect(error?.subject == key)
    }

    @Test(
        "whose state says what cannot be is refused by the name of what it says",
        arguments: [
            ("step", "x"), ("step", "9223372036854775807"), ("epoch", "-1"), ("batch", ""),
            ("validations_since_best", "1.5"), ("step_sums", "1 2"), ("step_sums", "1 0 0 0 0 0 0"),
            ("step_sums", "1 9223372036854775807 0 0"), ("step_sums", "1 -1 3 0 0 0 0 0 0 0 0 0"),
            ("step_sums", "1 0 0 0 0 0 nan 1 1"), ("step_sums", "1 1 0 0 0 0 0 0 0 0 0 0 0"),
        ])
    func wrongState(name: String, text: String) throws {
        let fixture = try RunFixture()
        try fixture.run(last: 4)
        let state = try Weights(safetensors: "state.safetensors", in: fixture.options.directory)
        let tensors = try state.entries.map { entry in
            SafetensorsWriter.Tensor(
                name: entry.name, shape: entry.shape,
                values: try state.floats(named: entry.name, shape: entry.shape))
        }
        try SafetensorsWriter.write(
            tensors, metadata: state.metadata.merging([name: text]) { $1 },
            to: "state.safetensors", in: fixture.options.directory)
        let error = #expect(throws: CheckpointError.self) { try fixture.run(resuming: true) }
        #expect(error?.code == .malformedSafetensors)
        #expect(error?.subject == name)
    }

    @Test("goes on where the corpus has become shorter")
    func shorterCorpus() throws {
        let fixture = try RunFixture()
        try fixture.run(last: 4)
        fixture.corpus = Array(fixture.corpus.prefix(5))
        let trainer = try fixture.run(resuming: true)
        #expect(trainer.position.step == 13)
    }

    @Test(
        "holds a checkpoint that decodes as the network does",
        arguments: [
            .init(), .init(activation: "swish", sharedLayers: true),
            .init(activation: "gelu", separateClassifiers: true, heads: Set(ExitHead.allCases)),
            .init(activation: "quick_gelu", norms: .beforeBlock, heads: Set(ExitHead.allCases)),
        ] as [Tiny.Variant])
    func checkpoint(variant: Tiny.Variant) throws {
        let fixture = try RunFixture(variant)
        let trainer = try fixture.run()
        let checkpoint = try fixture.checkpoint()
        let model = try TranslationModel(checkpoint)
        #expect(model.availableHeads == variant.heads)
        #expect(checkpoint.exits.classifiers == (variant.separateClassifiers ? .separate : .shared))
        let network = trainer.network
        try network.load(checkpoint.weights, exits: checkpoint.exitHeads)
        network.repack()
        for pair in fixture.validation {
            let expected = trainer.evaluate([pair]).exits
            for (got, expected) in zip(evaluate(pair, model), expected) {
                #expect(got.correct == expected.correct)
                // Both sum the same fp32 products, in another order where keys are many.
                #expect(
                    abs(got.loss - expected.negativeLogLikelihood)
                        < 1e-5 * (1 + expected.negativeLogLikelihood))
            }
        }
    }

    /// What each exit of a model for decoding says of a given translation, every state present: the sum
    /// of −log p(y), and how often y is the most probable.
    private func evaluate(
        _ pair: SentencePair, _ model: TranslationModel
    ) -> [(loss: Double, correct: Int)] {
        let source = model.encode([pair.source], scratch: EncoderScratch(for: model))[0]
        let step = DecoderStep(for: model)
        let state = DecoderState(source: source, in: step)
        var exits = Array(repeating: (loss: 0.0, correct: 0), count: model.decoderLayerCount)
        var node: Int32?
        let inputs = [model.configuration.decoderStartID] + pair.target.dropLast()
        for (input, target) in zip(inputs, pair.target) {
            let next = state.append(after: node)
            if let node { state.release(node) }
            node = next
            step.begin([DecoderRow(state: state, token: input, node: next)])
            for n in exits.indices {
                step.runLayer(n + 1)
                step.classify([0], after: n + 1)
                let top = LogitRow(step.logits, row: 0).top()
                exits[n].loss += Double(top.logSumExp - step.logits[0, target])
                exits[n].correct += top.id == target ? 1 : 0
            }
            step.leave([0])
        }
        return exits
    }

    @Test("on a disk that is full keeps the former state and checkpoint")
    func fullDisk() async {
        await #expect(processExitsWith: .success) {
            let fixture = try RunFixture()
            try fixture.run(last: 5)
            let state = try fixture.state()
            let model = try TranslationModel(fixture.checkpoint()).byteCount
            // Parameters of 73 kB fit the first limit, the state of three times that does not.
            for limit in [100_000, 20_000] as [UInt] {
                limitFiles(to: limit)
                let error = #expect(throws: CheckpointError.self) {
                    try fixture.run(resuming: true)
                }
                #expect(error?.code == .fileUnwritable)
                #expect(try fixture.state() == state)
                #expect(!fixture.files().contains { $0.hasSuffix(".tmp") })
                #expect(try TranslationModel(fixture.checkpoint()).byteCount == model)
            }
        }
    }
}
