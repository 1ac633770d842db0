public import Checkpoint
import System
public import Tensor

/// The position-wise block of a layer: fc2(act(fc1(x))) with its residual connection and normalisation.
///
/// d: model width, f: inner width.
struct FeedForward: Sendable {
    let fc1: Projection  // fc1 [f, d]
    let fc2: Projection  // fc2 [d, f]
    let norm: BlockNorm  // final_layer_norm [d]
    let activation: Activation

    init(
        _ parameters: ParameterReader, _ c: ModelConfiguration, inner f: Int
    ) throws(CheckpointError) {
        let d = c.width
        fc1 = try parameters.projection("fc1", outputs: f, inputs: d)
        fc2 = try parameters.projection("fc2", outputs: d, inputs: f)
        norm = try parameters.blockNorm("final_layer_norm", c)
        activation = c.activation.kernel
    }

    /// x [rows, d] is replaced by the block's output; `sum` [≥ rows, d] is scratch.
    func apply(_ x: Matrix, rows: Int, _ scratch: FeedForwardScratch, sum: Matrix) {
        scratch.inner.resize(rows: rows)
        norm.enter(x, rows: rows, scratch.input, scratch: sum)
        fc1.apply(scratch.input, into: scratch.inner, .init(activation: activation))
        scratch.innerInput.set(scratch.inner, rows: rows)
        fc2.apply(scratch.innerInput, into: sum, .init(residual: x))
        norm.leave(sum, rows: rows, into: x)
    }

    var byteCount: Int { fc1.byteCount + fc2.byteCount }
}

/// What the blocks of a stack write into while they run.
final class FeedForwardScratch {
    let inner: Matrix  // [rows, f]
    let input: ProjectionInput  // [rows, d]
    let innerInput: ProjectionInput  // [rows, f]
    var team: ThreadTeam? {
        didSet {
            input.team = team
            innerInput.team = team
        }
    }

    init(width d: Int, inner f: Int, precision: Precision) {
        inner = Matrix(rows: 0, columns: f)
        input = ProjectionInput(columns: d, precision: precision)
        innerInput = ProjectionInput(columns: f, precision: precision)
    }
}

extension ModelConfiguration.ActivationFunction {
    /// The kernel of config.json's `activation_function`.
    public var kernel: Activation {
        switch self {
        case .relu: .relu
        case .swish: .swish
        case .gelu: .gelu
        case .quickGELU: .quickGELU
        }
    }
}
