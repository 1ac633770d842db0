import Checkpoint
import Tensor
public import TensorTraining
import TranslationModel

/// Trains a network step by step.
///
/// Everything random follows from the seed and the number of the step, so that a trainer restored from
/// `state` goes on bit for bit as the one that it was taken from.
public final class Trainer {
    /// How to train.
    public struct Options: Sendable {
        /// What is minimised.
        public var objective = Objective()
        /// The optimiser.
        public var adam = Adam()
        /// The learning rate over the steps.
        public var learningRate = LearningRate()
        /// The greatest norm of a gradient; nil for no limit.
        public var clipNorm: Double? = 1
        /// The first step in which heads learn; before it α is 0.
        public var headsFromStep = 1
        /// Target tokens of a batch, at most.
        public var batchTokens = 1800
        /// Pieces that a batch is cut into: at most so many threads have work, and the fewer sentences
        /// a piece holds the less memory it takes.
        public var pieces = 8
        /// Threads that compute.
        public var threads = 1
        /// The last step.
        public var steps = 10_000
        /// Everything random follows from it.
        public var seed: UInt64 = 1

        /// The defaults above.
        public init() {}
    }

    /// Where training stands, beside parameters and moments.
    public struct Position: Sendable, Equatable {
        /// Steps taken.
        public var step = 0
        /// Epochs finished.
        public var epoch = 0
        /// Batches of the present epoch taken.
        public var batch = 0

        /// The start.
        public init() {}
    }

    /// What a step did.
    public struct StepReport: Sendable {
        /// Its number, counted from 1.
        public let step: Int
        /// Epochs gone through, with the share of the present one.
        public let epoch: Double
        /// Sums over the batch.
        public let result: PassResult
        /// The norm of the gradient before clipping.
        public let gradientNorm: Double
        /// The learning rate.
        public let rate: Double
    }

    /// The network that learns.
    public let network: TrainableNetwork
    /// How it learns.
    public let options: Options
    /// Adam's means.
    public let moments: Adam.Moments
    /// Where training stands; set together with parameters and moments when it is resumed.
    public var position = Position() {
        didSet { if position.epoch != oldValue.epoch { planEpoch() } }
    }

    private let corpus: [SentencePair]
    private let gradient: BatchGradient
    private let optimizer: Optimizer
    private let trained: [Range<Int>]
    private var plan: BatchPlan

    /// A trainer at the start.
    ///
    /// - Parameters:
    ///   - network: initialised; its packed copies are brought up to date.
    ///   - options: how to train.
    ///   - corpus: what to train on.
    /// - Throws: `emptyCorpus`, `batchTooSmall`, `exitsNotSampled`.
    public init(
        _ network: TrainableNetwork, _ options: Options, corpus: [SentencePair]
    ) throws(TrainingError) {
        guard !corpus.isEmpty else { throw .emptyCorpus }
        let longest = corpus.reduce(0) { max($0, $1.target.count) }
        guard longest <= options.batchTokens else {
            throw .batchTooSmall(tokens: options.batchTokens, longest: longest)
        }
        try options.objective.checkSampling(layers: network.configuration.decoder.layers)
        self.network = network
        self.options = options
        self.corpus = corpus
        moments = Adam.Moments(count: network.layout.count)
        optimizer = Optimizer(
            adam: options.adam, moments: moments,
            threads: options.threads)
        gradient = BatchGradient(
            network, options.objective, threads: options.threads, pieces: options.pieces)
        trained = Self.trained(network.layout, options.objective)
        plan = BatchPlan(targetLengths: [], limit: 1, seed: 0, epoch: 0)
        network.repack(threads: options.threads)
        planEpoch()
    }

    /// The parameters that learn: everything, or the objective's heads alone.
    private static func trained(
        _ layout: ParameterLayout, _ objective: Objective
    ) -> [Range<Int>] {
        guard !objective.trainsNetwork else { return [0..<layout.count] }
        return layout.entries.filter { entry in
            objective.heads.contains { entry.name.hasPrefix("exits.\($0.head.rawValue).") }
        }.map(\.range)
    }

    /// Takes a step.
    ///
    /// - Returns: what it did.
    /// - Throws: `diverged`, and then parameters and position are as before.
    public func step() throws(TrainingError) -> StepReport {
        let before = position
        // Behind the last batch also where the corpus has shrunk since the position was saved.
        if position.batch >= plan.batches.count {
            position.epoch += 1
            position.batch = 0
        }
        let number = position.step + 1
        let pairs = plan.batches[position.batch].map { corpus[$0] }
        let result = gradient.run(
            pairs, seed: options.seed, step: number,
            headsLearn: number >= options.headsFromStep)
        let norm = optimizer.norm(gradient.gradient, in: trained)
        guard result.objective.isFinite, norm.isFinite else {
            position = before
            throw .diverged(step: number, loss: result.objective, gradientNorm: norm)
        }
        let rate = options.learningRate.rate(number, last: options.steps)
        let scale = options.clipNorm.map { norm > $0 ? $0 / norm : 1 } ?? 1
        optimizer.step(
            network.parameters, gradient.gradient, in: trained,
            .init(number: number, rate: Float(rate), gradientScale: Float(scale)))
        network.repack(threads: options.threads)
        position.step = number
        position.batch += 1
        return StepReport(
            step: number,
            epoch: Double(position.epoch) + Double(position.batch) / Double(plan.batches.count),
            result: result, gradientNorm: norm, rate: rate)
    }

    /// What the network gives on other sentences, without dropout.
    ///
    /// - Parameter pairs: at least one.
    /// - Returns: sums over them; `objective` is the mean loss. Every exit is asked, but for a baseline
    ///   without heads, which has one.
    public func evaluate(_ pairs: [SentencePair]) -> PassResult {
        NetworkEvaluation(network, options.objective, threads: options.threads).run(pairs)
    }

    private func planEpoch() {
        plan = BatchPlan(
            targetLengths: corpus.map(\.target.count), limit: options.batchTokens,
            seed: options.seed, epoch: position.epoch)
    }
}
