public import Checkpoint
import Glibc
import System
import Tensor
import TensorTraining

/// A whole training in a directory: steps, validations, snapshots, the log, the checkpoint.
///
/// The directory holds `state.safetensors` (to go on from), `snapshot-*.safetensors` (to be averaged),
/// `log.jsonl`, and `model`, the checkpoint of the best parameters so far. Every file is replaced as a
/// whole, so that a run which is killed at any moment loses the steps since the last save and nothing
/// else. The library reports through events and prints nothing.
public final class TrainingRun {
    /// When things happen.
    public struct Options: Sendable {
        /// Where the run is kept.
        public var directory: String
        /// Steps between two validations.
        public var validationInterval = 500
        /// Validations without a better loss after which training ends; nil to go to the last step.
        public var patience: Int?
        /// The number of best snapshots, by validation loss, that are kept to be averaged.
        public var averaged = 5
        /// Steps between two saves of the state.
        public var saveInterval = 500
        /// Steps between two lines of the log.
        public var logInterval = 20
        /// What the run is bound to as text, `key: value` a line; compared when the run is resumed.
        public var settings = ""
        /// Whether files of the checkpoint that somebody else has changed may be replaced.
        public var replacesModel = false

        /// The defaults above.
        public init(directory: String) { self.directory = directory }
    }

    /// What happens in a run.
    public enum Event: Sendable {
        /// Begins behind a step, 0 for a new run, with so many parameters.
        case started(step: Int, parameters: Int)
        /// Some steps have been taken.
        case steps(Interval)
        /// Losses on the validation set.
        case validated(Validation)
        /// The state has been saved at a step.
        case saved(step: Int)
        /// Ended, and the checkpoint is written.
        case finished(End)
        /// All steps had been taken before, and the checkpoint stays as it is.
        case nothingLeft(step: Int)
    }

    /// Steps since the last line of the log.
    public struct Interval: Sendable {
        /// The last one.
        public let last: Trainer.StepReport
        /// Steps.
        public let count: Int
        /// Sums over the steps.
        public let result: PassResult
        /// Their duration.
        public let seconds: Double

        /// The mean of the minimised loss over the steps.
        public var loss: Double { result.objective / Double(count) }
        /// Target tokens seen, end of sentence counted.
        public var targetTokens: Int { result.targetTokens }
        /// Target tokens a second.
        public var tokensPerSecond: Double { Double(targetTokens) / seconds }
        /// The mean training loss of each exit, smoothing included; not a number where none was asked.
        public var exitLosses: [Double] { result.exits.map { $0.loss / Double($0.count) } }
        /// The loss of each head, per target token.
        public var headLosses: [Double] { result.heads.map { $0 / Double(targetTokens) } }
    }

    /// Losses on the validation set.
    public struct Validation: Sendable {
        /// After which step.
        public let step: Int
        /// Sums; `objective` is the mean loss.
        public let result: PassResult
        /// Whether no earlier one was better.
        public let isBest: Bool
    }

    /// How a run ended.
    public struct End: Sendable {
        /// Why.
        public enum Reason: String, Sendable {
            /// The last step was taken.
            case steps
            /// The validation loss had stopped falling.
            case patience
            /// It was asked to stop.
            case interrupted
        }
        /// After which step.
        public let step: Int
        /// Why.
        public let reason: Reason
        /// The steps whose parameters were averaged.
        public let averaged: [Int]
        /// The validation loss of the checkpoint.
        public let loss: Double
    }

    private let trainer: Trainer
    private let validation: [SentencePair]
    private let files: ModelFiles
    private let options: Options
    private let clock: () -> Double
    private let log: TrainingLog
    private let snapshots: Snapshots
    private var progress = TrainingState.Progress()
    /// Whether an earlier start has taken all steps and written the checkpoint.
    private var isComplete = false

    /// Begins or resumes a run.
    ///
    /// - Parameters:
    ///   - trainer: at the start, its network initialised.
    ///   - validation: sentences to validate on, at least one.
    ///   - files: the checkpoint without its weights.
    ///   - options: when things happen.
    ///   - resuming: whether to go on from the state in the directory; a directory that has one is not
    ///     begun anew, and one that has none is not resumed.
    ///   - clock: seconds that only ever grow.
    /// - Throws: `CheckpointError` that names the file which cannot be used, and `outOfRange` where the
    ///   run is resumed with other settings, or its checkpoint holds what somebody else has written.
    public init(
        _ trainer: Trainer, validation: [SentencePair], files: ModelFiles, options: Options,
        resuming: Bool, clock: @escaping () -> Double
    ) throws(CheckpointError) {
        self.trainer = trainer
        self.validation = validation
        self.files = files
        self.options = options
        self.clock = clock
        log = TrainingLog(path: options.directory + "/log.jsonl")
        snapshots = Snapshots(directory: options.directory, network: trainer.network)
        try Self.check(options.directory, resuming: resuming)
        try CheckpointError.converting { () throws(FileError) in
            try FolderMaking.make(options.directory)
        }
        guard resuming else { return }
        let saved = try TrainingState(directory: options.directory).open()
        try Self.compare(saved.progress.settings, options.settings)
        progress = saved.progress
        try saved.restore(trainer)
        try log.cut(after: progress.position.step)
        let lastFinish = try log.lastFinish()
        isComplete =
            !hasStepsLeft && lastFinish == progress.position.step
            && files.areWhole(in: modelDirectory)
        if !isComplete { try refuseForeignFiles() }
    }

    /// Whether a directory is one to begin a run in, or one to resume it in; changes nothing.
    ///
    /// - Parameters:
    ///   - directory: of the run; need not be there.
    ///   - resuming: whether there must be the state of a run, or must not.
    /// - Throws: `fileMissing` or `outOfRange`, with the directory.
    public static func check(_ directory: String, resuming: Bool) throws(CheckpointError) {
        guard resuming != TrainingState(directory: directory).exists else { return }
        throw CheckpointError(
            resuming ? .fileMissing : .outOfRange, file: directory, subject: TrainingState.file,
            found: resuming ? "no such file" : "the state of a run",
            expected: resuming ? "a run to go on with" : "--resume, or another directory")
    }

    private var modelDirectory: String { options.directory + "/model" }

    private var hasStepsLeft: Bool {
        isPatient && trainer.position.step < trainer.options.steps
    }

    /// What somebody wrote into the checkpoint, thresholds of `shoal calibrate` for example, is not
    /// replaced without being asked.
    private func refuseForeignFiles() throws(CheckpointError) {
        guard !options.replacesModel, let name = files.firstDifference(in: modelDirectory) else {
            return
        }
        throw CheckpointError(
            .outOfRange, file: "\(modelDirectory)/\(name)",
            found: "a file that was changed after the run had written it",
            expected: "the checkpoint as the run wrote it; copy the directory to keep it, and give "
                + "--replace-model to go on")
    }

    /// Names the first setting that differs.
    private static func compare(_ old: String, _ new: String) throws(CheckpointError) {
        let (old, new) = (old.split(separator: "\n"), new.split(separator: "\n"))
        for index in 0..<max(old.count, new.count) {
            let before = index < old.count ? old[index] : ""
            let now = index < new.count ? new[index] : ""
            guard before != now else { continue }
            let line = before.isEmpty ? now : before
            throw CheckpointError(
                .outOfRange, file: TrainingState.file, subject: String(line.prefix { $0 != ":" }),
                found: now.isEmpty ? "no such setting now" : "\(now) now",
                expected: before.isEmpty
                    ? "no such setting, as the run began" : "\(before), as the run began")
        }
    }

    /// Trains to the end.
    ///
    /// - Parameters:
    ///   - isInterrupted: asked after every step; the state is saved, and the checkpoint written, before
    ///     the run ends.
    ///   - report: told what happens.
    /// - Throws: `TrainingError.diverged`, or `CheckpointError` where a file cannot be written.
    public func run(isInterrupted: () -> Bool, report: (Event) -> Void) throws {
        guard !isComplete || options.replacesModel else {
            return report(.nothingLeft(step: trainer.position.step))
        }
        try emit(
            .started(step: trainer.position.step, parameters: trainer.network.layout.count), report)
        var start = clock()
        var stops = false
        while !stops, hasStepsLeft {
            let step = try trainer.step()
            let now = clock()
            var sums = progress.sums ?? StepSums(like: step.result)
            sums.add(step.result, seconds: now - start)
            progress.sums = sums
            start = now
            let isLast = step.step == trainer.options.steps
            if isLast || step.step % options.logInterval == 0 {
                try emit(.steps(sums.interval(upTo: step)), report)
                progress.sums = nil
            }
            if isLast || step.step % options.validationInterval == 0 {
                try validate(report)
                start = clock()
            }
            stops = isInterrupted()
            if stops || !isPatient || isLast || step.step % options.saveInterval == 0 {
                try save(report)
                start = clock()
            }
        }
        try finish(stops ? .interrupted : isPatient ? .steps : .patience, report)
    }

    private var isPatient: Bool {
        options.patience.map { progress.validationsSinceBest < $0 } ?? true
    }

    private func emit(_ event: Event, _ report: (Event) -> Void) throws(CheckpointError) {
        try log.append(event)
        report(event)
    }

    private func save(_ report: (Event) -> Void) throws(CheckpointError) {
        progress.position = trainer.position
        progress.settings = options.settings
        try TrainingState(directory: options.directory).save(trainer, progress)
        try emit(.saved(step: trainer.position.step), report)
    }

    private func validate(_ report: (Event) -> Void) throws(CheckpointError) {
        let step = trainer.position.step
        let result = trainer.evaluate(validation)
        let isBest = progress.best.first.map { result.objective < $0.loss } ?? true
        progress.validationsSinceBest = isBest ? 0 : progress.validationsSinceBest + 1
        try emit(.validated(.init(step: step, result: result, isBest: isBest)), report)
        // What is no number is worse than any.
        progress.best.append((step, result.objective.isNaN ? .infinity : result.objective))
        progress.best.sort { $0.loss != $1.loss ? $0.loss < $1.loss : $0.step < $1.step }
        try snapshots.save(step: step)
        // Snapshots that fall out stay until the next state no longer names them.
        let dropped = progress.best.dropFirst(options.averaged).map(\.step)
        guard !dropped.isEmpty else { return }
        progress.best.removeLast(dropped.count)
        try save(report)
        for step in dropped { snapshots.delete(step: step) }
    }

    /// Writes the checkpoint.
    private func finish(_ reason: End.Reason, _ report: (Event) -> Void) throws {
        let chosen = try chosen()
        try files.write(
            chosen.parameters, of: trainer.network, to: modelDirectory)
        try emit(
            .finished(
                .init(
                    step: trainer.position.step, reason: reason, averaged: chosen.steps,
                    loss: chosen.loss)), report)
    }

    /// The mean of the best snapshot, the best two, … or all that are kept, whichever has the lowest
    /// loss; what there is now before the first validation.
    private func chosen() throws(CheckpointError) -> (
        parameters: ParameterVector, steps: [Int], loss: Double
    ) {
        let now = trainer.network.parameters
        guard let first = progress.best.first else {
            return (now, [trainer.position.step], trainer.evaluate(validation).objective)
        }
        let present = ParameterVector(count: now.count)
        present.copy(from: now)
        var best = (
            parameters: try snapshots.mean([first.step]), steps: [first.step], loss: first.loss
        )
        for count in 1..<progress.best.count {
            let steps = progress.best[...count].map(\.step)
            let mean = try snapshots.mean(steps)
            use(mean)
            let loss = trainer.evaluate(validation).objective
            if loss < best.loss { best = (mean, steps, loss) }
        }
        use(present)
        return best
    }

    private func use(_ parameters: ParameterVector) {
        trainer.network.parameters.copy(from: parameters)
        trainer.network.repack(threads: trainer.options.threads)
    }
}

extension PassResult.Exit {
    /// exp of the mean of −log p(y).
    public var perplexity: Double { exp(meanNegativeLogLikelihood) }
}
