public import Checkpoint
import Dispatch
import Tensor
public import TensorTraining
import TranslationModel

/// A network in training: one vector of parameters, and the maps that work on parts of it.
///
/// Letters as in method.md: d model width, N decoder layers, V target ids. Source and target share one
/// embedding, which is the projection too. The row of the pad id, which decoding starts from, stays as
/// it is: zero in a new network, as in every Marian checkpoint.
public final class TrainableNetwork: Sendable {
    /// What config.json will say.
    public let configuration: ModelConfiguration
    /// Whether exits below the last have classifiers of their own.
    public let hasSeparateClassifiers: Bool
    /// The exit heads that it has.
    public let heads: Set<ExitHead>
    /// Where each tensor is in `parameters`.
    public let layout: ParameterLayout
    /// All parameters.
    public let parameters: ParameterVector

    let embedding: Range<Int>  // model.shared.weight [V, d]
    let encoder: [EncoderLayerWeights]
    let decoder: [DecoderLayerWeights]
    /// Behind the last layer of a stack, and of the decoder at every exit; nil where the stacks end without.
    let encoderNorm: TrainableNorm?  // model.encoder.layer_norm [d]
    let decoderNorm: TrainableNorm?  // model.decoder.layer_norm [d]
    /// Number n − 1 is applied after layer n.
    let classifiers: [TrainableLinear]
    let sequenceHead: TrainableLinear?  // exits.sequence [N, d]
    let multinomialHead: TrainableLinear?  // exits.token_multinomial [N, d]
    let geometricHead: TrainableLinear?  // exits.token_geometric [N − 1, d]
    let positions: PositionTable
    private let maps: [TrainableLinear]

    /// A network of zeros.
    public init(
        _ configuration: ModelConfiguration, separateClassifiers: Bool = false,
        heads: Set<ExitHead> = []
    ) {
        precondition(configuration.isTrainable, "a network that is not trained")
        let c = configuration
        let builder = LayerBuilder(
            ParameterLayout(c, separateClassifiers: separateClassifiers, heads: heads), c)
        self.configuration = c
        hasSeparateClassifiers = separateClassifiers
        self.heads = heads
        layout = builder.layout
        parameters = builder.parameters
        embedding = layout.entry("model.shared.weight").range
        encoder = builder.stack(c.encoder.layers, builder.encoderLayer)
        decoder = builder.stack(c.decoder.layers) {
            builder.decoderLayer("model.decoder.layers.\($0).")
        }
        let ends = c.architecture.normalizesEnds
        encoderNorm = ends ? builder.norm("model.encoder.layer_norm") : nil
        decoderNorm = ends ? builder.norm("model.decoder.layer_norm") : nil
        let projection = builder.linear(
            "model.shared.weight", "final_logits_bias", outputs: c.targetVocabularySize,
            inputs: c.width, banned: c.bannedIDs)
        classifiers = (0..<c.decoder.layers).map { exit in
            guard separateClassifiers, exit < c.decoder.layers - 1 else { return projection }
            let name = "exits.classifiers.\(exit)"
            return builder.linear(
                name + ".weight", name + ".bias", outputs: c.targetVocabularySize,
                inputs: c.width, banned: c.bannedIDs)
        }
        func head(_ head: ExitHead) -> TrainableLinear? {
            guard heads.contains(head) else { return nil }
            return builder.linear(
                head.weightName, head.biasName, outputs: head.outputs(layers: c.decoder.layers),
                inputs: c.width)
        }
        sequenceHead = head(.sequence)
        multinomialHead = head(.tokenMultinomial)
        geometricHead = head(.tokenGeometric)
        positions = PositionTable(sinusoidal: c.maximumPositions, width: c.width)
        maps = builder.maps
    }

    /// Ids that can be produced.
    var allowedCount: Int {
        configuration.targetVocabularySize - configuration.bannedIDs.count
    }

    /// Brings all packed copies up to date with the parameters, on `threads` threads.
    public func repack(threads: Int = 1) {
        guard threads > 1 else {
            for map in maps { map.repack() }
            return
        }
        let order = maps.sorted { $0.linear.outputs > $1.linear.outputs }
        DispatchQueue.concurrentPerform(iterations: order.count) { order[$0].repack() }
    }
}

/// Weights of an attention block with the branch out(attention(query(x), keyValue(memory))).
struct AttentionWeights: Sendable {
    let query: TrainableLinear  // q_proj [d, d]
    let keyValue: TrainableLinear  // {k,v}_proj [2d, d]
    let output: TrainableLinear  // out_proj [d, d]
    let norm: TrainableNorm  // …_layer_norm [d]
    let placement: Architecture.NormPlacement
}

/// Weights of a feed-forward block with the branch fc2(act(fc1(x))).
struct FeedForwardWeights: Sendable {
    let fc1: TrainableLinear  // fc1 [f, d]
    let fc2: TrainableLinear  // fc2 [d, f]
    let norm: TrainableNorm  // final_layer_norm [d]
    let placement: Architecture.NormPlacement
    let activation: Activation
}

struct EncoderLayerWeights: Sendable {
    let attention: AttentionWeights  // self_attn
    let feedForward: FeedForwardWeights
}

struct DecoderLayerWeights: Sendable {
    let attention: AttentionWeights  // self_attn
    let cross: AttentionWeights  // encoder_attn
    let feedForward: FeedForwardWeights
}

/// Makes the maps of a network over one parameter vector.
final class LayerBuilder {
    let layout: ParameterLayout
    let parameters: ParameterVector
    private let c: ModelConfiguration
    private(set) var maps: [TrainableLinear] = []

    init(_ layout: ParameterLayout, _ configuration: ModelConfiguration) {
        self.layout = layout
        c = configuration
        parameters = ParameterVector(count: layout.count)
    }

    func linear(
        _ weight: String, _ bias: String, outputs: Int, inputs: Int, banned: [Int] = []
    ) -> TrainableLinear {
        let map = TrainableLinear(
            .init(
                weight: layout.entry(weight).range.lowerBound,
                bias: layout.entry(bias).range.lowerBound, outputs: outputs, inputs: inputs),
            in: parameters, banned: banned)
        maps.append(map)
        return map
    }

    /// The layers of a stack; with `shared_layers` the first one, repeated.
    func stack<Layer>(_ count: Int, _ make: (Int) -> Layer) -> [Layer] {
        guard c.sharesLayers else { return (0..<count).map(make) }
        return Array(repeating: make(0), count: count)
    }

    func encoderLayer(_ index: Int) -> EncoderLayerWeights {
        let prefix = "model.encoder.layers.\(index)."
        return EncoderLayerWeights(
            attention: attention(prefix + "self_attn"),
            feedForward: feedForward(prefix, c.encoder.feedForwardWidth))
    }

    func decoderLayer(_ prefix: String) -> DecoderLayerWeights {
        DecoderLayerWeights(
            attention: attention(prefix + "self_attn"),
            cross: attention(prefix + "encoder_attn"),
            feedForward: feedForward(prefix, c.decoder.feedForwardWidth))
    }

    private func attention(_ prefix: String) -> AttentionWeights {
        let d = c.width
        return AttentionWeights(
            query: linear(
                prefix + ".q_proj.weight", prefix + ".q_proj.bias", outputs: d, inputs: d),
            keyValue: linear(
                prefix + ".k_proj.weight", prefix + ".k_proj.bias", outputs: 2 * d, inputs: d),
            output: linear(
                prefix + ".out_proj.weight", prefix + ".out_proj.bias", outputs: d, inputs: d),
            norm: norm(prefix + "_layer_norm"), placement: c.architecture.norms)
    }

    private func feedForward(_ prefix: String, _ f: Int) -> FeedForwardWeights {
        let d = c.width
        return FeedForwardWeights(
            fc1: linear(prefix + "fc1.weight", prefix + "fc1.bias", outputs: f, inputs: d),
            fc2: linear(prefix + "fc2.weight", prefix + "fc2.bias", outputs: d, inputs: f),
            norm: norm(prefix + "final_layer_norm"), placement: c.architecture.norms,
            activation: c.activation.kernel)
    }

    func norm(_ name: String) -> TrainableNorm {
        TrainableNorm(
            gamma: layout.entry(name + ".weight").range.lowerBound,
            beta: layout.entry(name + ".bias").range.lowerBound, width: c.width, in: parameters,
            epsilon: c.architecture.normEpsilon)
    }
}
