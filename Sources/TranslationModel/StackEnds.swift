import Checkpoint
import Tensor

/// What stands before the first layer of a stack and behind its last.
struct StackEnds: Sendable {
    let positions: PositionTable
    let embeddingNorm: LayerNorm?  // layernorm_embedding [d]
    private(set) var norm: LayerNorm?  // layer_norm [d]

    /// The same before the first layer with another normalisation behind the last.
    func ending(with norm: LayerNorm?) -> StackEnds {
        var other = self
        other.norm = norm
        return other
    }

    /// Reads those of `model.encoder` or `model.decoder`; `shared` is the table of positions that follow from the configuration alone.
    init(
        _ parameters: ParameterReader, _ c: ModelConfiguration, shared: PositionTable?
    ) throws(CheckpointError) {
        if let shared {
            positions = shared
        } else {
            positions = try PositionTable(learned: parameters, c)
        }
        embeddingNorm =
            c.architecture.normalizesEmbeddings
            ? try parameters.layerNorm("layernorm_embedding", c) : nil
        norm =
            c.architecture.normalizesEnds
            ? try parameters.layerNorm("layer_norm", c) : nil
    }
}
