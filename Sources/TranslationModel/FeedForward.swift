public import Checkpoint
public import Tensor

/// The position-wise block of a post-norm layer: LayerNorm(x + fc2(act(fc1(x)))).
///
/// d: model width, f: inner width.
struct FeedForward: Sendable {
    let fc1: Linear  // fc1 [f, d]
    let fc2: Linear  // fc2 [d, f]
    let norm: LayerNorm  // final_layer_norm [d]
    let activation: Activation

    init(
        _ parameters: ParameterReader, width d: Int, inner f: Int, activation: Activation
    ) throws(CheckpointError) {
        fc1 = try parameters.linear("fc1", outputs: f, inputs: d)
        fc2 = try parameters.linear("fc2", outputs: d, inputs: f)
        norm = try parameters.layerNorm("final_layer_norm", width: d)
        self.activation = activation
    }

    /// x [rows, d] is replaced by the block's output; `inner` [≥ rows, f] and `sum` [≥ rows, d] are
    /// scratch.
    func apply(_ x: Matrix, rows: Int, inner: Matrix, sum: Matrix) {
        fc1.apply(x, rows: 0..<rows, into: inner, .init(activation: activation))
        fc2.apply(inner, rows: 0..<rows, into: sum, .init(residual: x))
        norm.apply(sum, rows: 0..<rows, into: x)
    }

    var byteCount: Int { fc1.byteCount + fc2.byteCount }
}

extension ModelConfiguration.Activation {
    /// The kernel of config.json's `activation_function`.
    public var kernel: Activation {
        switch self {
        case .relu: .relu
        case .swish: .swish
        case .gelu: .gelu
        }
    }
}
