internal import CKernels

/// What is read off a row of logits.
public struct LogitRow {
    private let matrix: Matrix
    private let row: Int
    private let instructionSet: InstructionSet

    /// All columns of a row of a matrix.
    public init(_ matrix: Matrix, row: Int, instructionSet: InstructionSet = .best) {
        self.matrix = matrix
        self.row = row
        self.instructionSet = instructionSet
    }

    /// The best of a row.
    public struct Top: Sendable, Equatable {
        /// Column of the greatest logit, the lowest among equals.
        public let id: Int
        /// log softmax there; not a number where the row holds something that is not a number, or
        /// nothing above −∞.
        public let logProbability: Float
        /// log Σ exp over the row.
        public let logSumExp: Float
    }

    /// The greatest logit, normalised.
    public func top() -> Top {
        let top = ck_row_top(instructionSet.isa, matrix.pointer(row: row), matrix.columns)
        return Top(
            id: Int(top.id), logProbability: top.value - top.log_sum_exp,
            logSumExp: top.log_sum_exp)
    }

    /// The greatest value of a row and its column, the lowest among equals.
    public struct Best: Sendable, Equatable {
        /// Column.
        public let id: Int
        /// The value there.
        public let value: Float

        /// A value in a column.
        public init(id: Int, value: Float) {
            self.id = id
            self.value = value
        }
    }

    /// The greatest value; nil where there is none, all being not-a-numbers.
    public func best() -> Best? {
        var value: Float = 0
        var id: Int32 = 0
        let found = ck_top_k(
            instructionSet.isa, matrix.pointer(row: row), matrix.columns, -.infinity, 1, &value, &id
        )
        return found == 0 ? nil : Best(id: Int(id), value: value)
    }

    /// The value in a column.
    public subscript(id: Int) -> Float {
        get { matrix[row, id] }
        nonmutating set { matrix[row, id] = newValue }
    }

    /// Takes a column out of what is looked at afterwards.
    public func ban(_ id: Int) { self[id] = -.infinity }

    /// Turns the logits into log-probabilities, given their log Σ exp.
    public func subtract(_ logSumExp: Float) {
        ck_log_softmax(matrix.pointer(row: row), matrix.columns, logSumExp)
    }

    /// Largest `count` of `appendBest`.
    public static let maximumBest = Int(CK_MAX_TOP)

    /// Appends the `count` greatest values, best first, the lower column first among equals; fewer where
    /// the row has fewer numbers from `floor` on.
    ///
    /// - Parameters:
    ///   - count: 1 … `maximumBest`.
    ///   - floor: the least value of interest; one not far below the last of them saves most of the time.
    ///   - list: what they are appended to.
    public func appendBest(
        _ count: Int, from floor: Float = -.infinity, to list: inout [(id: Int, value: Float)]
    ) {
        precondition(count > 0 && count <= Self.maximumBest)
        withUnsafeTemporaryAllocation(of: Float.self, capacity: count) { values in
            withUnsafeTemporaryAllocation(of: Int32.self, capacity: count) { ids in
                let found = ck_top_k(
                    instructionSet.isa, matrix.pointer(row: row), matrix.columns, floor, count,
                    values.baseAddress, ids.baseAddress)
                for index in 0..<found {
                    list.append((id: Int(ids[index]), value: values[index]))
                }
            }
        }
    }
}
