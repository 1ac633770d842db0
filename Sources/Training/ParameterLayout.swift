public import Checkpoint

/// Where every parameter of a network is in its parameter vector.
///
/// Names and shapes are those of checkpoint-format.md. Projections that are multiplied together
/// (queries, keys and values) follow each other, so that they can be one matrix.
public struct ParameterLayout: Sendable {
    /// One tensor.
    public struct Entry: Sendable, Equatable {
        /// Its name in a safetensors file.
        public let name: String
        /// Its dimensions, the outermost first.
        public let shape: [Int]
        /// Its place in the vector.
        public let range: Range<Int>
        /// Whether it belongs to exits.safetensors rather than to model.safetensors.
        public let isExit: Bool
    }

    /// All tensors in the order of the vector.
    public private(set) var entries: [Entry] = []
    /// Length of the vector.
    public private(set) var count = 0
    private var offsets: [String: Int] = [:]

    /// The parameters of a Marian network with tied embeddings.
    ///
    /// - Parameters:
    ///   - configuration: its sizes.
    ///   - separateClassifiers: whether exits below the last have classifiers of their own.
    ///   - heads: the exit heads that it has.
    public init(
        _ configuration: ModelConfiguration, separateClassifiers: Bool, heads: Set<ExitHead>
    ) {
        let c = configuration
        let (d, V, N) = (c.width, c.targetVocabularySize, c.decoder.layers)
        add("model.shared.weight", [V, d])
        add("final_logits_bias", [1, V])
        for layer in 0..<(c.sharesLayers ? 1 : c.encoder.layers) {
            let prefix = "model.encoder.layers.\(layer)."
            addAttention(prefix + "self_attn", d)
            addFeedForward(prefix, d, c.encoder.feedForwardWidth)
        }
        for layer in 0..<(c.sharesLayers ? 1 : N) {
            addDecoderLayer("model.decoder.layers.\(layer).", c)
        }
        if c.architecture.normalizesEnds {
            for stack in ["encoder", "decoder"] { addNorm("model.\(stack).layer_norm", d) }
        }
        for exit in 0..<(separateClassifiers ? N - 1 : 0) {
            add("exits.classifiers.\(exit).weight", [V, d], isExit: true)
            add("exits.classifiers.\(exit).bias", [V], isExit: true)
        }
        for head in ExitHead.allCases where heads.contains(head) {
            let outputs = head.outputs(layers: N)
            add(head.weightName, [outputs, d], isExit: true)
            add(head.biasName, [outputs], isExit: true)
        }
    }

    /// The layers of a side branch beside a network (checkpoint-format.md).
    ///
    /// - Parameters:
    ///   - count: of them.
    ///   - configuration: the network's.
    init(branchLayers count: Int, beside configuration: ModelConfiguration) {
        for layer in 0..<count { addDecoderLayer("exits.branch.layers.\(layer).", configuration) }
        if configuration.architecture.normalizesEnds {
            addNorm("exits.branch.layer_norm", configuration.width)
        }
    }

    /// The names of all tensors.
    public var names: Set<String> { Set(offsets.keys) }

    /// The entry of a name, which must exist.
    func entry(_ name: String) -> Entry {
        guard let index = offsets[name] else { preconditionFailure("no parameter \(name)") }
        return entries[index]
    }

    private mutating func add(_ name: String, _ shape: [Int], isExit: Bool = false) {
        let size = shape.reduce(1, *)
        offsets[name] = entries.count
        entries.append(
            Entry(name: name, shape: shape, range: count..<count + size, isExit: isExit))
        count += size
    }

    private mutating func addDecoderLayer(_ prefix: String, _ c: ModelConfiguration) {
        addAttention(prefix + "self_attn", c.width)
        addAttention(prefix + "encoder_attn", c.width)
        addFeedForward(prefix, c.width, c.decoder.feedForwardWidth)
    }

    private mutating func addAttention(_ prefix: String, _ d: Int) {
        for name in ["q_proj", "k_proj", "v_proj"] { add("\(prefix).\(name).weight", [d, d]) }
        for name in ["q_proj", "k_proj", "v_proj"] { add("\(prefix).\(name).bias", [d]) }
        add("\(prefix).out_proj.weight", [d, d])
        add("\(prefix).out_proj.bias", [d])
        addNorm("\(prefix)_layer_norm", d)
    }

    private mutating func addFeedForward(_ prefix: String, _ d: Int, _ f: Int) {
        add(prefix + "fc1.weight", [f, d])
        add(prefix + "fc1.bias", [f])
        add(prefix + "fc2.weight", [d, f])
        add(prefix + "fc2.bias", [d])
        addNorm(prefix + "final_layer_norm", d)
    }

    private mutating func addNorm(_ name: String, _ d: Int) {
        add(name + ".weight", [d])
        add(name + ".bias", [d])
    }
}
