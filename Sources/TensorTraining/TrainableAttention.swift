internal import CKernels
public import Tensor

/// Multi-head attention that keeps its weights for the way back.
///
/// Owns scratch memory, so it belongs to one thread at a time.
public final class TrainableAttention {
    private let heads: Int
    private let width: Int
    private let instructionSet: InstructionSet
    private var scratch = Storage(zeros: 256)

    /// Attention of `heads` heads over `width` columns; `heads` divides `width`.
    public init(heads: Int, width: Int, instructionSet: InstructionSet = .best) {
        precondition(heads > 0 && width % heads == 0, "heads do not divide the width")
        self.heads = heads
        self.width = width
        self.instructionSet = instructionSet
    }

    /// Which keys each query attends to, and where its weights are kept.
    public struct Spans: Sendable {
        fileprivate private(set) var starts: [Int32] = []
        fileprivate private(set) var counts: [Int32] = []
        fileprivate private(set) var offsets: [Int] = []
        /// Heads of each query.
        public let heads: Int
        /// Floats that the weights of all queries take.
        public private(set) var weightCount = 0
        fileprivate private(set) var greatest = 0
        fileprivate private(set) var end = 0

        /// No queries yet.
        public init(heads: Int) { self.heads = heads }

        /// Number of queries.
        public var count: Int { starts.count }

        /// The next query attends to these rows, at least one.
        public mutating func append(_ rows: Range<Int>) {
            precondition(!rows.isEmpty && rows.lowerBound >= 0, "a query attends to something")
            let padded = (rows.count + 15) / 16 * 16
            starts.append(Int32(rows.lowerBound))
            counts.append(Int32(rows.count))
            offsets.append(weightCount)
            weightCount += heads * padded
            greatest = max(greatest, padded)
            end = max(end, rows.upperBound)
        }

        /// The rows that a query attends to.
        public func keys(_ query: Int) -> Range<Int> {
            Int(starts[query])..<Int(starts[query] + counts[query])
        }

        /// Where the weights of one head of a query begin among those of all.
        public func offset(_ query: Int, head: Int) -> Int {
            offsets[query] + head * ((Int(counts[query]) + 15) / 16 * 16)
        }
    }

    /// Queries, keys and values: matrices and the column where each begins.
    public struct Inputs {
        let query: Matrix
        let keysValues: Matrix
        let keyColumn: Int

        /// Queries in the first columns of `query`; keys from `keyColumn` of `keysValues` on, values
        /// behind them.
        ///
        /// Both may be the same matrix.
        public init(query: Matrix, keysValues: Matrix, keyColumn: Int) {
            self.query = query
            self.keysValues = keysValues
            self.keyColumn = keyColumn
        }
    }

    /// out[i] = softmax(q_i·Kᵀ / √(d/heads))·V for each head, over the keys of query i.
    ///
    /// - Parameters:
    ///   - inputs: queries, keys, values.
    ///   - spans: one for each row of queries.
    ///   - weights: receives the softmax, at least `spans.weightCount` elements.
    ///   - out: [queries, width].
    public func apply(_ inputs: Inputs, _ spans: Spans, weights: Matrix, into out: Matrix) {
        precondition(out.columns == width && out.rows >= spans.count)
        guard spans.count > 0 else { return }
        withArguments(inputs, spans, weights) { arguments in
            arguments.out = out.pointer(row: 0)
            arguments.out_stride = out.columns
            ck_attention_forward(instructionSet.isa, &arguments)
        }
    }

    /// The gradients of queries, keys and values.
    ///
    /// - Parameters:
    ///   - inputs: as on the way forward.
    ///   - spans: as on the way forward.
    ///   - weights: from the way forward.
    ///   - dout: gradient of the result.
    ///   - gradients: laid out as `inputs`; that of the queries is written, those of keys and values
    ///     are added to.
    public func gradient(
        _ inputs: Inputs, _ spans: Spans, weights: Matrix, dout: Matrix, into gradients: Inputs
    ) {
        precondition(dout.columns == width && dout.rows >= spans.count)
        precondition(
            gradients.query.columns == inputs.query.columns
                && gradients.keysValues.columns == inputs.keysValues.columns
                && gradients.keyColumn == inputs.keyColumn
                && gradients.query.rows >= spans.count && gradients.keysValues.rows >= spans.end,
            "gradients of another layout")
        guard spans.count > 0 else { return }
        if spans.greatest > scratch.count { scratch = Storage(zeros: 2 * spans.greatest) }
        withArguments(inputs, spans, weights) { arguments in
            arguments.dout = UnsafePointer(dout.pointer(row: 0))
            arguments.out_stride = dout.columns
            arguments.dquery = gradients.query.pointer(row: 0)
            arguments.dkeys = gradients.keysValues.pointer(row: 0) + gradients.keyColumn
            arguments.dvalues = arguments.dkeys + width
            arguments.scratch = scratch.floats
            ck_attention_backward(instructionSet.isa, &arguments)
        }
    }

    private func withArguments(
        _ inputs: Inputs, _ spans: Spans, _ weights: Matrix,
        _ body: (inout ck_attention_train_args) -> Void
    ) {
        precondition(inputs.query.columns >= width && inputs.query.rows >= spans.count)
        precondition(
            inputs.keyColumn + 2 * width <= inputs.keysValues.columns
                && inputs.keysValues.rows >= spans.end, "keys outside the matrix")
        precondition(weights.rows * weights.columns >= spans.weightCount, "no room for the weights")
        var arguments = ck_attention_train_args()
        arguments.query = UnsafePointer(inputs.query.pointer(row: 0))
        arguments.query_stride = inputs.query.columns
        arguments.keys = UnsafePointer(inputs.keysValues.pointer(row: 0) + inputs.keyColumn)
        arguments.values = arguments.keys + width
        arguments.stride = inputs.keysValues.columns
        arguments.queries = spans.count
        arguments.heads = heads
        arguments.head_width = width / heads
        arguments.weights = weights.pointer(row: 0)
        spans.starts.withUnsafeBufferPointer { starts in
            spans.counts.withUnsafeBufferPointer { counts in
                spans.offsets.withUnsafeBufferPointer { offsets in
                    arguments.starts = starts.baseAddress
                    arguments.counts = counts.baseAddress
                    arguments.offsets = offsets.baseAddress
                    body(&arguments)
                }
            }
        }
    }
}
