import Checkpoint
import Tensor

/// What stands before the first layer of a stack and behind its last.
struct StackEnds: Sendable {
    let positions: PositionTable
    let embeddingNorm: LayerNorm?  // layernorm_embedding [d]
    let norm: LayerNorm?  // layer_norm [d]

    /// The same before the first layer with another normalisation behind the last.
    func ending(with norm: LayerNorm?) -> StackEnds {
        StackEnds(positions: positions, embeddingNorm: embeddingNorm, norm: norm)
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

    private init(positions: PositionTable, embeddingNorm: LayerNorm?, norm: LayerNorm?) {
        self.positions = positions
        self.embeddingNorm = embeddingNorm
        self.norm = norm
    }
}
