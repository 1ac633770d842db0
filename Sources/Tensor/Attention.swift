internal import CKernels

/// Multi-head attention softmax(q·Kᵀ / √(d/heads))·V, a query at a time: its result does not depend on
/// other queries.
///
/// Owns the memory for its scores, so it belongs to one thread at a time.
public final class Attention {
    private let heads: Int
    private let width: Int
    private let instructionSet: InstructionSet
    private var scores = Storage(zeros: 256)

    /// Attention of `heads` heads over `width` columns.
    ///
    /// - Precondition: `heads` divides `width`.
    public init(heads: Int, width: Int, instructionSet: InstructionSet = .best) {
        precondition(heads > 0 && width % heads == 0, "heads do not divide the width")
        self.heads = heads
        self.width = width
        self.instructionSet = instructionSet
    }

    /// Keys and values side by side in one matrix.
    public struct KeysValues {
        let matrix: Matrix
        let keyColumn: Int
        let valueColumn: Int

        /// Keys from `keyColumn` on, values from `valueColumn` on, `width` columns each.
        public init(_ matrix: Matrix, keyColumn: Int, valueColumn: Int) {
            self.matrix = matrix
            self.keyColumn = keyColumn
            self.valueColumn = valueColumn
        }
    }

    /// Which rows of the keys and values are attended to.
    public enum Rows {
        /// These, in this order; each must exist.
        case path(ArraySlice<Int32>)
        /// All from the first to before the last.
        case range(Range<Int>)

        var count: Int {
            switch self {
            case .path(let rows): rows.count
            case .range(let range): range.count
            }
        }
    }

    /// Attends with the query in the first columns of a row.
    ///
    /// - Parameters:
    ///   - query: matrix and row; at least `width` columns.
    ///   - keysValues: what is attended to.
    ///   - rows: the positions, at least one.
    ///   - output: matrix and row that the result goes to; at least `width` columns, not the keys'
    ///     matrix.
    public func attend(
        query: (matrix: Matrix, row: Int), _ keysValues: KeysValues, rows: Rows,
        into output: (matrix: Matrix, row: Int)
    ) {
        precondition(query.matrix.columns >= width && output.matrix.columns >= width)
        precondition(output.matrix !== keysValues.matrix, "the result would overwrite keys")
        var arguments = arguments(keysValues, count: rows.count)
        arguments.query = UnsafePointer(query.matrix.pointer(row: query.row))
        arguments.out = output.matrix.pointer(row: output.row)
        switch rows {
        case .range(let range):
            check(range, keysValues)
            arguments.start = range.lowerBound
            ck_attention(instructionSet.isa, &arguments)
        case .path(let path):
            precondition(
                path.allSatisfy { $0 >= 0 && $0 < keysValues.matrix.rows }, "row outside the keys")
            path.withUnsafeBufferPointer { path in
                arguments.rows = path.baseAddress
                ck_attention(instructionSet.isa, &arguments)
            }
        }
    }

    /// Self-attention of a whole sentence: every row of `range` attends to all of them.
    ///
    /// - Parameters:
    ///   - queryKeyValue: queries, keys and values side by side, [rows, 3·width].
    ///   - range: the rows of the sentence, at least one.
    ///   - output: the same rows are written, at least `width` columns; another matrix.
    public func selfAttend(_ queryKeyValue: Matrix, range: Range<Int>, into output: Matrix) {
        precondition(queryKeyValue.columns == 3 * width && output.columns >= width)
        precondition(output !== queryKeyValue, "the result would overwrite keys")
        let keysValues = KeysValues(queryKeyValue, keyColumn: width, valueColumn: 2 * width)
        check(range, keysValues)
        var arguments = arguments(keysValues, count: range.count)
        arguments.query = UnsafePointer(queryKeyValue.pointer(rows: range))
        arguments.start = range.lowerBound
        arguments.out = output.pointer(rows: range)
        ck_attention_rows(
            instructionSet.isa, &arguments, range.count, queryKeyValue.columns, output.columns)
    }

    private func check(_ range: Range<Int>, _ keysValues: KeysValues) {
        precondition(
            range.lowerBound >= 0 && range.upperBound <= keysValues.matrix.rows,
            "rows outside the keys")
    }

    private func arguments(_ keysValues: KeysValues, count: Int) -> ck_attention_args {
        let matrix = keysValues.matrix
        precondition(count > 0, "nothing to attend to")
        let lastColumn = matrix.columns - width
        precondition(
            keysValues.keyColumn >= 0 && keysValues.keyColumn <= lastColumn
                && keysValues.valueColumn >= 0 && keysValues.valueColumn <= lastColumn,
            "columns outside the matrix")
        // The kernel works on scores by whole vectors of 16.
        if count > scores.count { scores = Storage(zeros: (2 * count + 15) / 16 * 16) }
        var arguments = ck_attention_args()
        arguments.keys = UnsafePointer(matrix.pointer(rows: 0..<0) + keysValues.keyColumn)
        arguments.values = UnsafePointer(matrix.pointer(rows: 0..<0) + keysValues.valueColumn)
        arguments.stride = matrix.columns
        arguments.count = count
        arguments.heads = heads
        arguments.head_width = width / heads
        arguments.scores = scores.floats
        return arguments
    }
}
