public import Checkpoint
public import Tensor

/// The decoder layers that stand beside a network's own, as exits.safetensors holds them: `exits.branch.layers.{i}.…`, named like those of
/// a decoder, and `exits.branch.layer_norm` where its stacks end with a normalisation.
struct SideBranchLayers {
    /// The exit that the branch is: below that of layer 1.
    static let exit = 0

    private static let prefix = "branch."
    /// The tensor that tells a layer from none.
    static func mark(ofLayer index: Int) -> String { "exits.branch.layers.\(index).fc1.weight" }

    let layers: [DecoderLayer]
    let norm: LayerNorm?

    /// Reads the branch of a checkpoint; nil where it has none.
    ///
    /// - Throws: `CheckpointError` for tensors that are missing, that no layer reads, or that a network of this kind cannot use.
    init?(_ exits: ParameterReader?, _ c: ModelConfiguration) throws(CheckpointError) {
        guard let exits else { return nil }
        let start = exits.prefix + Self.prefix
        let names = exits.weights.entries.map(\.name).filter { $0.hasPrefix(start) }
        guard !names.isEmpty else { return nil }
        let own = c.withDecoderLayers(max(c.decoder.layers - 1, 1))
        var layers: [DecoderLayer] = []
        while layers.count < own.decoder.layers {
            let part = exits.part("\(Self.prefix)layers.\(layers.count)")
            guard exits.weights.contains(Self.mark(ofLayer: layers.count)) else { break }
            layers.append(try DecoderLayer(part, own))
        }
        let parts = layers.indices.map { "\(start)layers.\($0)." } + ["\(start)layer_norm."]
        let other = names.first { name in !parts.contains(where: name.hasPrefix) }
        if let other = layers.isEmpty ? names.first : other {
            throw CheckpointError(
                .unsupportedValue, file: exits.weights.file, subject: other,
                found: "a tensor of no layer of a side branch",
                expected: c.decoder.layers == 1
                    ? "none: the decoder has one layer"
                    : "\(start)layers.0 and on, at most \(c.decoder.layers - 1) layers, each like one of the decoder"
            )
        }
        self.layers = layers
        norm =
            c.architecture.normalizesEnds
            ? try exits.part("branch").layerNorm("layer_norm", c) : nil
    }

    /// What is wrong where exits.json drafts with a branch that is not there.
    static let missing = CheckpointError(
        .tensorMissing, file: "exits.safetensors", subject: mark(ofLayer: 0),
        found: "no such tensor", expected: "the side branch of \"draft_exit\": 0 in exits.json")
}

extension TranslationModel {
    /// Decoder layers of the side branch; 0 where there is none.
    public var branchLayerCount: Int { branch?.decoderLayerCount ?? 0 }

    /// The exit that costs least: 0, the side branch, or layer 1.
    public var lowestExit: Int { branch == nil ? 1 : SideBranchLayers.exit }

    /// `branchLayerCount` of a checkpoint whose network is not in memory, by the names of its tensors.
    public static func branchLayerCount(_ checkpoint: Checkpoint) -> Int {
        (0..<checkpoint.configuration.decoder.layers).prefix {
            checkpoint.exitHeads?.contains(SideBranchLayers.mark(ofLayer: $0)) == true
        }.count
    }
}

extension TranslationModel {
    /// The sum of embedding and position of a target token, before any normalisation.
    ///
    /// - Parameters:
    ///   - token: target id; nil: its position alone.
    ///   - position: 1 for the first.
    ///   - row: matrix and row that receive it.
    func embedTarget(_ token: Int?, position: Int, into row: (matrix: Matrix, row: Int)) {
        let place = decoderEnds.positions.row(position - 1)
        if let token {
            targetEmbedding.embed(
                token, into: row, scale: configuration.embeddingScale, adding: place)
        } else {
            row.matrix.copyRow(row.row, from: place.0, sourceRow: place.1)
        }
    }

    /// What the first layer of a decoder reads of target tokens.
    ///
    /// - Parameters:
    ///   - inputs: tokens, nil for a position alone, each with its position, 1 for the first.
    ///   - states: resized to [inputs, d].
    public func embedTargets(_ inputs: [(token: Int?, position: Int)], into states: Matrix) {
        states.resize(rows: inputs.count)
        for (row, input) in inputs.enumerated() {
            embedTarget(input.token, position: input.position, into: (states, row))
        }
        decoderEnds.embeddingNorm?.apply(states, rows: 0..<inputs.count, into: states)
    }
}
