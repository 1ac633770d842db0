import Adaptation
import Checkpoint
import Tensor
import TestSupport
import TranslationModel

/// An ordinary checkpoint with a random network, and runs that adapt it.
struct Fixture {
    let checkpoint: Checkpoint
    let model: TranslationModel
    let directory: TemporaryDirectory
    /// Target ids that every output begins with.
    var prefix: [Int] = []
    /// Whether runs fit a side branch.
    var hasBranch = true

    /// A random network of four layers, of which exits say little.
    init(_ precision: Precision = .float32) throws {
        var options = CheckpointWriter.Options()
        options.decoderLayers = 4
        options.vocabularySize = 30
        options.withExits = false
        options.scale = 0.3
        directory = try TemporaryDirectory()
        try CheckpointWriter(options).write(to: directory)
        checkpoint = try Checkpoint(directory: directory.path)
        model = try TranslationModel(checkpoint, precision: precision)
    }

    /// A family of networks as another program wrote it.
    init(family: String) throws {
        directory = try Repository.copiedNetwork(family)
        checkpoint = try Checkpoint(directory: directory.path)
        model = try TranslationModel(checkpoint)
    }

    /// Sentences of a few ids.
    func sources(_ count: Int, seed: UInt64) -> [[Int]] {
        var random = SeededGenerator(seed: seed)
        let c = checkpoint.configuration
        return (0..<count).map { _ in
            (0..<2 + random.below(6)).map { _ in 3 + random.below(c.sourceVocabularySize - 6) }
                + [c.endOfSentenceID]
        }
    }

    /// Options of a short run in a directory.
    func options(_ directory: String, steps: Int) -> AdaptationRun.Options {
        var options = AdaptationRun.Options(directory: directory)
        options.steps = steps
        options.branchLayers = hasBranch ? 1 : 0
        options.branchSteps = steps
        options.batchTokens = 120
        options.rate = 0.01
        options.validationInterval = 5
        options.patience = 1000
        options.settings = "text: a\nseed: 1\n"
        return options
    }

    /// Begins a run, or goes on with it.
    func begin(
        _ options: AdaptationRun.Options, resuming: Bool = false,
        clock: @escaping () -> Double = { 0 }
    ) throws(CheckpointError) -> AdaptationRun {
        try AdaptationRun(
            model, of: checkpoint, sources: (sources(300, seed: 1), sources(40, seed: 2)),
            prefix: prefix, options: options, resuming: resuming, clock: clock)
    }
}

extension AdaptationRun {
    /// Runs to the end without a word.
    func finish() throws -> Outcome? {
        try run(isInterrupted: { false }, report: { _ in })
    }
}

/// What a run said.
final class Record {
    private(set) var validations: [(step: Int, comparison: ExitComparison)] = []
    /// Of the side branch.
    private(set) var branchValidations: [(step: Int, comparison: ExitComparison)] = []
    /// Of all fits.
    private(set) var steps = 0
    private(set) var decoded = 0
    private(set) var sentences = 0
    private(set) var end: AdaptationRun.End?

    func note(_ event: AdaptationRun.Event) {
        switch event {
        case .decoded(let done, of: _): decoded = done
        case .started(_, _, let sentences): self.sentences = sentences
        case .step: steps += 1
        case .validated(.adapters, let step, let comparison, _):
            validations.append((step, comparison))
        case .validated(.branch, let step, let comparison, _):
            branchValidations.append((step, comparison))
        case .finished(_, let end, _): self.end = end
        }
    }
}

/// The file that a run's result makes, to be compared bit by bit.
func bytes(_ outcome: AdaptationRun.Outcome) throws -> [UInt8] {
    let directory = try TemporaryDirectory()
    try SafetensorsWriter.write(outcome.tensors, to: "exits.safetensors", in: directory.path)
    return directory.bytes("exits.safetensors")
}
