public import Checkpoint
import Glibc
import System
import Tensor
import TensorTraining

extension TrainableNetwork {
    /// Gives a new network its first values.
    ///
    /// Matrices get Xavier's uniform distribution (Glorot and Bengio, 2010), those at the end of a
    /// residual branch (value, output and feed-forward projections) with a smaller gain: at gain 1 a
    /// post-norm stack can collapse, every encoder position alike. Embeddings are normal with deviation
    /// d^−½; biases and heads are zero, separate classifiers start as copies of the shared one.
    ///
    /// - Parameters:
    ///   - seed: the same seed gives the same values.
    ///   - residualGain: gain of the projections in residual branches.
    public func initialize(seed: UInt64, residualGain: Double) {
        let d = configuration.width
        for (index, entry) in layout.entries.enumerated() {
            var random = SplitMix64(key: seed, 0x1417, UInt64(index))
            if entry.name == "model.shared.weight" {
                let deviation = 1 / Double(d).squareRoot()
                parameters.set(
                    entry.range.map { _ in Float(random.normal() * deviation) },
                    at: entry.range.lowerBound)
                let pad = entry.range.lowerBound + configuration.trainedPadID * d
                parameters.clear(pad..<pad + d)
            } else if entry.name.hasSuffix("norm.weight") {
                parameters.set(entry.range.map { _ in 1 }, at: entry.range.lowerBound)
            } else if entry.shape.count == 2, !entry.isExit, entry.name != "final_logits_bias" {
                let isResidual = ["v_proj", "out_proj", "fc1", "fc2"].contains {
                    entry.name.contains($0)
                }
                let bound =
                    (isResidual ? residualGain : 1)
                    * (6 / Double(entry.shape[0] + entry.shape[1])).squareRoot()
                parameters.set(
                    entry.range.map { _ in Float((2 * random.uniform() - 1) * bound) },
                    at: entry.range.lowerBound)
            } else if entry.name.hasPrefix("exits.classifiers."), entry.shape.count == 2 {
                parameters.copy(embedding, to: entry.range.lowerBound)
            } else {
                parameters.clear(entry.range)
            }
        }
    }

    /// Takes over the values of a checkpoint of the same sizes.
    ///
    /// Exit heads that the checkpoint lacks keep what they have; classifiers that it lacks become copies
    /// of its projection.
    ///
    /// - Parameters:
    ///   - weights: model.safetensors.
    ///   - exits: exits.safetensors, nil where there is none.
    /// - Throws: `CheckpointError` that names the tensor which is missing or has another shape, or is
    ///   a projection or embedding of its own, which a network in training cannot have.
    public func load(_ weights: Weights, exits: Weights?) throws(CheckpointError) {
        let copies = ["lm_head", "model.encoder.embed_tokens", "model.decoder.embed_tokens"]
        for name in copies.map({ $0 + ".weight" }) where weights.contains(name) {
            let shape = layout.entry("model.shared.weight").shape
            let shared = try weights.floats(named: "model.shared.weight", shape: shape)
            guard try weights.floats(named: name, shape: shape) == shared else {
                throw CheckpointError(
                    .unsupportedValue, file: weights.file, subject: name,
                    found: "a matrix of its own",
                    expected: "one matrix for both embeddings and the projection")
            }
        }
        for entry in layout.entries {
            if let file = entry.isExit ? exits : weights,
                !entry.isExit || file.contains(entry.name)
            {
                parameters.set(
                    try file.floats(named: entry.name, shape: entry.shape),
                    at: entry.range.lowerBound)
            } else if entry.name.hasPrefix("exits.classifiers.") {
                let bias = layout.entry("final_logits_bias").range
                parameters.copy(
                    entry.shape.count == 2 ? embedding : bias, to: entry.range.lowerBound)
            }
        }
    }
}

extension SplitMix64 {
    /// A number of the standard normal distribution (Box and Muller, 1958).
    mutating func normal() -> Double {
        let radius = (-2 * log(1 - uniform())).squareRoot()
        return radius * cos(2 * .pi * uniform())
    }
}
