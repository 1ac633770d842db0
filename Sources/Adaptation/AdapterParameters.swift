import Checkpoint
import Tensor
import TensorTraining

/// The adapters and stop heads of the exits below the last, as one vector of parameters and the maps over parts of it.
///
/// Letters as in method.md: d model width, N decoder layers.
public final class AdapterParameters: FittedParameters {
    /// What one exit has.
    struct Exit: Sendable {
        let map: TrainableLinear  // A_n [d, d], c_n [d]
        let norm: TrainableNorm  // [d]
        let stop: TrainableLinear  // [1, d]
        let range: Range<Int>
    }

    /// d.
    let width: Int
    private let epsilon: Float
    let vector: ParameterVector
    /// N − 1 of them.
    let exits: [Exit]

    /// Parameters of zeros.
    init(width d: Int, exits count: Int, epsilon: Float) {
        width = d
        self.epsilon = epsilon
        let size = d * d + d + 2 * d + d + 1
        let vector = ParameterVector(count: count * size)
        self.vector = vector
        exits = (0..<count).map { index in
            let start = index * size
            let bias = start + d * d
            return Exit(
                map: TrainableLinear(
                    .init(weight: start, bias: bias, outputs: d, inputs: d), in: vector),
                norm: TrainableNorm(
                    gamma: bias + d, beta: bias + 2 * d, width: d, in: vector, epsilon: epsilon),
                stop: TrainableLinear(
                    .init(weight: bias + 3 * d, bias: bias + 4 * d, outputs: 1, inputs: d),
                    in: vector),
                range: start..<start + size)
        }
    }

    /// Room for a network's, at their start: each map the identity, each normalisation the one behind the last layer, each head
    /// undecided.
    ///
    /// - Parameter checkpoint: whose network is adapted, with at least two decoder layers.
    /// - Throws: what reading the last normalisation throws.
    convenience init(startOf checkpoint: Checkpoint) throws(CheckpointError) {
        let c = checkpoint.configuration
        let d = c.width
        self.init(
            width: d, exits: c.decoder.layers - 1, epsilon: c.architecture.normEpsilon)
        let name = Self.lastNorm(c)
        let gamma = try checkpoint.weights.floats(named: name + ".weight", shape: [d])
        let beta = try checkpoint.weights.floats(named: name + ".bias", shape: [d])
        for exit in exits {
            let start = exit.range.lowerBound
            for index in 0..<d { vector[start + index * d + index] = 1 }
            vector.set(gamma, at: start + d * d + d)
            vector.set(beta, at: start + d * d + 2 * d)
        }
        repack()
    }

    /// The normalisation that the last exit's states come out of.
    private static func lastNorm(_ c: ModelConfiguration) -> String {
        guard !c.architecture.normalizesEnds else { return "model.decoder.layer_norm" }
        let last = c.sharesLayers ? 0 : c.decoder.layers - 1
        return "model.decoder.layers.\(last).final_layer_norm"
    }

    var exitCount: Int { exits.count }

    func emptyCopy() -> AdapterParameters {
        AdapterParameters(width: width, exits: exits.count, epsilon: epsilon)
    }

    /// Brings all packed copies up to date.
    func repack() {
        for exit in exits {
            exit.map.repack()
            exit.stop.repack()
        }
    }

    /// What exits.safetensors holds of them (checkpoint-format.md).
    var tensors: [SafetensorsWriter.Tensor] {
        let d = width
        var tensors: [SafetensorsWriter.Tensor] = []
        for (index, exit) in exits.enumerated() {
            let prefix = "exits.adapters.\(index)."
            var start = exit.range.lowerBound
            for (name, shape) in [
                ("weight", [d, d]), ("bias", [d]), ("norm.weight", [d]), ("norm.bias", [d]),
            ] {
                let range = start..<start + shape.reduce(1, *)
                start = range.upperBound
                tensors.append(tensor(prefix + name, shape, range))
            }
        }
        let heads = exits.map { $0.range.upperBound - d - 1..<$0.range.upperBound }
        let weights = heads.flatMap { head in head.dropLast().map { vector[$0] } }
        tensors.append(
            .init(
                name: ExitHead.tokenGeometric.weightName, shape: [exits.count, d], values: weights))
        tensors.append(
            .init(
                name: ExitHead.tokenGeometric.biasName, shape: [exits.count],
                values: heads.map { vector[$0.upperBound - 1] }))
        return tensors
    }

    private func tensor(
        _ name: String, _ shape: [Int], _ range: Range<Int>
    ) -> SafetensorsWriter.Tensor {
        SafetensorsWriter.Tensor(name: name, shape: shape) { (body) throws(CheckpointError) in
            try self.vector.withValues(range, body)
        }
    }
}
