import Checkpoint
import System
import Tensor
import TensorTraining

/// A fit on disk: parameters, moments and position, in one safetensors file that is replaced as a whole.
struct FitState {
    let file: String
    let directory: String

    /// The state of a part of the run in a directory.
    init(of part: AdaptationRun.Part, in directory: String) {
        file = part.stateFile
        self.directory = directory
    }

    /// What is kept beside the numbers.
    struct Progress: Equatable {
        var step = 0
        var position = BatchOrder.Position()
        /// How many sentences are learnt from, which stays once a fit has begun.
        var sentences = 0
        var bestStep = 0
        var bestLoss = Double.infinity
        /// Of each exit of the best parameters with the last one, on the sentences that are held out.
        var bestAgreement: [Double]
        var validationsSinceBest = 0

        /// At the start of a fit of so many exits.
        init(exits count: Int) { bestAgreement = Array(repeating: 0, count: count) }

        init(_ metadata: [String: String], file: String) throws(CheckpointError) {
            func number(_ name: String) throws(CheckpointError) -> Int {
                try Weights.count(name, in: metadata, of: file)
            }
            step = try number("step")
            position.epoch = try number("epoch")
            position.sentence = try number("sentence")
            sentences = try number("sentences")
            bestStep = try number("best_step")
            validationsSinceBest = try number("validations_since_best")
            bestLoss = Double(metadata["best_loss"] ?? "") ?? .infinity
            bestAgreement = (metadata["best_agreement"] ?? "").split(separator: " ").compactMap {
                Double($0)
            }
        }

        /// Takes a validation into account.
        mutating func note(_ comparison: ExitComparison, step: Int, isBest: Bool) {
            guard isBest else {
                validationsSinceBest += 1
                return
            }
            bestStep = step
            bestLoss = comparison.loss
            bestAgreement = comparison.agreement
            validationsSinceBest = 0
        }

        var metadata: [String: String] {
            [
                "step": String(step), "epoch": String(position.epoch),
                "sentence": String(position.sentence), "sentences": String(sentences),
                "best_step": String(bestStep), "best_loss": String(bestLoss),
                "best_agreement": bestAgreement.map(\.description).joined(separator: " "),
                "validations_since_best": String(validationsSinceBest),
            ]
        }
    }

    /// Whether there is one.
    var exists: Bool { !RegularFile.isAbsent("\(directory)/\(file)") }

    private static func vectors<Loss: ExitLoss>(
        _ fit: ExitFit<Loss>, _ best: Loss.Parameters
    ) -> [(name: String, vector: ParameterVector)] {
        [
            ("parameters", fit.now.vector), ("first_moment", fit.moments.first),
            ("second_moment", fit.moments.second), ("mean", fit.mean.vector),
            ("best", best.vector),
        ]
    }

    func save<Loss: ExitLoss>(
        _ fit: ExitFit<Loss>, best: Loss.Parameters, _ progress: Progress
    ) throws(CheckpointError) {
        let tensors = Self.vectors(fit, best).map { name, vector in
            SafetensorsWriter.Tensor(name: name, shape: [vector.count]) {
                (body) throws(CheckpointError) in
                try vector.withValues(0..<vector.count, body)
            }
        }
        try SafetensorsWriter.write(
            tensors, metadata: progress.metadata, to: file, in: directory)
    }

    /// Reads what is beside the numbers; nil where there is no state.
    func progress() throws(CheckpointError) -> Progress? {
        guard exists else { return nil }
        return try Progress(Weights(safetensors: file, in: directory).metadata, file: file)
    }

    /// Puts a fit where the state was taken.
    func restore<Loss: ExitLoss>(
        _ fit: ExitFit<Loss>, best: Loss.Parameters, _ progress: Progress
    ) throws(CheckpointError) {
        let state = try Weights(safetensors: file, in: directory)
        guard progress.bestAgreement.count == best.exitCount else {
            throw CheckpointError(
                .outOfRange, file: file, subject: "best_agreement",
                found: "\(progress.bestAgreement.count) numbers",
                expected: "\(best.exitCount), one for each exit that is fitted")
        }
        for (name, vector) in Self.vectors(fit, best) {
            vector.set(try state.floats(named: name, shape: [vector.count]), at: 0)
        }
        fit.moveOn(to: progress.step, progress.position)
        best.repack()
    }
}

extension AdaptationRun.Part {
    /// Where its fit is kept.
    fileprivate var stateFile: String {
        switch self {
        case .adapters: "state.safetensors"
        case .branch: "branch.safetensors"
        }
    }
}
