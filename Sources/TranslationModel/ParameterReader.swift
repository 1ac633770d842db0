import Checkpoint
import Tensor

/// Reads the parameters of one part of the network, by name and expected shape, in the order of the
/// model file.
///
/// Every tensor is checked against the shape that the configuration asks for, so a file that does not
/// fit is refused with the name of the tensor.
struct ParameterReader {
    let weights: Safetensors
    let prefix: String
    /// Of the projections that are made.
    let precision: Precision

    init(_ weights: Safetensors, prefix: String = "", precision: Precision) {
        self.weights = weights
        self.prefix = prefix
        self.precision = precision
    }

    /// The reader of the part called `name` inside this one.
    func part(_ name: String) -> ParameterReader {
        ParameterReader(weights, prefix: prefix + name + ".", precision: precision)
    }

    /// The values of `prefix + name`, row-major, in fp32.
    func tensor(_ name: String, _ shape: Int...) throws(CheckpointError) -> [Float] {
        try weights.floats(named: prefix + name, shape: shape)
    }

    func holds(_ name: String) -> Bool {
        weights.contains(prefix + name)
    }

    /// `name.weight` [outputs, inputs] and `name.bias` [outputs].
    func projection(
        _ name: String, outputs: Int, inputs: Int
    ) throws(CheckpointError) -> Projection {
        Projection(
            weight: try tensor(name + ".weight", outputs, inputs),
            bias: try tensor(name + ".bias", outputs),
            outputs: outputs, inputs: inputs, precision: precision)
    }

    /// The projections `names`, each [outputs, inputs], stacked into one product
    /// [names.count · outputs, inputs].
    func stackedProjection(
        _ names: [String], outputs: Int, inputs: Int
    ) throws(CheckpointError) -> Projection {
        var weight: [Float] = []
        var bias: [Float] = []
        for name in names {
            weight += try tensor(name + ".weight", outputs, inputs)
            bias += try tensor(name + ".bias", outputs)
        }
        return Projection(
            weight: weight, bias: bias, outputs: names.count * outputs, inputs: inputs,
            precision: precision)
    }

    /// `name.weight` and `name.bias`, both [width].
    func layerNorm(_ name: String, width: Int) throws(CheckpointError) -> LayerNorm {
        LayerNorm(
            weight: try tensor(name + ".weight", width), bias: try tensor(name + ".bias", width))
    }
}
