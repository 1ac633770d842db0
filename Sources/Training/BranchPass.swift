import Checkpoint
import System
public import Tensor
public import TensorTraining

/// A side branch of one thread on some sentences: the way forward, what it keeps, the way back.
public final class BranchPass {
    private let branch: TrainableBranch
    private let layers: [DecoderLayerPass]
    private let scratch: GradientScratch
    private let dropout: Dropout
    private let none = Dropout(rate: 0)
    private let input: Matrix  // [target rows, d]
    private let source: Matrix  // [source rows, d]
    private let sourceGradient: Matrix  // [source rows, d]
    private let normed: Matrix  // [target rows, d]
    private var spans: TargetSpans
    private var inputKey: UInt32 = 0
    /// What the last layer gave, [target rows, d].
    private var output: Matrix
    private var used: Dropout

    /// - Parameters:
    ///   - branch: whose parameters are read, and have gradients.
    ///   - dropout: share of elements that are dropped of its input and of what each block gives.
    public init(_ branch: TrainableBranch, dropout: Double) {
        let c = branch.network
        self.branch = branch
        layers = branch.layers.map {
            DecoderLayerPass($0, heads: c.decoder.heads, width: c.width)
        }
        scratch = GradientScratch(width: c.width)
        self.dropout = Dropout(rate: dropout)
        input = Matrix(rows: 0, columns: c.width)
        source = Matrix(rows: 0, columns: c.width)
        sourceGradient = Matrix(rows: 0, columns: c.width)
        normed = Matrix(rows: 0, columns: c.width)
        spans = TargetSpans(heads: c.decoder.heads)
        output = input
        used = none
    }

    /// Runs the layers.
    ///
    /// - Parameters:
    ///   - sentences: for each its encoder states [S, d], and how many target positions it has; those of all of them follow each other.
    ///   - key: what dropout draws from; nil: nothing is dropped.
    ///   - embed: writes what the first layer reads of all target positions into a matrix.
    /// - Returns: what the classifier reads, [target rows, d], valid until the next call.
    public func forward(
        _ sentences: [(source: Matrix, targetCount: Int)], key: UInt64?,
        embed: (Matrix) -> Void
    ) -> Matrix {
        gather(sentences)
        embed(input)
        var keys = SplitMix64(seed: key ?? 0)
        func next() -> UInt32 { UInt32(truncatingIfNeeded: keys.next() >> 32) }
        used = key == nil ? none : dropout
        inputKey = next()
        used.apply(input, key: inputKey)
        output = input
        for layer in layers { output = layer.forward(output, source, spans, used, key: next) }
        guard let norm = branch.norm else { return output }
        normed.resize(rows: output.rows)
        norm.apply(output, into: normed)
        return normed
    }

    /// The way back from the latest `forward`.
    ///
    /// - Parameters:
    ///   - gradient: of what it gave; is written over.
    ///   - gradients: those of the branch's parameters are added.
    public func backward(_ gradient: Matrix, to gradients: ParameterVector) {
        branch.norm?.gradient(gradient, of: output, into: gradient, to: gradients)
        // The encoder stays as it is; what would reach it is dropped.
        sourceGradient.resize(rows: source.rows)
        sourceGradient.clear()
        let way = BackwardContext(gradients: gradients, scratch: scratch, dropout: used)
        for layer in layers.reversed() {
            layer.backward(gradient, sourceGradient: sourceGradient, spans, way)
        }
    }

    /// Encoder states of all sentences, one behind the other, and what each target position attends to.
    private func gather(_ sentences: [(source: Matrix, targetCount: Int)]) {
        source.resize(rows: sentences.reduce(0) { $0 + $1.source.rows })
        spans = TargetSpans(heads: branch.network.decoder.heads)
        var (sourceRow, targetRow) = (0, 0)
        for sentence in sentences {
            let rows = sourceRow..<sourceRow + sentence.source.rows
            for (offset, row) in rows.enumerated() {
                source.copyRow(row, from: sentence.source, sourceRow: offset)
            }
            spans.append(
                target: targetRow..<targetRow + sentence.targetCount, source: rows)
            sourceRow = rows.upperBound
            targetRow += sentence.targetCount
        }
    }
}
