import Tensor
import TensorTraining

/// Matrices that blocks use on the way back and do not keep; one set for each thread.
final class GradientScratch {
    let branch: Matrix  // [rows, d]
    let context: Matrix  // [rows, d]
    let query: Matrix  // [rows, d]
    let keyValue: Matrix  // [rows, 2d]
    let weights = WeightGradientScratch()
    private var inner: [Int: Matrix] = [:]

    init(width d: Int) {
        branch = Matrix(rows: 0, columns: d)
        context = Matrix(rows: 0, columns: d)
        query = Matrix(rows: 0, columns: d)
        keyValue = Matrix(rows: 0, columns: 2 * d)
    }

    /// One of [rows, f] for each f.
    func inner(_ width: Int) -> Matrix {
        if let matrix = inner[width] { return matrix }
        let matrix = Matrix(rows: 0, columns: width)
        inner[width] = matrix
        return matrix
    }
}

/// What a block needs on the way back beside what it kept.
struct BackwardContext {
    let gradients: ParameterVector
    let scratch: GradientScratch
    let dropout: Dropout
}

/// The sum and normalisation that close every block: h = LayerNorm(x + dropout(branch)).
private struct ResidualNorm {
    let norm: TrainableNorm
    /// The branch's output; the sum after `forward`.
    let sum: Matrix
    private(set) var key: UInt32 = 0

    mutating func forward(_ x: Matrix, _ dropout: Dropout, key: UInt32, into h: Matrix) {
        self.key = key
        dropout.apply(sum, key: key, adding: x)
        h.resize(rows: sum.rows)
        norm.apply(sum, into: h)
    }

    /// `gradient` of h becomes that of x as far as it does not go through the branch.
    ///
    /// - Returns: the gradient of the branch's output.
    func backward(_ gradient: Matrix, _ context: BackwardContext) -> Matrix {
        norm.gradient(gradient, of: sum, into: gradient, to: context.gradients)
        guard !context.dropout.isOff else { return gradient }
        let branch = context.scratch.branch
        branch.resize(rows: gradient.rows)
        branch.copyRows(from: gradient)
        context.dropout.apply(branch, key: key)
        return branch
    }
}

/// An attention block and what it keeps between the way forward and the way back.
final class AttentionBlock {
    private let weights: AttentionWeights
    private let attention: TrainableAttention
    private let query: Matrix  // [m, d]
    private let keyValue: Matrix  // [memory rows, 2d]
    private let softmax = Matrix(rows: 0, columns: 16)
    private let context: Matrix  // [m, d]
    private var residual: ResidualNorm
    private let output: Matrix  // [m, d]
    private var x: Matrix
    private var memory: Matrix

    init(_ weights: AttentionWeights, heads: Int, width d: Int) {
        self.weights = weights
        attention = TrainableAttention(heads: heads, width: d)
        query = Matrix(rows: 0, columns: d)
        keyValue = Matrix(rows: 0, columns: 2 * d)
        context = Matrix(rows: 0, columns: d)
        residual = ResidualNorm(norm: weights.norm, sum: Matrix(rows: 0, columns: d))
        output = Matrix(rows: 0, columns: d)
        x = output
        memory = output
    }

    private var inputs: TrainableAttention.Inputs {
        .init(query: query, keysValues: keyValue, keyColumn: 0)
    }

    /// - Parameters:
    ///   - x: [m, d], kept by reference until the way back.
    ///   - memory: what is attended to, kept likewise; may be x.
    ///   - spans: for each row of x, rows of memory.
    ///   - dropout: of the branch.
    ///   - key: of the dropout.
    /// - Returns: h [m, d], valid until the next call.
    func forward(
        _ x: Matrix, memory: Matrix, _ spans: TrainableAttention.Spans, _ dropout: Dropout,
        key: UInt32
    ) -> Matrix {
        self.x = x
        self.memory = memory
        for matrix in [query, context, residual.sum] { matrix.resize(rows: x.rows) }
        keyValue.resize(rows: memory.rows)
        softmax.resize(rows: spans.weightCount / 16)
        weights.query.linear.apply(x, rows: 0..<x.rows, into: query)
        weights.keyValue.linear.apply(memory, rows: 0..<memory.rows, into: keyValue)
        attention.apply(inputs, spans, weights: softmax, into: context)
        weights.output.linear.apply(context, rows: 0..<x.rows, into: residual.sum)
        residual.forward(x, dropout, key: key, into: output)
        return output
    }

    /// - Parameters:
    ///   - gradient: of h; becomes that of x.
    ///   - memoryGradient: that of memory is added; may be `gradient` where memory is x.
    ///   - spans: as on the way forward.
    ///   - way: where gradients of parameters go.
    func backward(
        _ gradient: Matrix, memoryGradient: Matrix, _ spans: TrainableAttention.Spans,
        _ way: BackwardContext
    ) {
        let rows = 0..<x.rows
        let scratch = way.scratch
        let branch = residual.backward(gradient, way)
        weights.output.addGradients(
            branch, context, rows: rows, to: way.gradients, scratch.weights)
        for matrix in [scratch.context, scratch.query] { matrix.resize(rows: x.rows) }
        weights.output.gradient(branch, rows: rows, into: scratch.context)
        scratch.keyValue.resize(rows: memory.rows)
        scratch.keyValue.clear()
        attention.gradient(
            inputs, spans, weights: softmax, dout: scratch.context,
            into: .init(query: scratch.query, keysValues: scratch.keyValue, keyColumn: 0))
        weights.query.addGradients(
            scratch.query, x, rows: rows, to: way.gradients, scratch.weights)
        weights.query.gradient(scratch.query, rows: rows, into: gradient, adding: gradient)
        let memoryRows = 0..<memory.rows
        weights.keyValue.addGradients(
            scratch.keyValue, memory, rows: memoryRows, to: way.gradients,
            scratch.weights)
        weights.keyValue.gradient(
            scratch.keyValue, rows: memoryRows, into: memoryGradient, adding: memoryGradient)
    }

    /// Σ greatest weight · number of keys over the rows and heads of the latest pass, and their number.
    func focus(_ spans: TrainableAttention.Spans) -> (sum: Double, count: Int) {
        var sum = 0.0
        for query in 0..<spans.count {
            let keys = spans.keys(query).count
            for head in 0..<spans.heads {
                let start = spans.offset(query, head: head)
                let greatest = (start..<start + keys).reduce(Float(0)) {
                    max($0, softmax[$1 / 16, $1 % 16])
                }
                sum += Double(greatest) * Double(keys)
            }
        }
        return (sum, spans.count * spans.heads)
    }
}

/// A feed-forward block and what it keeps between the way forward and the way back.
final class FeedForwardBlock {
    private let weights: FeedForwardWeights
    private let inner: Matrix  // [m, f], after the activation
    private let before: Matrix?  // [m, f], before it; ReLU's derivative can be told after it
    private var residual: ResidualNorm
    private let output: Matrix  // [m, d]
    private var x: Matrix

    init(_ weights: FeedForwardWeights, width d: Int) {
        self.weights = weights
        inner = Matrix(rows: 0, columns: weights.fc1.linear.outputs)
        before =
            weights.activation == .relu
            ? nil : Matrix(rows: 0, columns: weights.fc1.linear.outputs)
        residual = ResidualNorm(norm: weights.norm, sum: Matrix(rows: 0, columns: d))
        output = Matrix(rows: 0, columns: d)
        x = output
    }

    /// - Parameters:
    ///   - x: [m, d], kept by reference until the way back.
    ///   - dropout: of the branch.
    ///   - key: of the dropout.
    /// - Returns: h [m, d], valid until the next call.
    func forward(_ x: Matrix, _ dropout: Dropout, key: UInt32) -> Matrix {
        self.x = x
        for matrix in [inner, residual.sum] { matrix.resize(rows: x.rows) }
        let rows = 0..<x.rows
        if let before {
            before.resize(rows: x.rows)
            weights.fc1.linear.apply(x, rows: rows, into: before)
            weights.activation.apply(before, into: inner)
        } else {
            weights.fc1.linear.apply(
                x, rows: rows, into: inner, .init(activation: weights.activation))
        }
        weights.fc2.linear.apply(inner, rows: rows, into: residual.sum)
        residual.forward(x, dropout, key: key, into: output)
        return output
    }

    /// - Parameters:
    ///   - gradient: of h; becomes that of x.
    ///   - way: where gradients of parameters go.
    func backward(_ gradient: Matrix, _ way: BackwardContext) {
        let rows = 0..<x.rows
        let branch = residual.backward(gradient, way)
        weights.fc2.addGradients(
            branch, inner, rows: rows, to: way.gradients, way.scratch.weights)
        let slope = way.scratch.inner(inner.columns)
        slope.resize(rows: x.rows)
        weights.fc2.gradient(branch, rows: rows, into: slope)
        weights.activation.gradient(slope, at: before ?? inner)
        weights.fc1.addGradients(slope, x, rows: rows, to: way.gradients, way.scratch.weights)
        weights.fc1.gradient(slope, rows: rows, into: gradient, adding: gradient)
    }
}
