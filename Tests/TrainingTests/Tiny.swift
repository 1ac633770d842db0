import Checkpoint
import Tensor
import TensorTraining
import TestSupport
import Training
import TranslationModel

/// A network of the reference's sizes with first values of its own, and a task that it can learn.
enum Tiny {
    /// V of the reference; the last id is the pad, id 0 the end of sentence.
    static let vocabularySize = 40

    /// Variants of a network.
    struct Variant: Sendable {
        var activation = "relu"
        var sharedLayers = false
        var norms = Architecture.NormPlacement.behindSum
        var separateClassifiers = false
        var heads: Set<ExitHead> = []
        var seed: UInt64 = 5
    }

    static func network(_ variant: Variant = Variant()) throws -> TrainableNetwork {
        let network = TrainableNetwork(
            try Reference.configuration(
                activation: variant.activation, sharedLayers: variant.sharedLayers,
                norms: variant.norms),
            separateClassifiers: variant.separateClassifiers, heads: variant.heads)
        network.initialize(seed: variant.seed, residualGain: 0.5)
        network.repack()
        return network
    }

    /// Sentences of 2 to 9 ids that are their own translations.
    static func copies(_ count: Int, seed: UInt64 = 1) -> [SentencePair] {
        var random = SeededGenerator(seed: seed)
        return (0..<count).map { _ in
            let ids = (0..<1 + random.below(8)).map { _ in 1 + random.below(6) } + [0]
            return SentencePair(source: ids, target: ids)
        }
    }

    /// An objective without randomness.
    static func objective(
        _ decoder: Objective.DecoderTraining = .aligned(weights: .uniform, gradientScaling: 1)
    ) -> Objective {
        var objective = Objective()
        objective.decoder = decoder
        objective.dropout = 0
        return objective
    }

    /// Options that train on the copy task.
    static func options(steps: Int) -> Trainer.Options {
        var options = Trainer.Options()
        options.batchTokens = 60
        options.pieces = 3
        options.steps = steps
        options.learningRate = LearningRate(peak: 5e-3, warmUp: 5)
        return options
    }
}

extension TrainableNetwork {
    /// All parameters.
    var values: [Float] { parameters.withValues(0..<layout.count) { Array($0) } }

    /// The bits of all parameters.
    var bits: [UInt32] { values.map(\.bitPattern) }

    /// The place of a tensor.
    func range(_ name: String) -> Range<Int>? {
        layout.entries.first { $0.name == name }?.range
    }
}
