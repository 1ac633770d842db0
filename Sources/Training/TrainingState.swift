import Checkpoint
import System
import Tensor
import TensorTraining

/// A snapshot of training on disk: parameters, moments and position, in one safetensors file.
struct TrainingState {
    static let file = "state.safetensors"
    let directory: String

    /// What is kept beside the numbers.
    struct Progress: Equatable {
        var position = Trainer.Position()
        /// The settings of the run as text; a run with others is not resumed.
        var settings = ""
        /// Steps and validation losses of the snapshots that are kept, the best first.
        var best: [(step: Int, loss: Double)] = []
        /// Validations since the best one.
        var validationsSinceBest = 0
        /// What the next line of the log will hold of steps already taken; nil where there are none.
        var sums: StepSums?

        static func == (a: Progress, b: Progress) -> Bool { a.metadata == b.metadata }

        var metadata: [String: String] {
            [
                "step": String(position.step), "epoch": String(position.epoch),
                "batch": String(position.batch), "settings": settings,
                "best_steps": best.map { String($0.step) }.joined(separator: " "),
                "best_losses": best.map { String($0.loss) }.joined(separator: " "),
                "validations_since_best": String(validationsSinceBest),
                "step_sums": sums?.text ?? "",
            ]
        }

        init() {}

        init(_ metadata: [String: String], file: String) throws(CheckpointError) {
            func number(_ name: String) throws(CheckpointError) -> Int {
                try Weights.count(name, in: metadata, of: file)
            }
            position.step = try number("step")
            position.epoch = try number("epoch")
            position.batch = try number("batch")
            settings = metadata["settings"] ?? ""
            validationsSinceBest = try number("validations_since_best")
            let steps = (metadata["best_steps"] ?? "").split(separator: " ").compactMap { Int($0) }
            let losses = (metadata["best_losses"] ?? "").split(separator: " ")
                .compactMap { Double($0) }
            best = zip(steps, losses).map { (step: $0, loss: $1) }
            guard let text = metadata["step_sums"], !text.isEmpty else { return }
            guard let sums = StepSums(text) else {
                throw CheckpointError(
                    .malformedSafetensors, file: file, subject: "step_sums", found: text,
                    expected: "sums over steps")
            }
            self.sums = sums
        }
    }

    /// Whether there is one.
    var exists: Bool { !RegularFile.isAbsent("\(directory)/\(Self.file)") }

    func save(_ trainer: Trainer, _ progress: Progress) throws(CheckpointError) {
        let all = 0..<trainer.network.layout.count
        func tensor(_ name: String, _ vector: ParameterVector) -> SafetensorsWriter.Tensor {
            SafetensorsWriter.Tensor(name: name, shape: [all.count]) {
                (body) throws(CheckpointError) in
                try vector.withValues(all, body)
            }
        }
        try SafetensorsWriter.write(
            [
                tensor("parameters", trainer.network.parameters),
                tensor("first_moment", trainer.moments.first),
                tensor("second_moment", trainer.moments.second),
            ], metadata: progress.metadata, to: Self.file, in: directory)
    }

    /// A state that was read, its numbers not yet.
    struct Saved {
        let progress: Progress
        fileprivate let tensors: Weights

        /// Puts a trainer where the state was taken.
        func restore(_ trainer: Trainer) throws(CheckpointError) {
            let exits = trainer.network.configuration.decoder.layers
            let heads = trainer.options.objective.heads.count
            if let result = progress.sums?.result,
                result.exits.count != exits || result.heads.count != heads
            {
                throw CheckpointError(
                    .malformedSafetensors, file: TrainingState.file, subject: "step_sums",
                    found: "sums of \(result.exits.count) exits and \(result.heads.count) heads",
                    expected: "those of \(exits) and \(heads)")
            }
            let shape = [trainer.network.layout.count]
            let targets = [
                ("parameters", trainer.network.parameters),
                ("first_moment", trainer.moments.first), ("second_moment", trainer.moments.second),
            ]
            for (name, vector) in targets {
                vector.set(try tensors.floats(named: name, shape: shape), at: 0)
            }
            trainer.position = progress.position
            trainer.network.repack(threads: trainer.options.threads)
        }
    }

    /// Reads what is beside the numbers.
    func open() throws(CheckpointError) -> Saved {
        let tensors = try Weights(safetensors: Self.file, in: directory)
        return Saved(
            progress: try Progress(tensors.metadata, file: Self.file), tensors: tensors)
    }
}

/// Parameters of earlier steps on disk, of which the best are averaged.
struct Snapshots {
    let directory: String
    let network: TrainableNetwork

    private func file(_ step: Int) -> String { "snapshot-\(step).safetensors" }

    func save(step: Int) throws(CheckpointError) {
        let all = 0..<network.layout.count
        let parameters = network.parameters
        try SafetensorsWriter.write(
            [
                SafetensorsWriter.Tensor(name: "parameters", shape: [all.count]) {
                    (body) throws(CheckpointError) in
                    try parameters.withValues(all, body)
                }
            ], to: file(step), in: directory)
    }

    func delete(step: Int) { RegularFile.delete("\(directory)/\(file(step))") }

    /// The mean of the parameters of some steps.
    func mean(_ steps: [Int]) throws(CheckpointError) -> ParameterVector {
        let all = 0..<network.layout.count
        let sum = ParameterVector(count: all.count)
        for step in steps {
            let other = ParameterVector(count: all.count)
            let snapshot = try Weights(safetensors: file(step), in: directory)
            other.set(try snapshot.floats(named: "parameters", shape: [all.count]), at: 0)
            sum.add(other, scale: 1 / Float(steps.count), in: all)
        }
        return sum
    }
}
