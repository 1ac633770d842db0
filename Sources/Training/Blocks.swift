import Checkpoint
import Tensor
import TensorTraining

/// Matrices that blocks use on the way back and do not keep; one set for each thread.
final class GradientScratch {
    let branch: Matrix  // [rows, d]
    let context: Matrix  // [rows, d]
    let query: Matrix  // [rows, d]
    let keyValue: Matrix  // [rows, 2d]
    let input: Matrix  // [rows, d]
    let memory: Matrix  // [memory rows, d]
    let weights = WeightGradientScratch()
    private var inner: [Int: Matrix] = [:]

    init(width d: Int) {
        branch = Matrix(rows: 0, columns: d)
        context = Matrix(rows: 0, columns: d)
        query = Matrix(rows: 0, columns: d)
        keyValue = Matrix(rows: 0, columns: 2 * d)
        input = Matrix(rows: 0, columns: d)
        memory = Matrix(rows: 0, columns: d)
    }

    /// One of them with so many rows of zeros.
    func zeros(_ path: KeyPath<GradientScratch, Matrix>, rows: Int) -> Matrix {
        let matrix = self[keyPath: path]
        matrix.resize(rows: rows)
        matrix.clear()
        return matrix
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

/// The residual connection and the normalisation of a block with the branch f.
///
/// h = LayerNorm(x + dropout(f(x))), or with the normalisation before the block h = x + dropout(f(LayerNorm(x))).
private struct Residual {
    /// The branch's output; the sum after `close`.
    let sum: Matrix  // [m, d]
    private let norm: TrainableNorm
    private let placement: Architecture.NormPlacement
    /// LayerNorm of one or of the other.
    private let normed: Matrix  // [m, d]
    private var x: Matrix
    private var key: UInt32 = 0

    init(_ norm: TrainableNorm, _ placement: Architecture.NormPlacement, width d: Int) {
        self.norm = norm
        self.placement = placement
        sum = Matrix(rows: 0, columns: d)
        normed = Matrix(rows: 0, columns: d)
        x = sum
    }

    /// What the branch reads.
    mutating func open(_ x: Matrix) -> Matrix {
        self.x = x
        for matrix in [sum, normed] { matrix.resize(rows: x.rows) }
        guard placement == .beforeBlock else { return x }
        norm.apply(x, into: normed)
        return normed
    }

    /// h, once `sum` holds the branch's output.
    mutating func close(_ dropout: Dropout, key: UInt32) -> Matrix {
        self.key = key
        dropout.apply(sum, key: key, adding: x)
        guard placement == .behindSum else { return sum }
        norm.apply(sum, into: normed)
        return normed
    }

    /// `gradient` of h becomes that of x as far as it does not go through the branch.
    ///
    /// - Returns: the gradient of the branch's output.
    func reopen(_ gradient: Matrix, _ context: BackwardContext) -> Matrix {
        if placement == .behindSum {
            norm.gradient(gradient, of: sum, into: gradient, to: context.gradients)
        }
        guard !context.dropout.isOff else { return gradient }
        let branch = context.scratch.branch
        branch.resize(rows: gradient.rows)
        branch.copyRows(from: gradient)
        context.dropout.apply(branch, key: key)
        return branch
    }

    /// Where the gradient of what the branch reads is to be added, `gradient` being that of x.
    func inputGradient(_ gradient: Matrix, _ context: BackwardContext) -> Matrix {
        guard placement == .beforeBlock else { return gradient }
        return context.scratch.zeros(\.input, rows: gradient.rows)
    }

    /// Adds what the branch's input gave to `gradient` of x.
    func finish(_ input: Matrix, _ gradient: Matrix, _ context: BackwardContext) {
        guard placement == .beforeBlock else { return }
        norm.gradient(input, of: x, into: input, to: context.gradients)
        gradient.add(input)
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
    private let normedMemory: Matrix  // [memory rows, d]
    private let normalizesMemory: Bool
    private var residual: Residual
    /// As they were given, and as they were read.
    private var x: Matrix
    private var input: Matrix
    private var memory: Matrix
    private var memoryInput: Matrix

    /// - Parameters:
    ///   - weights: its own.
    ///   - heads: attention heads.
    ///   - d: width.
    ///   - isSelfAttention: whether memory is what x is part of, and so normalised as x is.
    init(_ weights: AttentionWeights, heads: Int, width d: Int, isSelfAttention: Bool) {
        self.weights = weights
        attention = TrainableAttention(heads: heads, width: d)
        query = Matrix(rows: 0, columns: d)
        keyValue = Matrix(rows: 0, columns: 2 * d)
        context = Matrix(rows: 0, columns: d)
        normedMemory = Matrix(rows: 0, columns: d)
        normalizesMemory = isSelfAttention && weights.placement == .beforeBlock
        residual = Residual(weights.norm, weights.placement, width: d)
        x = residual.sum
        input = x
        memory = x
        memoryInput = x
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
        input = residual.open(x)
        memoryInput = opened(memory)
        for matrix in [query, context] { matrix.resize(rows: x.rows) }
        keyValue.resize(rows: memory.rows)
        softmax.resize(rows: spans.weightCount / 16)
        weights.query.linear.apply(input, rows: 0..<x.rows, into: query)
        weights.keyValue.linear.apply(memoryInput, rows: 0..<memory.rows, into: keyValue)
        attention.apply(inputs, spans, weights: softmax, into: context)
        weights.output.linear.apply(context, rows: 0..<x.rows, into: residual.sum)
        return residual.close(dropout, key: key)
    }

    /// What keys and values are made from.
    private func opened(_ memory: Matrix) -> Matrix {
        guard normalizesMemory else { return memory }
        guard memory !== x else { return input }
        normedMemory.resize(rows: memory.rows)
        weights.norm.apply(memory, into: normedMemory)
        return normedMemory
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
        let branch = residual.reopen(gradient, way)
        weights.output.addGradients(
            branch, context, rows: rows, to: way.gradients, scratch.weights)
        for matrix in [scratch.context, scratch.query] { matrix.resize(rows: x.rows) }
        weights.output.gradient(branch, rows: rows, into: scratch.context)
        _ = scratch.zeros(\.keyValue, rows: memory.rows)
        attention.gradient(
            inputs, spans, weights: softmax, dout: scratch.context,
            into: .init(query: scratch.query, keysValues: scratch.keyValue, keyColumn: 0))
        weights.query.addGradients(
            scratch.query, input, rows: rows, to: way.gradients, scratch.weights)
        let inputGradient = residual.inputGradient(gradient, way)
        weights.query.gradient(
            scratch.query, rows: rows, into: inputGradient, adding: inputGradient)
        let memoryRows = 0..<memory.rows
        weights.keyValue.addGradients(
            scratch.keyValue, memoryInput, rows: memoryRows, to: way.gradients,
            scratch.weights)
        func addMemoryGradient(to target: Matrix) {
            weights.keyValue.gradient(
                scratch.keyValue, rows: memoryRows, into: target, adding: target)
        }
        if memoryInput === input {
            addMemoryGradient(to: inputGradient)
        } else if memoryInput === memory {
            addMemoryGradient(to: memoryGradient)
        } else {
            let own = scratch.zeros(\.memory, rows: memory.rows)
            addMemoryGradient(to: own)
            weights.norm.gradient(own, of: memory, into: own, to: way.gradients)
            memoryGradient.add(own)
        }
        residual.finish(inputGradient, gradient, way)
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
    private var residual: Residual
    private var input: Matrix

    init(_ weights: FeedForwardWeights, width d: Int) {
        self.weights = weights
        inner = Matrix(rows: 0, columns: weights.fc1.linear.outputs)
        before =
            weights.activation == .relu
            ? nil : Matrix(rows: 0, columns: weights.fc1.linear.outputs)
        residual = Residual(weights.norm, weights.placement, width: d)
        input = residual.sum
    }

    /// - Parameters:
    ///   - x: [m, d], kept by reference until the way back.
    ///   - dropout: of the branch.
    ///   - key: of the dropout.
    /// - Returns: h [m, d], valid until the next call.
    func forward(_ x: Matrix, _ dropout: Dropout, key: UInt32) -> Matrix {
        input = residual.open(x)
        inner.resize(rows: x.rows)
        let rows = 0..<x.rows
        if let before {
            before.resize(rows: x.rows)
            weights.fc1.linear.apply(input, rows: rows, into: before)
            weights.activation.apply(before, into: inner)
        } else {
            weights.fc1.linear.apply(
                input, rows: rows, into: inner, .init(activation: weights.activation))
        }
        weights.fc2.linear.apply(inner, rows: rows, into: residual.sum)
        return residual.close(dropout, key: key)
    }

    /// - Parameters:
    ///   - gradient: of h; becomes that of x.
    ///   - way: where gradients of parameters go.
    func backward(_ gradient: Matrix, _ way: BackwardContext) {
        let rows = 0..<gradient.rows
        let branch = residual.reopen(gradient, way)
        weights.fc2.addGradients(
            branch, inner, rows: rows, to: way.gradients, way.scratch.weights)
        let slope = way.scratch.inner(inner.columns)
        slope.resize(rows: gradient.rows)
        weights.fc2.gradient(branch, rows: rows, into: slope)
        weights.activation.gradient(slope, at: before ?? inner)
        weights.fc1.addGradients(slope, input, rows: rows, to: way.gradients, way.scratch.weights)
        let inputGradient = residual.inputGradient(gradient, way)
        weights.fc1.gradient(slope, rows: rows, into: inputGradient, adding: inputGradient)
        residual.finish(inputGradient, gradient, way)
    }
}
