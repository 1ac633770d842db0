import Checkpoint
import Tensor

/// One decoder layer: its weights only, the state is an argument of what runs it.
///
/// Keys and values have a product of their own, apart from the queries, because a position that left
/// below this layer needs them without the rest (method.md §1).
final class DecoderLayer: Sendable {
    let selfQuery: Projection  // self_attn.q_proj [d, d]
    let selfKeyValue: Projection  // self_attn.{k,v}_proj [2d, d]
    let selfOutput: Projection  // self_attn.out_proj [d, d]
    let selfNorm: BlockNorm  // self_attn_layer_norm [d]
    let crossQuery: Projection  // encoder_attn.q_proj [d, d]
    let crossKeyValue: Projection  // encoder_attn.{k,v}_proj [2d, d]
    let crossOutput: Projection  // encoder_attn.out_proj [d, d]
    let crossNorm: BlockNorm  // encoder_attn_layer_norm [d]
    let feedForward: FeedForward

    init(_ parameters: ParameterReader, _ c: ModelConfiguration) throws(CheckpointError) {
        let d = c.width
        let own = parameters.part("self_attn")
        selfQuery = try own.projection("q_proj", outputs: d, inputs: d)
        selfKeyValue = try own.stackedProjection(["k_proj", "v_proj"], outputs: d, inputs: d)
        selfOutput = try own.projection("out_proj", outputs: d, inputs: d)
        selfNorm = try parameters.blockNorm("self_attn_layer_norm", c)
        let cross = parameters.part("encoder_attn")
        crossQuery = try cross.projection("q_proj", outputs: d, inputs: d)
        crossKeyValue = try cross.stackedProjection(["k_proj", "v_proj"], outputs: d, inputs: d)
        crossOutput = try cross.projection("out_proj", outputs: d, inputs: d)
        crossNorm = try parameters.blockNorm("encoder_attn_layer_norm", c)
        feedForward = try FeedForward(parameters, c, inner: c.decoder.feedForwardWidth)
    }

    var byteCount: Int {
        selfQuery.byteCount + selfKeyValue.byteCount + selfOutput.byteCount + crossQuery.byteCount
            + crossKeyValue.byteCount + crossOutput.byteCount + feedForward.byteCount
    }
}
