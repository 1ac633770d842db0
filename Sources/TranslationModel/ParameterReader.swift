import Checkpoint
import Tensor

/// Reads the parameters of one part of the network, by name and expected shape, in the order of the
/// model file.
///
/// Every tensor is checked against the shape that the configuration asks for, so a file that does not
/// fit is refused with the name of the tensor.
struct ParameterReader {
    let weights: Weights
    let prefix: String
    /// Of the projections that are made.
    let precision: Precision
    let instructionSet: InstructionSet
    private let projections: ProjectionSource

    init(
        _ weights: Weights, prefix: String = "", precision: Precision,
        instructionSet: InstructionSet, _ projections: ProjectionSource
    ) {
        self.weights = weights
        self.prefix = prefix
        self.precision = precision
        self.instructionSet = instructionSet
        self.projections = projections
    }

    /// The reader of the part called `name` inside this one.
    func part(_ name: String) -> ParameterReader {
        ParameterReader(
            weights, prefix: prefix + name + ".", precision: precision,
            instructionSet: instructionSet, projections)
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
        try packed(name, outputs: outputs, inputs: inputs) {
            () throws(CheckpointError) in
            (try tensor(name + ".weight", outputs, inputs), try tensor(name + ".bias", outputs))
        }
    }

    /// The projection that packs call `prefix + name`: theirs, or one of the weights and the bias that `read` gives.
    func packed(
        _ name: String, outputs: Int, inputs: Int, hasBias: Bool = true, isScreened: Bool = false,
        _ read: () throws(CheckpointError) -> (weight: [Float], bias: [Float]?)
    ) throws(CheckpointError) -> Projection {
        let shape = Projection.Shape(
            outputs: outputs, inputs: inputs, hasBias: hasBias, precision: precision,
            isScreened: isScreened, instructionSet: instructionSet)
        return try projections.projection(prefix + name, shape) { () throws(CheckpointError) in
            let (weight, bias) = try read()
            return Projection(
                weight: weight, bias: bias, outputs: outputs, inputs: inputs, precision: precision,
                isScreened: isScreened, instructionSet: instructionSet)
        }
    }

    /// The projections `names`, each [outputs, inputs], stacked into one product
    /// [names.count · outputs, inputs].
    func stackedProjection(
        _ names: [String], outputs: Int, inputs: Int
    ) throws(CheckpointError) -> Projection {
        let all = names.count * outputs
        return try packed(names.joined(separator: "+"), outputs: all, inputs: inputs) {
            () throws(CheckpointError) in
            (
                try stackedWeights(names, outputs: outputs, inputs: inputs),
                try stacked(names.map { $0 + ".bias" }, [outputs])
            )
        }
    }

    /// The weights alone of the projections `names`, one below the other.
    func stackedWeights(
        _ names: [String], outputs: Int, inputs: Int
    ) throws(CheckpointError) -> [Float] {
        try stacked(names.map { $0 + ".weight" }, [outputs, inputs])
    }

    /// Tensors of one shape, one after the other, each read to its place.
    private func stacked(_ names: [String], _ shape: [Int]) throws(CheckpointError) -> [Float] {
        for name in names { try weights.require(prefix + name, shape: shape) }
        let size = shape.reduce(1, *)
        return try [Float].filled(count: names.count * size) { (values) throws(CheckpointError) in
            for (index, name) in names.enumerated() {
                let part = values[index * size..<(index + 1) * size]
                try weights.read(
                    prefix + name, shape: shape, into: UnsafeMutableBufferPointer(rebasing: part))
            }
        }
    }

    /// The normalisation of a block, `name.weight` and `name.bias`, both [d].
    func blockNorm(_ name: String, _ c: ModelConfiguration) throws(CheckpointError) -> BlockNorm {
        BlockNorm(try layerNorm(name, c), c.architecture.norms)
    }

    /// `name.weight` and `name.bias`, both [d].
    func layerNorm(_ name: String, _ c: ModelConfiguration) throws(CheckpointError) -> LayerNorm {
        LayerNorm(
            weight: try tensor(name + ".weight", c.width),
            bias: try tensor(name + ".bias", c.width), epsilon: c.architecture.normEpsilon)
    }
}
