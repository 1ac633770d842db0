import Checkpoint
import Configuration
import SentencePiece
import SentencePieceTraining
import System
import TensorTraining
import Training

/// Everything that `shoal train` can be told, with its defaults.
struct TrainingSettings {
    var trainingSource = ""
    var trainingTarget = ""
    var validationSource = ""
    var validationTarget = ""
    /// Sentences with more tokens on either side are left out.
    var maximumTokens = 128
    var sourceLanguage = "de"
    var targetLanguage = "en"
    /// Whether the model is given a mark at the end of sentences that have none.
    var completesSentences = false
    /// A checkpoint whose vocabulary is taken; empty to learn one.
    var vocabularyFrom = ""
    var vocabulary = VocabularyTrainer.Options()
    /// A .spm file whose normalisation the learnt vocabulary takes over; empty for none.
    var normalizerFrom = ""
    /// A checkpoint whose sizes and weights are the start; empty for a new network.
    var startFrom = ""
    var model = NewNetwork()
    var decoderTraining = DecoderTraining.aligned
    var exitWeights = Objective.ExitWeights.uniform
    var gradientScaling = 1.0
    var mixedSamples = 1
    var heads: [HeadSettings] = ExitHead.allCases.map { HeadSettings(head: $0) }
    /// `default_policy` of exits.json.
    var defaultPolicy = ExitPolicy.full
    /// The objective's numbers; decoder training and heads are above.
    var objective = Objective()
    /// The number of best snapshots that are averaged, and when things happen.
    var run = TrainingRun.Options(directory: "")
    /// Validations without a better loss after which training ends; 0 to go on.
    var patience = 0
    var trainer = Trainer.Options()
    /// The greatest norm of a gradient; 0 for no limit.
    var clipNorm = 1.0
    var beta1 = 0.9
    var beta2 = 0.98
    var epsilon = 1e-9
    var weightDecay = 0.0

    /// The decoder's training as one word.
    enum DecoderTraining: String, CaseIterable {
        case aligned, mixed, baseline, frozen
    }

    /// A new network.
    struct NewNetwork {
        var sizes = NetworkSizes()
        var classifiers = ExitsConfiguration.Classifiers.shared
        var residualGain = 0.4
    }

    /// How one exit head learns.
    struct HeadSettings {
        let head: ExitHead
        /// Nil where the head does not learn.
        var oracle: ExitsConfiguration.Oracle?
        var lambda = 0.0
        var sigma = 1.0
    }
}

extension Setting<TrainingSettings> {
    /// Every key, in the order in which help and the files list them.
    static var all: [Setting] {
        data + vocabulary + model + decoder + heads + optimizer + schedule
    }

    private static var data: [Setting] {
        let file = "a text file, a sentence a line"
        return [
            .text("data.train.source", \.trainingSource, "Source sentences.", range: file),
            .text("data.train.target", \.trainingTarget, "Their translations.", range: file),
            .text("data.validation.source", \.validationSource, "Source sentences.", range: file),
            .text("data.validation.target", \.validationTarget, "Their translations.", range: file),
            .integer(
                "data.max_tokens", \.maximumTokens, 2...65_536,
                "Longer sentences are left out; never above the model's positions."),
            .text(
                "languages.source", \.sourceLanguage, "Language of the source.", range: "a code"),
            .text(
                "languages.target", \.targetLanguage, "Language of the target.", range: "a code"),
            .flag(
                "languages.complete_sentences", \.completesSentences,
                "Whether what serves the model ends sentences for it that have no mark at their end, and takes the mark from their translations; what training starts from keeps it."
            ),
        ]
    }

    private static var vocabulary: [Setting] {
        [
            .optionalText(
                "vocabulary.from", \.vocabularyFrom,
                "Checkpoint whose vocabulary is used; empty: a vocabulary is learnt from the training text."
            ),
            .choice(
                "vocabulary.algorithm", \.vocabulary.algorithm, "How pieces are learnt."),
            .integer(
                "vocabulary.size", \.vocabulary.size, 8...1_000_000,
                "Pieces, special ones and bytes included."),
            .optionalText(
                "vocabulary.normalizer_from", \.normalizerFrom,
                "SentencePiece model whose normalisation is used; empty: only spaces are normalised.",
                range: "a .spm file, or empty"),
            .number(
                "vocabulary.character_coverage", \.vocabulary.characterCoverage, 0.9...1,
                "Share of the text's characters that become pieces."),
            .flag(
                "vocabulary.byte_fallback", \.vocabulary.byteFallback,
                "Whether other characters become bytes rather than <unk>."),
        ]
    }

    private static var model: [Setting] {
        [
            .optionalText(
                "init", \.startFrom,
                "Checkpoint to start from; its sizes and vocabulary replace those set here."),
            .integer("model.width", \.model.sizes.width, 2...16_384, "Model width d, even."),
            .integer(
                "model.heads", \.model.sizes.heads, 1...1024, "Attention heads of both stacks."),
            .integer(
                "model.encoder_layers", \.model.sizes.encoderLayers, 1...256, "Encoder layers."),
            .integer(
                "model.decoder_layers", \.model.sizes.decoderLayers, 1...256, "Decoder layers, N."),
            .integer(
                "model.feed_forward_width", \.model.sizes.feedForwardWidth, 1...131_072,
                "Inner width of the feed-forward blocks."),
            .choice(
                "model.activation", \.model.sizes.activation,
                "Activation function of the feed-forward blocks."),
            .choice(
                "model.norm", \.model.sizes.norms,
                "Where layers normalise: behind the sum of a block and its input (post), or before the block, and once more at the end of both stacks (pre)."
            ),
            .integer(
                "model.max_positions", \.model.sizes.maximumPositions, 2...65_536,
                "Longest sequence, end of sentence included."),
            .flag(
                "model.shared_layers", \.model.sizes.sharesLayers,
                "Whether all layers of a stack share one layer's weights (Universal Transformer)."),
            .choice(
                "model.exit_classifiers", \.model.classifiers,
                "Whether exits share the output projection."),
            .number(
                "model.residual_gain", \.model.residualGain, 0.01...2,
                "Gain of the initial weights at the end of residual branches."),
        ]
    }

    private static var decoder: [Setting] {
        [
            .choice("decoder.training", \.decoderTraining, "How the decoder is trained."),
            .choice(
                "decoder.exit_weights", \.exitWeights, "Weights ω of the exits in aligned training."
            ),
            .number(
                "decoder.gradient_scaling", \.gradientScaling, 0.01...100,
                "γ of aligned training: weight of an exit's loss in the gradient of its own layer."),
            .integer(
                "decoder.samples", \.mixedSamples, 1...64,
                "M, sequences of exits drawn in mixed training."),
            .integer(
                "decoder.sampled_exits", \.objective.sampledExits, 0...255,
                "m, exits below the last that a token asks in a step of aligned training, drawn anew each time; 0: all."
            ),
            .number(
                "decoder.self_distillation", \.objective.selfDistillation, 0...1,
                "Share of the last exit's distribution in the targets of those below."),
        ]
    }

    private static var heads: [Setting] {
        let each = TrainingSettings().heads.indices.flatMap { index -> [Setting] in
            let name = "heads." + TrainingSettings().heads[index].head.rawValue
            return [
                Setting(
                    key: name + ".oracle",
                    help: "Oracle that the head learns; empty: the head is not trained.",
                    range: ExitsConfiguration.Oracle.allCases.map(\.rawValue)
                        .joined(separator: ", ") + ", or empty",
                    read: { $0.heads[index].oracle?.rawValue ?? "" },
                    write: { settings, text in
                        settings.heads[index].oracle = ExitsConfiguration.Oracle(rawValue: text)
                        return text.isEmpty || settings.heads[index].oracle != nil
                    }),
                .number(
                    name + ".lambda", \.heads[index].lambda, 0...100, "λ, the price of a layer."),
                .number(
                    name + ".sigma", \.heads[index].sigma, 0...1000,
                    "σ, the width of the smoothing, of the smoothed oracles."),
            ]
        }
        return each + [
            .number(
                "heads.weight", \.objective.headWeight, 0...1000,
                "α, the weight of the heads' loss beside the decoder's."),
            .integer(
                "heads.from_step", \.trainer.headsFromStep, 1...1_000_000_000,
                "The first step at which the heads learn."),
            .choice(
                "default_policy", \.defaultPolicy,
                "Policy of requests that name none; a learned policy needs its head.",
                where: { !$0.needsLayer }),
            .flag(
                "heads.reach_network", \.objective.headsReachNetwork,
                "Whether the heads' loss changes the network too."),
        ]
    }

    private static var optimizer: [Setting] {
        [
            .number(
                "optimizer.peak_rate", \.trainer.learningRate.peak, 0...10, "Highest learning rate."
            ),
            .integer(
                "optimizer.warm_up", \.trainer.learningRate.warmUp, 0...1_000_000,
                "Steps until the highest learning rate."),
            .choice(
                "optimizer.decay", \.trainer.learningRate.decay,
                "How the learning rate goes on after that."),
            .number("optimizer.beta1", \.beta1, 0...0.9999, "Adam's β1."),
            .number("optimizer.beta2", \.beta2, 0...0.99999, "Adam's β2."),
            .number("optimizer.epsilon", \.epsilon, 1e-12...1, "Adam's ε."),
            .number("optimizer.weight_decay", \.weightDecay, 0...1, "Decoupled weight decay."),
            .number(
                "optimizer.clip_norm", \.clipNorm, 0...1_000_000,
                "Largest norm of the gradient; 0: no limit."),
            .number(
                "optimizer.label_smoothing", \.objective.labelSmoothing, 0...0.99,
                "ε of label smoothing."),
            .number(
                "optimizer.dropout", \.objective.dropout, 0...0.99,
                "Share of elements that dropout sets to 0."),
            .integer(
                "batch.tokens", \.trainer.batchTokens, 2...100_000_000,
                "Most target tokens of a batch."),
            .integer(
                "batch.pieces", \.trainer.pieces, 1...4096,
                "Pieces of a batch; no more threads than pieces have work."),
        ]
    }

    private static var schedule: [Setting] {
        [
            .integer("steps", \.trainer.steps, 1...1_000_000_000, "The last step."),
            Setting(
                key: "seed", help: "Seed of everything random.", range: "0 to 2^64 - 1",
                read: { String($0.trainer.seed) },
                write: { settings, text in
                    guard let seed = UInt64(text) else { return false }
                    settings.trainer.seed = seed
                    return true
                }),
            .integer(
                "validation.every", \.run.validationInterval, 1...1_000_000_000,
                "Steps between two validations."),
            .integer(
                "validation.patience", \.patience, 0...1_000_000,
                "Validations without a better loss after which the run ends; 0: no early end."),
            .integer(
                "average", \.run.averaged, 1...1000,
                "Best snapshots kept; the model is the mean of the first so many that validates best."
            ),
            .integer(
                "save.every", \.run.saveInterval, 1...1_000_000_000, "Steps between two saves."),
            .integer(
                "log.every", \.run.logInterval, 1...1_000_000_000,
                "Steps between two lines of the log."),
        ]
    }
}

extension TrainingSettings {
    /// Keys that may change when a run is resumed.
    private static let free: Set<String> = [
        "steps", "validation.patience", "average", "save.every", "log.every",
    ]

    /// Keys that name a file or a folder: what it holds counts, not where it is.
    private static let paths: Set<String> = [
        "data.train.source", "data.train.target", "data.validation.source",
        "data.validation.target", "init", "vocabulary.from", "vocabulary.normalizer_from",
    ]

    /// What a run is bound to, a line each: keys with their values, and `contents` with their digests.
    func bound(to contents: [(name: String, digest: [UInt8])]) -> String {
        let values = Setting<TrainingSettings>.all
            .filter { !Self.free.contains($0.key) && !Self.paths.contains($0.key) }
            .map { "\($0.key): \($0.read(self))\n" }
        let digests = contents.map { "\($0.name): SHA-256 \(Hexadecimal.text($0.digest))\n" }
        return (values + digests).joined()
    }
}
