import Checkpoint
import Tensor

/// One decoder layer: its weights only, the state is an argument of what runs it.
final class DecoderLayer: Sendable {
    let mixer: TargetMixer
    let selfNorm: BlockNorm  // self_attn_layer_norm [d]
    let crossQuery: Projection  // encoder_attn.q_proj [d, d]
    let crossKeyValue: Projection  // encoder_attn.{k,v}_proj [2d, d]
    let crossOutput: Projection  // encoder_attn.out_proj [d, d]
    let crossNorm: BlockNorm  // encoder_attn_layer_norm [d]
    let feedForward: FeedForward

    init(_ parameters: ParameterReader, _ c: ModelConfiguration) throws(CheckpointError) {
        let d = c.width
        mixer = try TargetMixer(parameters, c)
        selfNorm = try parameters.blockNorm("self_attn_layer_norm", c)
        let cross = parameters.part("encoder_attn")
        crossQuery = try cross.projection("q_proj", outputs: d, inputs: d)
        crossKeyValue = try cross.stackedProjection(["k_proj", "v_proj"], outputs: d, inputs: d)
        crossOutput = try cross.projection("out_proj", outputs: d, inputs: d)
        crossNorm = try parameters.blockNorm("encoder_attn_layer_norm", c)
        feedForward = try FeedForward(parameters, c, inner: c.decoder.feedForwardWidth)
    }

    var byteCount: Int { stepByteCount + crossKeyValue.byteCount }

    /// What every step reads: all but what makes keys and values of the source.
    var stepByteCount: Int {
        mixer.byteCount + crossQuery.byteCount + crossOutput.byteCount + feedForward.byteCount
    }
}
