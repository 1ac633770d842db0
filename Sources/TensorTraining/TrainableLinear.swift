internal import CKernels
public import Tensor

/// A linear map y = x·Wᵀ + b whose weights are a part of a parameter vector.
///
/// `linear` and the map of gradients work on packed copies, which `repack` brings up to date after the
/// parameters have changed.
public final class TrainableLinear: @unchecked Sendable {
    /// The map itself.
    public let linear: Linear
    private let transposed: Linear
    private let parameters: ParameterVector
    private let weight: Range<Int>
    private let bias: Range<Int>?
    private let banned: [Int]

    /// Where the values of a linear map are in a parameter vector.
    public struct Place: Sendable {
        /// Where W [outputs, inputs] begins.
        public var weight: Int
        /// Where b [outputs] begins, nil for none.
        public var bias: Int?
        /// Rows of W.
        public var outputs: Int
        /// Columns of W.
        public var inputs: Int

        /// All four.
        public init(weight: Int, bias: Int?, outputs: Int, inputs: Int) {
            self.weight = weight
            self.bias = bias
            self.outputs = outputs
            self.inputs = inputs
        }
    }

    /// Packs the present values.
    ///
    /// - Parameters:
    ///   - place: where the values are.
    ///   - parameters: the vector that holds them.
    ///   - banned: outputs whose bias is −∞ whatever the parameters say; they need a bias.
    ///   - instructionSet: the variant of the kernels to use.
    public init(
        _ place: Place, in parameters: ParameterVector, banned: [Int] = [],
        instructionSet: InstructionSet = .best
    ) {
        precondition(banned.isEmpty || place.bias != nil, "banned outputs need a bias")
        self.parameters = parameters
        self.banned = banned
        weight = place.weight..<place.weight + place.outputs * place.inputs
        bias = place.bias.map { $0..<$0 + place.outputs }
        linear = Linear(
            outputs: place.outputs, inputs: place.inputs, hasBias: bias != nil,
            instructionSet: instructionSet)
        transposed = Linear(
            outputs: place.inputs, inputs: place.outputs, hasBias: false,
            instructionSet: instructionSet)
        repack()
    }

    /// Takes over the parameters' present values.
    public func repack() {
        let values = parameters.pointer(weight)
        ck_pack(values, linear.outputs, linear.inputs, linear.panels.floats)
        ck_pack_transposed(values, linear.outputs, linear.inputs, transposed.panels.floats)
        guard let bias, let storage = linear.bias else { return }
        let biases = parameters.pointer(bias)
        for index in 0..<linear.outputs { storage.floats[index] = biases[index] }
        for index in banned { storage.floats[index] = -.infinity }
    }

    /// The gradient of x: dx = dy·W + residual.
    ///
    /// - Parameters:
    ///   - dy: gradient of y, [rows, outputs].
    ///   - rows: rows of dy.
    ///   - dx: [rows, inputs], not dy.
    ///   - first: row of dx that the first of `rows` goes to.
    ///   - residual: added, row i to row i of dx; may be dx itself.
    public func gradient(
        _ dy: Matrix, rows: Range<Int>, into dx: Matrix, at first: Int = 0,
        adding residual: Matrix? = nil
    ) {
        transposed.apply(dy, rows: rows, into: dx, at: first, .init(residual: residual))
    }

    /// Adds the gradients of W and b: dW += dyᵀ·x, db += Σ dy.
    ///
    /// - Parameters:
    ///   - dy: gradient of y, [rows, outputs] without further columns.
    ///   - x: what the map was applied to, at least `inputs` columns.
    ///   - rows: rows of x; dy has the gradients of these in its first rows.
    ///   - gradients: as long as the parameters.
    ///   - scratch: working memory.
    public func addGradients(
        _ dy: Matrix, _ x: Matrix, rows: Range<Int>, to gradients: ParameterVector,
        _ scratch: WeightGradientScratch = WeightGradientScratch()
    ) {
        precondition(dy.columns >= linear.outputs && x.columns >= linear.inputs)
        guard !rows.isEmpty else { return }
        var arguments = ck_outer_args()
        arguments.dy = UnsafePointer(dy.pointer(rows: 0..<rows.count))
        arguments.ldy = dy.columns
        arguments.x = UnsafePointer(x.pointer(rows: rows))
        arguments.ldx = x.columns
        arguments.dw = gradients.pointer(weight)
        arguments.db = bias.map { gradients.pointer($0) }
        arguments.rows = rows.count
        arguments.outputs = linear.outputs
        arguments.inputs = linear.inputs
        arguments.scratch = scratch.floats(inputs: linear.inputs)
        ck_outer(linear.instructionSet.isa, &arguments)
    }
}

/// Working memory of gradients of weights, for maps of any sizes; belongs to one thread at a time.
public final class WeightGradientScratch {
    private var storage: Storage?

    /// Takes memory when it is first used.
    public init() {}

    fileprivate func floats(inputs: Int) -> UnsafeMutablePointer<Float> {
        let count = ck_outer_scratch_count(inputs)
        if let storage, storage.count >= count { return storage.floats }
        let grown = Storage(zeros: count)
        storage = grown
        return grown.floats
    }
}

/// Layer normalisation whose γ and β are a part of a parameter vector.
public struct TrainableNorm: Sendable {
    private let parameters: ParameterVector
    private let gamma: Range<Int>
    private let beta: Range<Int>
    private let epsilon: Float
    private let instructionSet: InstructionSet

    /// Normalisation of rows of `width` elements.
    ///
    /// - Parameters:
    ///   - gamma: where γ begins.
    ///   - beta: where β begins.
    ///   - width: length of both.
    ///   - parameters: the vector that holds them.
    ///   - epsilon: added to the (biased) variance.
    ///   - instructionSet: the variant of the kernels to use.
    public init(
        gamma: Int, beta: Int, width: Int, in parameters: ParameterVector, epsilon: Float = 1e-5,
        instructionSet: InstructionSet = .best
    ) {
        self.parameters = parameters
        self.gamma = gamma..<gamma + width
        self.beta = beta..<beta + width
        self.instructionSet = instructionSet
        self.epsilon = epsilon
    }

    /// y = (x − mean) / √(variance + ε) · γ + β, all rows.
    public func apply(_ x: Matrix, into y: Matrix) {
        precondition(x.columns == gamma.count && y.columns == gamma.count && x.rows == y.rows)
        guard x.rows > 0 else { return }
        var arguments = ck_norm_args()
        arguments.x = UnsafePointer(x.pointer(row: 0))
        arguments.ldx = x.columns
        arguments.y = y.pointer(row: 0)
        arguments.ldy = y.columns
        arguments.gamma = UnsafePointer(parameters.pointer(gamma))
        arguments.beta = UnsafePointer(parameters.pointer(beta))
        arguments.rows = x.rows
        arguments.width = x.columns
        arguments.epsilon = epsilon
        ck_layer_norm(instructionSet.isa, &arguments)
    }

    /// The gradient of x, all rows, and what it adds to those of γ and β.
    ///
    /// - Parameters:
    ///   - dy: gradient of y.
    ///   - x: what was normalised.
    ///   - dx: gradient of x; may be dy itself.
    ///   - gradients: as long as the parameters.
    public func gradient(
        _ dy: Matrix, of x: Matrix, into dx: Matrix, to gradients: ParameterVector
    ) {
        precondition(
            x.columns == gamma.count && dy.columns == gamma.count && dx.columns == gamma.count)
        precondition(x.rows == dy.rows && x.rows == dx.rows)
        guard x.rows > 0 else { return }
        var arguments = ck_norm_backward_args()
        arguments.x = UnsafePointer(x.pointer(row: 0))
        arguments.dy = UnsafePointer(dy.pointer(row: 0))
        arguments.dx = dx.pointer(row: 0)
        arguments.gamma = UnsafePointer(parameters.pointer(gamma))
        arguments.dgamma = gradients.pointer(gamma)
        arguments.dbeta = gradients.pointer(beta)
        arguments.rows = x.rows
        arguments.width = x.columns
        arguments.epsilon = epsilon
        ck_layer_norm_backward(instructionSet.isa, &arguments)
    }
}
