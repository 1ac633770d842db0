import Checkpoint
import Tensor

/// The block of a decoder layer that knows the positions before.
enum TargetMixer: Sendable {
    /// Attention to all of them, whose keys and values are kept.
    case attention(TargetAttention)
    /// A recurrent unit, whose cell is kept.
    case recurrence(RecurrentUnit)

    /// Reads the block that the architecture has.
    init(_ parameters: ParameterReader, _ c: ModelConfiguration) throws(CheckpointError) {
        switch c.architecture.cell {
        case .attention: self = .attention(try TargetAttention(parameters.part("self_attn"), c))
        case .ssru: self = .recurrence(try RecurrentUnit(parameters.part("ssru"), c))
        }
    }

    /// What a position that left below the layer is multiplied by all the same.
    var kept: Projection {
        switch self {
        case .attention(let block): block.keyValue
        case .recurrence(let block): block.candidateGate
        }
    }

    var byteCount: Int {
        switch self {
        case .attention(let block):
            block.query.byteCount + block.keyValue.byteCount + block.output.byteCount
        case .recurrence(let block): block.candidateGate.byteCount
        }
    }
}

/// Self-attention.
///
/// Keys and values have a product of their own, apart from the queries, because a position that left
/// below the layer needs them without the rest (method.md §1).
struct TargetAttention: Sendable {
    let query: Projection  // self_attn.q_proj [d, d]
    let keyValue: Projection  // self_attn.{k,v}_proj [2d, d]
    let output: Projection  // self_attn.out_proj [d, d]

    init(_ own: ParameterReader, _ c: ModelConfiguration) throws(CheckpointError) {
        let d = c.width
        query = try own.projection("q_proj", outputs: d, inputs: d)
        keyValue = try own.stackedProjection(["k_proj", "v_proj"], outputs: d, inputs: d)
        output = try own.projection("out_proj", outputs: d, inputs: d)
    }
}

/// A simpler simple recurrent unit (`Architecture.DecoderCell.ssru`).
struct RecurrentUnit: Sendable {
    /// Candidates W x, which have no bias, and then the gates' W_f x + b_f.
    let candidateGate: Projection  // ssru.{candidate,forget_gate} [2d, d]

    init(_ own: ParameterReader, _ c: ModelConfiguration) throws(CheckpointError) {
        let d = c.width
        candidateGate = try own.packed("candidate+forget_gate", outputs: 2 * d, inputs: d) {
            () throws(CheckpointError) in
            let bias = try own.tensor("forget_gate.bias", d)
            return (
                try own.stackedWeights(["candidate", "forget_gate"], outputs: d, inputs: d),
                [Float](repeating: 0, count: d) + bias
            )
        }
    }
}
