import Checkpoint
import Tensor

/// The normalisation of a block with a residual connection, behind the sum or before the block.
struct BlockNorm: Sendable {
    private let norm: LayerNorm
    private let placement: Architecture.NormPlacement

    init(_ norm: LayerNorm, _ placement: Architecture.NormPlacement) {
        self.norm = norm
        self.placement = placement
    }

    /// Makes what the block reads the input of its products.
    ///
    /// - Parameters:
    ///   - x: the residual stream, [≥ rows, d].
    ///   - rows: the first rows of x.
    ///   - input: of the products.
    ///   - scratch: [≥ rows, d], to be left alone until the products are done.
    func enter(_ x: Matrix, rows: Int, _ input: ProjectionInput, scratch: Matrix) {
        switch placement {
        case .behindSum: input.set(x, rows: rows)
        case .beforeBlock:
            norm.apply(x, rows: 0..<rows, into: scratch)
            input.set(scratch, rows: rows)
        }
    }

    /// The same for some rows of x, in any order; `scratch` grows where it has to.
    func enter(_ x: Matrix, selecting rows: [Int], _ input: ProjectionInput, scratch: Matrix) {
        switch placement {
        case .behindSum: input.set(x, selecting: rows)
        case .beforeBlock: norm.enter(x, selecting: rows, input, scratch: scratch)
        }
    }

    /// Ends the block.
    ///
    /// - Parameters:
    ///   - sum: the block's output and x, [≥ rows, d].
    ///   - rows: the first rows of both.
    ///   - x: replaced by what the next block gets.
    func leave(_ sum: Matrix, rows: Int, into x: Matrix) {
        switch placement {
        case .behindSum: norm.apply(sum, rows: 0..<rows, into: x)
        case .beforeBlock:
            for row in 0..<rows { x.copyRow(row, from: sum, sourceRow: row) }
        }
    }
}

extension LayerNorm {
    /// Makes some rows of x, normalised, the input of products; `scratch` grows where it has to.
    func enter(_ x: Matrix, selecting rows: [Int], _ input: ProjectionInput, scratch: Matrix) {
        if scratch.rows < rows.count { scratch.resize(rows: rows.count) }
        for (row, source) in rows.enumerated() { scratch.copyRow(row, from: x, sourceRow: source) }
        apply(scratch, rows: 0..<rows.count, into: scratch)
        input.set(scratch, rows: rows.count)
    }
}
