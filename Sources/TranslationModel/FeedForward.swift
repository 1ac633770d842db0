public import Checkpoint
import System
public import Tensor

/// The position-wise block of a post-norm layer: LayerNorm(x + fc2(act(fc1(x)))).
///
/// d: model width, f: inner width.
struct FeedForward: Sendable {
    let fc1: Projection  // fc1 [f, d]
    let fc2: Projection  // fc2 [d, f]
    let norm: LayerNorm  // final_layer_norm [d]
    let activation: Activation

    init(
        _ parameters: ParameterReader, width d: Int, inner f: Int, activation: Activation
    ) throws(CheckpointError) {
        fc1 = try parameters.projection("fc1", outputs: f, inputs: d)
        fc2 = try parameters.projection("fc2", outputs: d, inputs: f)
        norm = try parameters.layerNorm("final_layer_norm", width: d)
        self.activation = activation
    }

    /// x [rows, d] is replaced by the block's output; `sum` [≥ rows, d] is scratch.
    func apply(_ x: Matrix, rows: Int, _ scratch: FeedForwardScratch, sum: Matrix) {
        scratch.inner.resize(rows: rows)
        scratch.input.set(x, rows: rows)
        fc1.apply(scratch.input, into: scratch.inner, .init(activation: activation))
        scratch.innerInput.set(scratch.inner, rows: rows)
        fc2.apply(scratch.innerInput, into: sum, .init(residual: x))
        norm.apply(sum, rows: 0..<rows, into: x)
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
        }
    }
}
