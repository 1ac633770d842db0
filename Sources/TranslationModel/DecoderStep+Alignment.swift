import Checkpoint
import Tensor

extension DecoderStep {
    /// The source position that a token was made from: the one that adds most to the token's logit.
    ///
    /// Cross-attention adds Σ_h Σ_j α_hj W_h v_hj to a position's state: α are the weights of head h over the
    /// source positions j, v its values, W_h its part of the output projection. Along the token's row e of
    /// the classifier, position j adds Σ_h α_hj v_hj · (W_hᵀ e), summed over the exit's alignment heads; what follows (residuals, normalisation) is left out. Unlike α alone this
    /// tells where the *emitted* token came from and not only where the network looked (docs/alignments.md).
    /// It costs 2 d² operations a layer and 2 S d more, which `OperationCount` leaves out.
    ///
    /// - Parameters:
    ///   - index: an aligned row, as an index into those given to `begin` of this step.
    ///   - token: a target id.
    ///   - n: the layer where the row left.
    ///   - positions: those of the text's pieces; nil: all but the last, which is the source's end of sentence.
    /// - Returns: one of `positions`, the lowest among equals; of the end of sentence, and where there are no pieces, the last
    ///   of all S.
    public func alignedSource(
        ofRow index: Int, token: Int, exit n: Int, among positions: Range<Int>? = nil
    ) -> Int {
        let last = rows[index].sourceCount - 1
        let pieces = positions ?? 0..<last
        guard !pieces.isEmpty, token != model.configuration.endOfSentenceID else { return last }
        aligner.begin(token, of: model.classifiers[n], positions: pieces.upperBound)
        for (layer, heads) in model.alignmentHeads[n - 1].enumerated() where heads.contains(true) {
            addContributions(ofRow: rows[index], layer: layer + 1, where: { heads[$0] })
        }
        return aligner.best(among: pieces)
    }

    /// What each head adds to a token's logit from each source position.
    ///
    /// - Parameters:
    ///   - index: an aligned row, as an index into those given to `begin` of this step.
    ///   - token: a target id.
    ///   - n: the layer where the row left.
    /// - Returns: the heads of layers 1 … n in order, for each S − 1 values: the end of sentence is left out.
    public func sourceContributions(ofRow index: Int, token: Int, exit n: Int) -> [[Float]] {
        (0..<n * model.attentionHeads).map { place in
            let (layer, head) = place.quotientAndRemainder(dividingBy: model.attentionHeads)
            aligner.begin(
                token, of: model.classifiers[n], positions: rows[index].sourceCount - 1)
            addContributions(ofRow: rows[index], layer: layer + 1, where: { $0 == head })
            return aligner.scores
        }
    }

    private func addContributions(
        ofRow row: Row, layer: Int, where isChosen: (Int) -> Bool
    ) {
        guard let start = firstWeight(row, layer: layer),
            let keyValues = row.state.crossKeyValues[layer - 1]
        else { preconditionFailure("the row is not aligned, or left below its exit") }
        attention.addContributions(
            to: &aligner.scores, weights: sourceWeights, at: start, count: row.sourceCount,
            keyValues.attended, along: aligner.direction(layer: layer), where: isChosen)
    }
}

/// Scores source positions by what they add to a token's logit.
///
/// Belongs to one worker.
final class SourceAligner {
    /// One for each source position, the end of sentence left out.
    var scores: [Float] = []

    /// For each layer the transposed output projection of its cross-attention, [d, d].
    private let outputs: [Linear]
    private let token: Matrix  // [1, d]
    private let turned: Matrix  // [1, d]
    private let zero: Matrix  // [1, d]

    init(for model: TranslationModel) {
        let d = model.configuration.width
        outputs = model.transposedCrossOutputs
        token = Matrix(rows: 1, columns: d)
        turned = Matrix(rows: 1, columns: d)
        zero = Matrix(rows: 1, columns: d)
    }

    /// Starts from the row of a classifier that gives a token's logit.
    func begin(_ id: Int, of classifier: Projection, positions count: Int) {
        classifier.embed(id, into: (token, 0), scale: 1, adding: (zero, 0))
        scores.removeAll(keepingCapacity: true)
        scores.append(contentsOf: repeatElement(0, count: count))
    }

    /// W_hᵀ e of a layer's heads, side by side.
    func direction(layer n: Int) -> (matrix: Matrix, row: Int) {
        outputs[n - 1].apply(token, rows: 0..<1, into: turned)
        return (turned, 0)
    }

    /// The position of the highest score among some, the lowest among equals.
    func best(among positions: Range<Int>) -> Int {
        positions.max { scores[$0] < scores[$1] } ?? positions.lowerBound
    }
}
