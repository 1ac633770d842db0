internal import CKernels

/// What is read off a row of logits: of all ids, or of some.
public struct LogitRow {
    private let matrix: Matrix
    private let row: Int
    private let instructionSet: InstructionSet
    /// Columns that hold a logit.
    private let count: Int
    /// The id of each of them, ascending; empty: columns are ids.
    private let ids: [Int]

    /// All columns of a row of a matrix.
    public init(_ matrix: Matrix, row: Int, instructionSet: InstructionSet = .best) {
        self.matrix = matrix
        self.row = row
        self.instructionSet = instructionSet
        count = matrix.columns
        ids = []
    }

    /// The first columns of a row of a matrix, which are the logits of some ids: no other id can be chosen.
    ///
    /// - Parameters:
    ///   - matrix: at least as many columns as there are ids.
    ///   - row: of it.
    ///   - ids: ascending, at least one.
    ///   - instructionSet: the variant of the kernels to use.
    public init(
        _ matrix: Matrix, row: Int, of ids: [Int], instructionSet: InstructionSet = .best
    ) {
        precondition(!ids.isEmpty && ids.count <= matrix.columns, "more ids than columns, or none")
        self.matrix = matrix
        self.row = row
        self.instructionSet = instructionSet
        count = ids.count
        self.ids = ids
    }

    private func id(of column: Int) -> Int { ids.isEmpty ? column : ids[column] }

    /// The column of an id; nil where it has none.
    private func column(of id: Int) -> Int? {
        guard !ids.isEmpty else { return id }
        var (low, high) = (0, ids.count)
        while low < high {
            let middle = (low + high) / 2
            if ids[middle] < id { low = middle + 1 } else { high = middle }
        }
        return low < ids.count && ids[low] == id ? low : nil
    }

    /// The best of a row.
    public struct Top: Sendable, Equatable {
        /// Id of the greatest logit, the lowest among equals.
        public let id: Int
        /// log softmax there; not a number where the row holds something that is not a number, or
        /// nothing above −∞.
        public let logProbability: Float
        /// log Σ exp over the row.
        public let logSumExp: Float
    }

    /// The greatest logit, normalised.
    public func top() -> Top {
        let top = ck_row_top(instructionSet.isa, matrix.pointer(row: row), count)
        return Top(
            id: id(of: Int(top.id)), logProbability: top.value - top.log_sum_exp,
            logSumExp: top.log_sum_exp)
    }

    /// The greatest value of a row and its id, the lowest among equals.
    public struct Best: Sendable, Equatable {
        /// Id.
        public let id: Int
        /// The value there.
        public let value: Float

        /// The value of an id.
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
            instructionSet.isa, matrix.pointer(row: row), count, -.infinity, 1, &value, &id)
        return found == 0 ? nil : Best(id: self.id(of: Int(id)), value: value)
    }

    /// The value of an id; −∞, and it stays so, where it is none of those that can be chosen.
    public subscript(id: Int) -> Float {
        get { column(of: id).map { matrix[row, $0] } ?? -.infinity }
        nonmutating set {
            if let column = column(of: id) { matrix[row, column] = newValue }
        }
    }

    /// Takes an id out of what is looked at afterwards.
    public func ban(_ id: Int) { self[id] = -.infinity }

    /// Turns the logits into log-probabilities, given their log Σ exp.
    public func subtract(_ logSumExp: Float) {
        ck_log_softmax(matrix.pointer(row: row), count, logSumExp)
    }

    /// Largest `count` of `appendBest`.
    public static let maximumBest = Int(CK_MAX_TOP)

    /// Appends the `count` greatest values, best first, the lower id first among equals; fewer where
    /// the row has fewer numbers from `floor` on.
    ///
    /// - Parameters:
    ///   - count: 1 … `maximumBest`.
    ///   - floor: the least value of interest; one not far below the last of them saves most of the time.
    ///   - list: what they are appended to.
    public func appendBest(
        _ count: Int, from floor: Float = -.infinity, to list: inout [(id: Int, value: Float)]
    ) {
        withBest(count, from: floor) { ids, values in
            for place in ids.indices { list.append((id: ids[place], value: values[place])) }
        }
    }

    /// Calls with the ids that `appendBest` appends, and their values; nothing is allocated.
    func withBest<Result>(
        _ count: Int, from floor: Float = -.infinity,
        _ body: (_ ids: Span<Int>, _ values: Span<Float>) -> Result
    ) -> Result {
        precondition(count > 0 && count <= Self.maximumBest)
        return withUnsafeTemporaryAllocation(of: Float.self, capacity: count) { values in
            withUnsafeTemporaryAllocation(of: Int32.self, capacity: count) { columns in
                withUnsafeTemporaryAllocation(of: Int.self, capacity: count) { ids in
                    let found = ck_top_k(
                        instructionSet.isa, matrix.pointer(row: row), self.count, floor, count,
                        values.baseAddress, columns.baseAddress)
                    for place in 0..<found { ids[place] = id(of: Int(columns[place])) }
                    return body(
                        UnsafeBufferPointer(rebasing: ids[..<found]).span,
                        UnsafeBufferPointer(rebasing: values[..<found]).span)
                }
            }
        }
    }
}
