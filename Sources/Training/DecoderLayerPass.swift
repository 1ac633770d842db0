import Tensor
import TensorTraining

/// A decoder layer and what it keeps; some positions may have left below it.
final class DecoderLayerPass {
    private let attention: AttentionBlock
    private let cross: AttentionBlock
    private let feedForward: FeedForwardBlock
    private let gathered: Matrix  // [active rows, d]
    private let merged: Matrix  // [rows, d]
    private let gatheredGradient: Matrix  // [active rows, d]
    private var active: Active?

    /// Positions that reach the layer.
    private struct Active {
        let rows: [Int]
        let spans: TargetSpans
    }

    init(_ weights: DecoderLayerWeights, heads: Int, width d: Int) {
        attention = AttentionBlock(
            weights.attention, heads: heads, width: d, isSelfAttention: true)
        cross = AttentionBlock(weights.cross, heads: heads, width: d, isSelfAttention: false)
        feedForward = FeedForwardBlock(weights.feedForward, width: d)
        gathered = Matrix(rows: 0, columns: d)
        merged = Matrix(rows: 0, columns: d)
        gatheredGradient = Matrix(rows: 0, columns: d)
    }

    func forward(
        _ h: Matrix, _ source: Matrix, _ spans: TargetSpans, active rows: [Int]? = nil,
        _ dropout: Dropout, key: () -> UInt32
    ) -> Matrix {
        active = rows.map { Active(rows: $0, spans: spans.selecting($0)) }
        let own = active?.spans ?? spans
        let x = active.map { gather(h, $0.rows, into: gathered) } ?? h
        let attended = attention.forward(
            x, memory: h, own.own, dropout, key: key())
        let crossed = cross.forward(
            attended, memory: source, own.cross, dropout, key: key())
        let output = feedForward.forward(crossed, dropout, key: key())
        guard let active else { return output }
        // A position that has left is copied upward (method.md §1).
        merged.resize(rows: h.rows)
        merged.copyRows(from: h)
        for (index, row) in active.rows.enumerated() {
            merged.copyRow(row, from: output, sourceRow: index)
        }
        return merged
    }

    func backward(
        _ gradient: Matrix, sourceGradient: Matrix, _ spans: TargetSpans, _ way: BackwardContext
    ) {
        let own = active.map { gather(gradient, $0.rows, into: gatheredGradient) } ?? gradient
        feedForward.backward(own, way)
        cross.backward(
            own, memoryGradient: sourceGradient, (active?.spans ?? spans).cross, way)
        guard let active else {
            return attention.backward(own, memoryGradient: own, spans.own, way)
        }
        for row in active.rows { gradient.clear(row: row) }
        attention.backward(own, memoryGradient: gradient, active.spans.own, way)
        for (index, row) in active.rows.enumerated() {
            gradient.addRow(row, own, otherRow: index)
        }
    }

    func crossFocus(_ spans: TargetSpans) -> (sum: Double, count: Int) {
        cross.focus((active?.spans ?? spans).cross)
    }

    private func gather(_ matrix: Matrix, _ rows: [Int], into target: Matrix) -> Matrix {
        target.resize(rows: rows.count)
        for (index, row) in rows.enumerated() {
            target.copyRow(index, from: matrix, sourceRow: row)
        }
        return target
    }
}
