public import Checkpoint
import Tensor
public import TensorTraining

/// A side branch in training (method.md §1): decoder layers of its own beside a network that stays as it is, as one vector of parameters and
/// the maps over parts of it.
///
/// It reads the network's embeddings and encoder states, and the network's classifier reads what it gives.
public final class TrainableBranch: Sendable {
    /// What the network's config.json says.
    public let network: ModelConfiguration
    /// All parameters.
    public let parameters: ParameterVector
    let layers: [DecoderLayerWeights]
    /// Behind the last layer, where the network's stacks end so.
    let norm: TrainableNorm?
    private let layout: ParameterLayout
    private let maps: [TrainableLinear]

    /// A branch of zeros.
    ///
    /// - Parameters:
    ///   - count: decoder layers, at least one.
    ///   - network: of which `canStand(beside:)` says that it can have one.
    public init(layers count: Int, beside network: ModelConfiguration) {
        precondition(count >= 1 && Self.canStand(beside: network))
        let builder = LayerBuilder(
            ParameterLayout(branchLayers: count, beside: network), network)
        self.network = network
        layout = builder.layout
        parameters = builder.parameters
        layers = (0..<count).map { builder.decoderLayer("exits.branch.layers.\($0).") }
        norm =
            network.architecture.normalizesEnds ? builder.norm("exits.branch.layer_norm") : nil
        maps = builder.maps
    }

    /// Whether a network can have one: its decoder layers attend, and there are two or more.
    public static func canStand(beside network: ModelConfiguration) -> Bool {
        network.architecture.cell == .attention && network.decoder.layers > 1
    }

    /// Takes over the first layers of a network's decoder, and the normalisation behind its last.
    ///
    /// - Parameter weights: the network's.
    /// - Throws: what reading them throws.
    public func start(from weights: Weights) throws(CheckpointError) {
        for entry in layout.entries {
            let name = "model.decoder." + entry.name.dropFirst("exits.branch.".count)
            parameters.set(
                try weights.floats(named: name, shape: entry.shape), at: entry.range.lowerBound)
        }
        repack()
    }

    /// Room for as many.
    public func emptyCopy() -> TrainableBranch {
        TrainableBranch(layers: layers.count, beside: network)
    }

    /// Brings all packed copies up to date with the parameters.
    public func repack() {
        for map in maps { map.repack() }
    }

    /// What exits.safetensors holds of it (checkpoint-format.md).
    public var tensors: [SafetensorsWriter.Tensor] {
        layout.entries.map { entry in
            SafetensorsWriter.Tensor(name: entry.name, shape: entry.shape) {
                (body) throws(CheckpointError) in
                try self.parameters.withValues(entry.range, body)
            }
        }
    }
}
