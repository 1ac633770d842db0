public import Checkpoint
import Decoding
import System
import Tensor
public import Training
public import TranslationModel

/// A whole adaptation in a directory: the outputs of the text, then fits that learn from them, of adapters and of a side branch.
///
/// The directory holds `settings.txt` (what the run is bound to), `outputs.txt`, `state.safetensors` and `branch.safetensors`. A run that is killed at any
/// moment loses the outputs of a few sentences, or the steps since the last save. The library reports through events and prints nothing.
public final class AdaptationRun {
    /// When things happen.
    public struct Options: Sendable {
        /// Where the run is kept.
        public var directory: String
        /// The last step of the adapters' fit.
        public var steps = 4000
        /// Decoder layers of the side branch; 0: none is fitted.
        public var branchLayers = 0
        /// The last step of the branch's fit.
        public var branchSteps = 8000
        /// Share of elements that the branch drops while it learns, 0 ..< 1.
        public var branchDropout = 0.1
        /// Seconds that outputs and fits may take together in this start: a third of them outputs, and where a branch is fitted the rest of
        /// half of them adapters; nil: as many as they take.
        public var seconds: Double?
        /// Target tokens of a step.
        public var batchTokens = 1800
        /// The highest learning rate.
        public var rate = 2e-3
        /// The same seed gives the same order of sentences.
        public var seed: UInt64 = 1
        /// Threads that share the work; the result does not depend on them.
        public var threads = 1
        /// Steps between two validations, after each of which the state is saved.
        public var validationInterval = 100
        /// Validations without a better loss after which the fit ends.
        public var patience = 8
        /// What the run is bound to as text, `key: value` a line; compared when the run is resumed.
        public var settings = ""

        /// The defaults above.
        public init(directory: String) { self.directory = directory }
    }

    /// What is fitted.
    public enum Part: Sendable {
        /// Adapters and stop heads of the exits below the last.
        case adapters
        /// The side branch.
        case branch
    }

    /// What happens in a run.
    public enum Event: Sendable {
        /// So many of the sentences have outputs.
        case decoded(done: Int, of: Int)
        /// A fit begins behind a step, 0 for a new one, from so many sentences.
        case started(Part, step: Int, sentences: Int)
        /// A step was taken, with the loss of its batch.
        case step(Int, of: Part, loss: Double, tokens: Int)
        /// How the exits compare on the sentences that are held out: 1 … N − 1, or the branch alone.
        case validated(Part, step: Int, ExitComparison, isBest: Bool)
        /// A fit ended.
        case finished(Part, End, bestStep: Int)
    }

    /// Why a fit ended.
    public enum End: Sendable {
        /// The last step was taken.
        case steps
        /// The loss of the held-out sentences had stopped falling.
        case patience
        /// The time was up.
        case time
        /// It was asked to stop.
        case interrupted
    }

    /// What a run came to.
    public struct Outcome {
        /// The best adapters.
        public let adapters: AdapterParameters
        /// The best side branch; nil where none was fitted, and where it agrees with full depth no more often than the exit behind as many
        /// layers of the network, which costs as much.
        public let branch: TrainableBranch?
        /// Why the last fit ended.
        public let end: End
        /// The sentences that were held out, with full depth's outputs.
        public let held: [AdaptationSentence]
        /// Full depth's outputs of the first of the sentences that are learnt from, as many as were decoded: target ids as decoding gave them, none
        /// where it gave nothing.
        public let outputs: [[Int]]

        /// What exits.safetensors holds of it (checkpoint-format.md).
        public var tensors: [SafetensorsWriter.Tensor] {
            adapters.tensors + (branch?.tensors ?? [])
        }
    }

    private let model: TranslationModel
    private let checkpoint: Checkpoint
    private let sources: (training: [[Int]], validation: [[Int]])
    private let prefix: [Int]
    private let options: Options
    private let clock: () -> Double
    private static let chunk = 256

    /// Begins or resumes a run.
    ///
    /// - Parameters:
    ///   - model: the network of `checkpoint`, with at least two decoder layers.
    ///   - checkpoint: what is adapted.
    ///   - sources: what is learnt from, in the order in which it is decoded, and what is held out; both at least one sentence of source
    ///     ids, none longer than the model takes.
    ///   - prefix: target ids that every output begins with.
    ///   - options: when things happen.
    ///   - resuming: whether to go on with the run in the directory; one that has a run is not begun anew, one that has none not resumed.
    ///   - clock: seconds that only ever grow.
    /// - Throws: `CheckpointError` that names the file which cannot be used, `outOfRange` where the run is resumed with other settings.
    public init(
        _ model: TranslationModel, of checkpoint: Checkpoint,
        sources: (training: [[Int]], validation: [[Int]]), prefix: [Int], options: Options,
        resuming: Bool, clock: @escaping () -> Double
    ) throws(CheckpointError) {
        precondition(!sources.training.isEmpty && !sources.validation.isEmpty)
        precondition(model.decoderLayerCount > 1)
        precondition(
            options.branchLayers == 0 || TrainableBranch.canStand(beside: model.configuration))
        self.model = model
        self.checkpoint = checkpoint
        self.sources = sources
        self.prefix = prefix
        self.options = options
        self.clock = clock
        let settings = RunSettings(directory: options.directory)
        try settings.check(resuming: resuming)
        if resuming {
            try settings.compare(options.settings)
        } else {
            try settings.write(options.settings)
        }
    }

    /// Whether a directory is one to begin a run in, or one to resume it in; changes nothing.
    ///
    /// - Throws: `fileMissing` or `outOfRange`, with the directory.
    public static func check(_ directory: String, resuming: Bool) throws(CheckpointError) {
        try RunSettings(directory: directory).check(resuming: resuming)
    }

    /// Decodes and fits to the end.
    ///
    /// - Parameters:
    ///   - isInterrupted: asked after every few sentences and every step; all that was done is saved before the run ends.
    ///   - report: told what happens.
    /// - Returns: the best parameters; nil where it was interrupted before the fit began.
    /// - Throws: `CheckpointError`, `DecodingError`, `AdaptationError`.
    public func run(isInterrupted: () -> Bool, report: (Event) -> Void) throws -> Outcome? {
        let start = clock()
        let known = try FitState(of: .adapters, in: options.directory).progress()
        let outputs = try decode(
            upTo: known.map(\.sentences), since: start, isInterrupted, report)
        guard let outputs else { return nil }
        let held = sentences(sources.validation, outputs[...])
        let training = sentences(sources.training, outputs.dropFirst(sources.validation.count))
        guard !held.isEmpty, !training.isEmpty else { throw AdaptationError.noOutputs }
        let text = Text(
            held: held, training: training, count: outputs.count - sources.validation.count)
        let transposed = model.lastClassifier.transposed(inputs: model.configuration.width)
        let half = options.branchLayers > 0 ? options.seconds.map { start + $0 / 2 } : nil
        let deadline = options.seconds.map { start + $0 }
        let adapters = try learn(
            .adapters, from: text, steps: options.steps, until: half ?? deadline,
            AdapterParameters(startOf: checkpoint), isInterrupted, report
        ) { [model] in AdapterLoss(model, transposed: transposed) }
        var branch: Learned<TrainableBranch>?
        if options.branchLayers > 0, adapters.end != .interrupted {
            let first = TrainableBranch(
                layers: options.branchLayers, beside: model.configuration)
            try first.start(from: checkpoint.weights)
            branch = try learn(
                .branch, from: text, steps: options.branchSteps, until: deadline, first,
                isInterrupted, report
            ) { [model, options] in
                BranchLoss(model, transposed: transposed, dropout: options.branchDropout)
            }
        }
        let rival = adapters.agreement[max(options.branchLayers, 1) - 1]
        let isBetter = branch.map { $0.agreement[0] > rival } ?? false
        return Outcome(
            adapters: adapters.best, branch: isBetter ? branch?.best : nil,
            end: branch?.end ?? adapters.end,
            held: held, outputs: Array(outputs.dropFirst(sources.validation.count)))
    }

    /// What fits learn from and are validated on.
    private struct Text {
        let held: [AdaptationSentence]
        let training: [AdaptationSentence]
        /// Outputs that `training` comes from, those without a token included.
        let count: Int
    }

    /// What a fit came to.
    private struct Learned<Parameters: FittedParameters> {
        let best: Parameters
        /// Of its exits with the last one, on the sentences that are held out.
        let agreement: [Double]
        let end: End
    }

    /// Begins a fit or goes on with it, to its end.
    private func learn<Loss: ExitLoss>(
        _ part: Part, from text: Text, steps: Int, until deadline: Double?,
        _ first: Loss.Parameters, _ isInterrupted: () -> Bool, _ report: (Event) -> Void,
        loss: () -> Loss
    ) throws -> Learned<Loss.Parameters> {
        let state = FitState(of: part, in: options.directory)
        var progress = try state.progress() ?? FitState.Progress(exits: first.exitCount)
        progress.sentences = text.count
        let fit = ExitFit(
            model, start: first, text.training, prefix: prefix, fitOptions, loss: loss)
        let best = first.emptyCopy()
        best.copy(from: fit.now)
        if state.exists { try state.restore(fit, best: best, progress) }
        report(.started(part, step: progress.step, sentences: text.training.count))
        func validate() throws {
            let comparison = fit.compare(text.held, with: fit.mean)
            let isBest = comparison.loss < progress.bestLoss
            if isBest { best.copy(from: fit.mean) }
            progress.note(comparison, step: fit.step, isBest: isBest)
            report(.validated(part, step: fit.step, comparison, isBest: isBest))
            try state.save(fit, best: best, progress)
        }
        func end() -> End? {
            if isInterrupted() { return .interrupted }
            if progress.step >= steps { return .steps }
            if progress.validationsSinceBest >= options.patience { return .patience }
            if let deadline, clock() >= deadline { return .time }
            return nil
        }
        if !state.exists { try validate() }
        var reason = end()
        while reason == nil {
            let sums = try fit.takeStep()
            progress.step = fit.step
            progress.position = fit.order.position
            report(.step(fit.step, of: part, loss: sums.loss, tokens: sums.tokens))
            let isDue = fit.step % options.validationInterval == 0 || fit.step == steps
            if isDue { try validate() }
            reason = end()
            if reason == .time, !isDue { try validate() }
            if reason == .interrupted { try state.save(fit, best: best, progress) }
        }
        let why = reason ?? .steps
        report(.finished(part, why, bestStep: progress.bestStep))
        return Learned(best: best, agreement: progress.bestAgreement, end: why)
    }

    /// Sources with their outputs, without those that have none.
    private func sentences(
        _ sources: [[Int]], _ outputs: ArraySlice<[Int]>
    ) -> [AdaptationSentence] {
        zip(sources, outputs).map(AdaptationSentence.init).filter { !$0.output.isEmpty }
    }

    private var fitOptions: FitOptions {
        FitOptions(
            batchTokens: options.batchTokens, threads: options.threads, seed: options.seed,
            peakRate: options.rate)
    }

    /// The outputs of the held-out sentences and of those that are learnt from: `count` of a fit that has begun, else as many as there is
    /// time for; nil where it was interrupted.
    private func decode(
        upTo count: Int?, since start: Double, _ isInterrupted: () -> Bool,
        _ report: (Event) -> Void
    ) throws -> [[Int]]? {
        let all = sources.validation + sources.training.prefix(count ?? .max)
        let least = sources.validation.count + min(Self.chunk, sources.training.count)
        let store = OutputStore(
            directory: options.directory, vocabularySize: model.vocabularySize)
        var outputs = Array(try store.read().prefix(all.count))
        let decoder = FullDepthDecoder(model, prefix: prefix, threads: options.threads)
        while outputs.count < all.count {
            report(.decoded(done: outputs.count, of: all.count))
            if isInterrupted() { return nil }
            if count == nil, outputs.count >= least, let seconds = options.seconds,
                clock() - start >= seconds / 3
            {
                break
            }
            let next = Array(all[outputs.count...].prefix(Self.chunk))
            let new = try decoder.decode(next)
            try store.append(new)
            outputs += new
        }
        report(.decoded(done: outputs.count, of: all.count))
        return outputs
    }
}
