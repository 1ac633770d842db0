public import Checkpoint
import Decoding
import System
public import TranslationModel

/// A whole adaptation in a directory: the outputs of the text, then a fit that learns from them.
///
/// The directory holds `settings.txt` (what the run is bound to), `outputs.txt` and `state.safetensors`. A run that is killed at any
/// moment loses the outputs of a few sentences, or the steps since the last save. The library reports through events and prints nothing.
public final class AdaptationRun {
    /// When things happen.
    public struct Options: Sendable {
        /// Where the run is kept.
        public var directory: String
        /// The last step of the fit.
        public var steps = 4000
        /// Seconds that outputs and fit may take together in this start, a third of them outputs; nil: as many as they take.
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

    /// What happens in a run.
    public enum Event: Sendable {
        /// So many of the sentences have outputs.
        case decoded(done: Int, of: Int)
        /// The fit begins behind a step, 0 for a new one, from so many sentences.
        case started(step: Int, sentences: Int)
        /// A step was taken, with the loss of its batch.
        case step(Int, loss: Double, tokens: Int)
        /// How the exits compare on the sentences that are held out.
        case validated(step: Int, ExitComparison, isBest: Bool)
        /// Ended.
        case finished(End, bestStep: Int)
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
        /// The best parameters.
        public let parameters: AdapterParameters
        /// Why the fit ended.
        public let end: End
        /// The sentences that were held out, with full depth's outputs.
        public let held: [AdaptationSentence]
        /// Full depth's outputs of the first of the sentences that are learnt from, as many as were decoded: target ids as decoding gave them, none
        /// where it gave nothing.
        public let outputs: [[Int]]
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
        let state = FitState(directory: options.directory)
        var progress = try state.progress() ?? FitState.Progress()
        let outputs = try decode(
            upTo: progress.sentences > 0 ? progress.sentences : nil, since: start, isInterrupted,
            report)
        guard let outputs else { return nil }
        let held = sentences(sources.validation, outputs[...])
        let training = sentences(sources.training, outputs.dropFirst(sources.validation.count))
        guard !held.isEmpty, !training.isEmpty else { throw AdaptationError.noOutputs }
        progress.sentences = outputs.count - sources.validation.count
        let fit = AdapterFit(
            model, start: try AdapterParameters(startOf: checkpoint), training, prefix: prefix,
            fitOptions)
        let best = fit.now.emptyCopy(epsilon: model.configuration.architecture.normEpsilon)
        best.copy(from: fit.now)
        if state.exists { try state.restore(fit, best: best, progress) }
        report(.started(step: progress.step, sentences: training.count))
        if !state.exists { try validate(fit, held, best, &progress, report) }
        var end = end(of: progress, since: start, isInterrupted)
        while end == nil {
            let sums = try fit.takeStep()
            progress.step = fit.step
            progress.position = fit.order.position
            report(.step(fit.step, loss: sums.loss, tokens: sums.tokens))
            let isDue = fit.step % options.validationInterval == 0 || fit.step == options.steps
            if isDue { try validate(fit, held, best, &progress, report) }
            end = self.end(of: progress, since: start, isInterrupted)
            if end == .time, !isDue { try validate(fit, held, best, &progress, report) }
            if end == .interrupted { try state.save(fit, best: best, progress) }
        }
        let reason = end ?? .steps
        report(.finished(reason, bestStep: progress.bestStep))
        return Outcome(
            parameters: best, end: reason, held: held,
            outputs: Array(outputs.dropFirst(sources.validation.count)))
    }

    /// Sources with their outputs, without those that have none.
    private func sentences(
        _ sources: [[Int]], _ outputs: ArraySlice<[Int]>
    ) -> [AdaptationSentence] {
        zip(sources, outputs).map(AdaptationSentence.init).filter { !$0.output.isEmpty }
    }

    private var fitOptions: AdapterFit.Options {
        AdapterFit.Options(
            batchTokens: options.batchTokens, threads: options.threads, seed: options.seed,
            peakRate: options.rate)
    }

    private func end(
        of progress: FitState.Progress, since start: Double, _ isInterrupted: () -> Bool
    ) -> End? {
        if isInterrupted() { return .interrupted }
        if progress.step >= options.steps { return .steps }
        if progress.validationsSinceBest >= options.patience { return .patience }
        if let seconds = options.seconds, clock() - start >= seconds { return .time }
        return nil
    }

    private func validate(
        _ fit: AdapterFit, _ held: [AdaptationSentence], _ best: AdapterParameters,
        _ progress: inout FitState.Progress, _ report: (Event) -> Void
    ) throws(CheckpointError) {
        let comparison = fit.compare(held, with: fit.mean)
        let isBest = comparison.loss < progress.bestLoss
        if isBest {
            best.copy(from: fit.mean)
            progress.bestStep = fit.step
            progress.bestLoss = comparison.loss
            progress.validationsSinceBest = 0
        } else {
            progress.validationsSinceBest += 1
        }
        report(.validated(step: fit.step, comparison, isBest: isBest))
        try FitState(directory: options.directory).save(fit, best: best, progress)
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
