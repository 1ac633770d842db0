internal import CKernels

/// A step of a simpler simple recurrent unit (Kim et al., 2019): c = f ⊙ c' + (1 − f) ⊙ x with f = σ(g).
public struct Recurrence: Sendable {
    private let width: Int
    private let instructionSet: InstructionSet

    /// A unit of `width` cells.
    public init(width: Int, instructionSet: InstructionSet = .best) {
        self.width = width
        self.instructionSet = instructionSet
    }

    /// Moves a cell on.
    ///
    /// - Parameters:
    ///   - input: matrix and row; candidates x in the first `width` columns, then gates g.
    ///   - cells: a row for each cell, `width` columns.
    ///   - previous: the row of c'; nil: c' is zero.
    ///   - cell: the row that c goes to.
    ///   - output: what max(c, 0) is added to, the sum, and the row of both; nil: it is not wanted.
    public func advance(
        _ input: (matrix: Matrix, row: Int), cells: Matrix, from previous: Int?, to cell: Int,
        output: (residual: Matrix, sum: Matrix, row: Int)? = nil
    ) {
        precondition(
            input.matrix.columns >= 2 * width && cells.columns == width
                && (output.map { $0.residual.columns == width && $0.sum.columns == width } ?? true),
            "shapes do not fit")
        var arguments = ck_recurrence_args()
        let row = input.matrix.pointer(rows: input.row..<input.row + 1)
        arguments.candidate = UnsafePointer(row)
        arguments.gate = UnsafePointer(row + width)
        arguments.previous = previous.map { UnsafePointer(cells.pointer(rows: $0..<$0 + 1)) }
        arguments.cell = cells.pointer(rows: cell..<cell + 1)
        if let output {
            let row = output.row..<output.row + 1
            arguments.residual = UnsafePointer(output.residual.pointer(rows: row))
            arguments.output = output.sum.pointer(rows: row)
        }
        arguments.width = width
        ck_recurrence(instructionSet.isa, &arguments)
    }
}
