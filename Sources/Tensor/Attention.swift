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
    private let headValue: Storage  // [width / heads]

    /// Attention of `heads` heads over `width` columns.
    ///
    /// - Precondition: `heads` divides `width`.
    public init(heads: Int, width: Int, instructionSet: InstructionSet = .best) {
        precondition(heads > 0 && width % heads == 0, "heads do not divide the width")
        self.heads = heads
        self.width = width
        self.instructionSet = instructionSet
        headValue = Storage(zeros: width / heads)
    }

    /// Keys and values side by side in one matrix.
    public struct KeysValues {
        private enum Numbers {
            case float(Matrix)
            case half(HalfMatrix)
        }

        private let numbers: Numbers
        let keyColumn: Int
        let valueColumn: Int

        /// Keys from `keyColumn` on, values from `valueColumn` on, `width` columns each.
        public init(_ matrix: Matrix, keyColumn: Int, valueColumn: Int) {
            numbers = .float(matrix)
            self.keyColumn = keyColumn
            self.valueColumn = valueColumn
        }

        /// Keys and values in 16 bits: results have the bits that the same numbers give in fp32.
        public init(_ matrix: HalfMatrix, keyColumn: Int, valueColumn: Int) {
            numbers = .half(matrix)
            self.keyColumn = keyColumn
            self.valueColumn = valueColumn
        }

        var rows: Int {
            switch numbers {
            case .float(let matrix): matrix.rows
            case .half(let matrix): matrix.rows
            }
        }

        var columns: Int {
            switch numbers {
            case .float(let matrix): matrix.columns
            case .half(let matrix): matrix.columns
            }
        }

        /// Whether a matrix is the one that they are in.
        func isIn(_ other: Matrix) -> Bool {
            switch numbers {
            case .float(let matrix): matrix === other
            case .half: false
            }
        }

        /// Tells a kernel where they are.
        func set(_ arguments: inout ck_attention_args) {
            switch numbers {
            case .float(let matrix):
                let start = matrix.pointer(rows: 0..<0)
                arguments.keys = UnsafeRawPointer(start + keyColumn)
                arguments.values = UnsafeRawPointer(start + valueColumn)
                arguments.is_half = false
            case .half(let matrix):
                arguments.keys = UnsafeRawPointer(matrix.start + keyColumn)
                arguments.values = UnsafeRawPointer(matrix.start + valueColumn)
                arguments.is_half = true
            }
            arguments.stride = columns
        }

        /// Some columns of a row's value: where they are, or in `scratch`, which has room for them.
        func value(
            row: Int, columns range: Range<Int>, _ set: InstructionSet, scratch: Storage
        ) -> UnsafePointer<Float> {
            let first = valueColumn + range.lowerBound
            switch numbers {
            case .float(let matrix): return UnsafePointer(matrix.pointer(row: row) + first)
            case .half(let matrix):
                ck_from_half(
                    set.isa, matrix.pointer(row: row) + first, scratch.floats, range.count)
                return UnsafePointer(scratch.floats)
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
        query: (matrix: Matrix, row: Int), _ keysValues: KeysValues, rows: Range<Int>,
        into output: (matrix: Matrix, row: Int)
    ) {
        precondition(query.matrix.columns >= width && output.matrix.columns >= width)
        precondition(!keysValues.isIn(output.matrix), "the result would overwrite keys")
        check(rows, keysValues)
        var arguments = arguments(keysValues, count: rows.count)
        arguments.query = UnsafePointer(query.matrix.pointer(row: query.row))
        arguments.out = output.matrix.pointer(row: output.row)
        arguments.start = rows.lowerBound
        ck_attention(instructionSet.isa, &arguments)
    }

    /// Attends with a query in each of the first rows of a matrix, each to positions of its own.
    ///
    /// - Parameters:
    ///   - queries: at least `width` columns, and as many rows as there are paths.
    ///   - keysValues: what all of them attend to.
    ///   - nodes: rows of the keys and values; each must exist.
    ///   - paths: for each query its part of `nodes`, at least one, in the order of positions.
    ///   - output: the same rows are written, at least `width` columns; not the keys' matrix.
    public func attend(
        queries: Matrix, _ keysValues: KeysValues, nodes: [Int32], paths: [Range<Int>],
        into output: Matrix
    ) {
        precondition(queries.columns >= width && output.columns >= width)
        precondition(!keysValues.isIn(output), "the result would overwrite keys")
        guard let longest = paths.lazy.map(\.count).max() else { return }
        let keyRows = keysValues.rows
        var arguments = arguments(keysValues, count: longest)
        let query = queries.pointer(rows: 0..<paths.count)
        let out = output.pointer(rows: 0..<paths.count)
        let nodes = nodes.span
        nodes.withUnsafeBufferPointer { start in
            for index in paths.indices {
                let path = nodes.extracting(paths[index])
                precondition(!path.isEmpty, "nothing to attend to")
                for place in path.indices {
                    precondition(path[place] >= 0 && path[place] < keyRows, "row outside the keys")
                }
                arguments.query = UnsafePointer(query + index * queries.columns)
                arguments.out = out + index * output.columns
                arguments.rows = start.baseAddress.map { $0 + paths[index].lowerBound }
                arguments.count = path.count
                ck_attention(instructionSet.isa, &arguments)
            }
        }
    }

    /// Attends as `attend(query:_:rows:into:)` does, to the bit, and keeps what each head attended to.
    ///
    /// - Parameters:
    ///   - query: matrix and row; at least `width` columns.
    ///   - keysValues: what is attended to.
    ///   - rows: the positions, at least one.
    ///   - output: matrix and row that the result goes to; at least `width` columns, not the keys'
    ///     matrix.
    ///   - weights: from `start` on, the softmax of each head is written, `rows.count` values a head.
    ///   - start: the first place written; the others must exist.
    public func attend(
        query: (matrix: Matrix, row: Int), _ keysValues: KeysValues, rows: Range<Int>,
        into output: (matrix: Matrix, row: Int), weights: inout [Float], at start: Int
    ) {
        precondition(query.matrix.columns >= width && output.matrix.columns >= width)
        precondition(!keysValues.isIn(output.matrix), "the result would overwrite keys")
        precondition(start >= 0 && start + heads * rows.count <= weights.count, "no room")
        check(rows, keysValues)
        var arguments = arguments(keysValues, count: rows.count)
        arguments.query = UnsafePointer(query.matrix.pointer(row: query.row))
        arguments.out = output.matrix.pointer(row: output.row)
        arguments.start = rows.lowerBound
        ck_attention(instructionSet.isa, &arguments)
        for head in 0..<heads {
            keepScores(of: head, count: rows.count, in: &weights, at: start + head * rows.count)
        }
    }

    /// Copies the scores of a head that the kernel left, exp(score − max), divided by their sum.
    private func keepScores(of head: Int, count: Int, in weights: inout [Float], at start: Int) {
        let left = scores.floats + head * ck_attention_stride(count)
        var sum: Float = 0
        for index in 0..<count { sum += left[index] }
        for index in 0..<count { weights[start + index] = left[index] / sum }
    }

    /// What each position adds to the heads' outputs along a direction: to scores[j] the sum over some
    /// heads h of w_hj (v_hj · direction_h).
    ///
    /// - Parameters:
    ///   - scores: one for each of the first positions, which alone are looked at.
    ///   - weights: from `start` on, `count` values for each head, as `attend` wrote them.
    ///   - start: the place of the first.
    ///   - count: positions that were attended to, from the first row on.
    ///   - keysValues: what was attended to.
    ///   - direction: matrix and row, `width` columns.
    ///   - isChosen: whether a head takes part, by its index.
    public func addContributions(
        to scores: inout [Float], weights: [Float], at start: Int, count: Int,
        _ keysValues: KeysValues, along direction: (matrix: Matrix, row: Int),
        where isChosen: (Int) -> Bool
    ) {
        precondition(direction.matrix.columns >= width, "no direction for every head")
        precondition(scores.count <= count && start + heads * count <= weights.count)
        precondition(count <= keysValues.rows, "rows outside the keys")
        let headWidth = width / heads
        let along = direction.matrix.pointer(row: direction.row)
        for head in 0..<heads where isChosen(head) {
            let column = head * headWidth
            for index in scores.indices {
                let value = keysValues.value(
                    row: index, columns: column..<column + headWidth, instructionSet,
                    scratch: headValue)
                let weight = weights[start + head * count + index]
                scores[index] += weight * Self.dot(value, along + column, headWidth)
            }
        }
    }

    /// a · b, summed in eight lanes, so that it is the same on every processor.
    private static func dot(
        _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ count: Int
    ) -> Float {
        var lanes = SIMD8<Float>.zero
        var index = 0
        while index + 8 <= count {
            let x = UnsafeRawPointer(a + index).loadUnaligned(as: SIMD8<Float>.self)
            let y = UnsafeRawPointer(b + index).loadUnaligned(as: SIMD8<Float>.self)
            lanes += x * y
            index += 8
        }
        var sum = lanes.sum()
        while index < count {
            sum += a[index] * b[index]
            index += 1
        }
        return sum
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
            range.lowerBound >= 0 && range.upperBound <= keysValues.rows,
            "rows outside the keys")
    }

    private func arguments(_ keysValues: KeysValues, count: Int) -> ck_attention_args {
        precondition(count > 0, "nothing to attend to")
        let lastColumn = keysValues.columns - width
        precondition(
            keysValues.keyColumn >= 0 && keysValues.keyColumn <= lastColumn
                && keysValues.valueColumn >= 0 && keysValues.valueColumn <= lastColumn,
            "columns outside the matrix")
        if ck_attention_scratch(heads, count) > scores.count {
            scores = Storage(zeros: ck_attention_scratch(heads, 2 * count))
        }
        var arguments = ck_attention_args()
        keysValues.set(&arguments)
        arguments.count = count
        arguments.heads = heads
        arguments.head_width = width / heads
        arguments.scores = scores.floats
        return arguments
    }
}
