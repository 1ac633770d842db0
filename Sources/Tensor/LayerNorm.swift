internal import CKernels

/// Layer normalisation: (x − mean) / √(variance + ε) · γ + β over each row.
public struct LayerNorm: Sendable {
    private let gamma: [Float]
    private let beta: [Float]
    private let epsilon: Float
    private let instructionSet: InstructionSet

    /// - Parameters:
    ///   - weight: γ.
    ///   - bias: β, as long as γ.
    ///   - epsilon: added to the (biased) variance.
    ///   - instructionSet: the variant of the kernels to use.
    public init(
        weight: [Float], bias: [Float], epsilon: Float = 1e-5,
        instructionSet: InstructionSet = .best
    ) {
        precondition(weight.count == bias.count && !weight.isEmpty, "γ and β of different lengths")
        gamma = weight
        beta = bias
        self.epsilon = epsilon
        self.instructionSet = instructionSet
    }

    /// Normalises `rows` of x into the rows of y from `first` on; y may be x where the rows are the same.
    public func apply(_ x: Matrix, rows: Range<Int>, into y: Matrix, at first: Int = 0) {
        precondition(x.columns == gamma.count && y.columns == gamma.count, "shapes do not fit")
        precondition(
            x !== y || first == rows.lowerBound || !rows.overlaps(first..<first + rows.count),
            "rows overwritten before they are read")
        guard !rows.isEmpty else { return }
        gamma.withUnsafeBufferPointer { gamma in
            beta.withUnsafeBufferPointer { beta in
                var arguments = ck_norm_args()
                arguments.x = UnsafePointer(x.pointer(rows: rows))
                arguments.ldx = x.columns
                arguments.y = y.pointer(rows: first..<first + rows.count)
                arguments.ldy = y.columns
                arguments.gamma = gamma.baseAddress
                arguments.beta = beta.baseAddress
                arguments.rows = rows.count
                arguments.width = gamma.count
                arguments.epsilon = epsilon
                ck_layer_norm(instructionSet.isa, &arguments)
            }
        }
    }
}
