import Checkpoint
import System
import Tensor
import TensorTraining
import TranslationModel

/// The encoder and decoder of one thread on one piece: the way forward, what it keeps, the way back.
final class NetworkPass {
    private let network: TrainableNetwork
    private let scratch: GradientScratch
    private let dropout: Dropout
    private let encoder: [EncoderLayerPass]
    private let decoder: [DecoderLayerPass]
    private let sourceEmbedding: Matrix  // [source rows, d]
    private let targetEmbedding: Matrix  // [target rows, d]
    private let sourceGradient: Matrix  // [source rows, d]
    private let normedSource: Matrix  // [source rows, d]
    private let normedStates: [Matrix]  // N of [target rows, d]
    private let exitGradient: Matrix  // [target rows, d]
    private var keys = SplitMix64(seed: 0)
    private var embeddingKeys: (source: UInt32, target: UInt32) = (0, 0)

    init(_ network: TrainableNetwork, dropout: Dropout) {
        let c = network.configuration
        self.network = network
        self.dropout = dropout
        scratch = GradientScratch(width: c.width)
        encoder = network.encoder.map {
            EncoderLayerPass($0, heads: c.encoder.heads, width: c.width)
        }
        decoder = network.decoder.map {
            DecoderLayerPass($0, heads: c.decoder.heads, width: c.width)
        }
        sourceEmbedding = Matrix(rows: 0, columns: c.width)
        targetEmbedding = Matrix(rows: 0, columns: c.width)
        sourceGradient = Matrix(rows: 0, columns: c.width)
        normedSource = Matrix(rows: 0, columns: c.width)
        normedStates = network.decoder.map { _ in Matrix(rows: 0, columns: c.width) }
        exitGradient = Matrix(rows: 0, columns: c.width)
    }

    /// What the last encoder layer gave, [source rows, d].
    private var encoded = Matrix(rows: 0, columns: 2)
    /// Encoder states [source rows, d]: that, normalised where the stack ends with a normalisation.
    private(set) var source = Matrix(rows: 0, columns: 2)
    /// Number n is h^n [target rows, d], which layer n gave; number 0 the embedded input.
    private var outputs: [Matrix] = []
    /// Number n is what exit n reads, [target rows, d]: h^n, normalised where the stack ends with a normalisation.
    private(set) var states: [Matrix] = []

    /// Encodes a piece; dropout draws from `keys` from here on.
    func encode(_ piece: Piece, keys: SplitMix64) {
        self.keys = keys
        embeddingKeys.source = nextKey()
        source = sourceEmbedding
        embed(piece.sourceIDs, piece.sourcePositions, into: source, key: embeddingKeys.source)
        for layer in encoder {
            source = layer.forward(source, piece.encoderSpans, dropout, key: nextKey)
        }
        encoded = source
        if let norm = network.encoderNorm { source = normalize(encoded, by: norm, normedSource) }
        sourceGradient.resize(rows: source.rows)
        sourceGradient.clear()
    }

    /// Runs all decoder layers.
    ///
    /// - Parameters:
    ///   - piece: the one that was encoded last.
    ///   - exits: the layer where each target position leaves; nil if all reach the last.
    func decode(_ piece: Piece, exits: [Int]?) {
        embeddingKeys.target = nextKey()
        embed(
            piece.inputIDs, piece.targetPositions, into: targetEmbedding,
            key: embeddingKeys.target)
        outputs = [targetEmbedding]
        var h = targetEmbedding
        for (index, layer) in decoder.enumerated() {
            let active = exits.map { exits in
                exits.indices.filter { exits[$0] > index }
            }
            h = layer.forward(
                h, source, piece.targetSpans, active: active, dropout, key: nextKey)
            outputs.append(h)
        }
        states = outputs
        if let norm = network.decoderNorm {
            for (index, normed) in normedStates.enumerated() {
                states[index + 1] = normalize(outputs[index + 1], by: norm, normed)
            }
        }
    }

    private func normalize(_ x: Matrix, by norm: TrainableNorm, _ normed: Matrix) -> Matrix {
        normed.resize(rows: x.rows)
        norm.apply(x, into: normed)
        return normed
    }

    /// The way back through the decoder, from the last layer to the embedding.
    ///
    /// - Parameters:
    ///   - piece: the one that was decoded last.
    ///   - gradients: receives those of the parameters.
    ///   - emphasis: a gradient of state n that only the parameters of layer n, and of the normalisation behind it, get beside
    ///     the whole one; nil for none.
    ///   - supervise: adds to a matrix [target rows, d] the gradient of state n, which is read by exit n and
    ///     its heads; called for n = N … 1.
    func decoderBackward(
        _ piece: Piece, to gradients: ParameterVector,
        emphasis: (_ n: Int) -> Matrix? = { _ in nil },
        supervise: (_ n: Int, _ gradient: Matrix) -> Void
    ) {
        let way = BackwardContext(gradients: gradients, scratch: scratch, dropout: dropout)
        let gradient = Matrix(rows: piece.inputIDs.count, columns: network.configuration.width)
        for (index, layer) in decoder.enumerated().reversed() {
            if let own = emphasis(index + 1) {
                network.decoderNorm?.gradient(
                    own, of: outputs[index + 1], into: own, to: gradients)
                let unused = Matrix(rows: source.rows, columns: source.columns)
                layer.backward(own, sourceGradient: unused, piece.targetSpans, way)
            }
            if let norm = network.decoderNorm {
                exitGradient.resize(rows: gradient.rows)
                exitGradient.clear()
                supervise(index + 1, exitGradient)
                norm.gradient(
                    exitGradient, of: outputs[index + 1], into: exitGradient, to: gradients)
                gradient.add(exitGradient)
            } else {
                supervise(index + 1, gradient)
            }
            layer.backward(gradient, sourceGradient: sourceGradient, piece.targetSpans, way)
        }
        embedBackward(piece.inputIDs, gradient, key: embeddingKeys.target, gradients)
    }

    /// The way back through the encoder, for all decoder passes since `encode`.
    ///
    /// - Parameters:
    ///   - piece: the one that was encoded last.
    ///   - gradients: receives those of the parameters.
    ///   - supervise: adds to the gradient of the encoder states [source rows, d].
    func encoderBackward(
        _ piece: Piece, to gradients: ParameterVector, supervise: (Matrix) -> Void
    ) {
        let way = BackwardContext(gradients: gradients, scratch: scratch, dropout: dropout)
        supervise(sourceGradient)
        network.encoderNorm?.gradient(
            sourceGradient, of: encoded, into: sourceGradient, to: gradients)
        for layer in encoder.reversed() {
            layer.backward(sourceGradient, piece.encoderSpans, way)
        }
        embedBackward(piece.sourceIDs, sourceGradient, key: embeddingKeys.source, gradients)
    }

    /// How far the last decoder layer's cross-attention is from uniform: Σ greatest weight · S over the
    /// rows and heads of the latest pass, and their number.
    func crossFocus(_ piece: Piece) -> (sum: Double, count: Int) {
        decoder.last?.crossFocus(piece.targetSpans) ?? (0, 0)
    }

    private func nextKey() -> UInt32 { UInt32(truncatingIfNeeded: keys.next() >> 32) }

    private func embed(_ ids: [Int], _ positions: [Int], into rows: Matrix, key: UInt32) {
        let d = network.configuration.width
        rows.resize(rows: ids.count)
        for (row, id) in ids.enumerated() {
            network.parameters.embed(
                at: network.embedding.lowerBound + id * d,
                scale: network.configuration.embeddingScale,
                adding: (network.positions.matrix, positions[row]), into: (rows, row))
        }
        dropout.apply(rows, key: key)
    }

    /// The pad row stays as it is, so it gets no gradient.
    private func embedBackward(
        _ ids: [Int], _ gradient: Matrix, key: UInt32, _ gradients: ParameterVector
    ) {
        let d = network.configuration.width
        dropout.apply(gradient, key: key)
        for (row, id) in ids.enumerated() where id != network.configuration.trainedPadID {
            gradients.addRow(
                gradient, row: row, scale: network.configuration.embeddingScale,
                at: network.embedding.lowerBound + id * d)
        }
    }
}

/// An encoder layer and what it keeps.
private final class EncoderLayerPass {
    private let attention: AttentionBlock
    private let feedForward: FeedForwardBlock

    init(_ weights: EncoderLayerWeights, heads: Int, width d: Int) {
        attention = AttentionBlock(
            weights.attention, heads: heads, width: d, isSelfAttention: true)
        feedForward = FeedForwardBlock(weights.feedForward, width: d)
    }

    func forward(
        _ x: Matrix, _ spans: TrainableAttention.Spans, _ dropout: Dropout, key: () -> UInt32
    ) -> Matrix {
        let attended = attention.forward(x, memory: x, spans, dropout, key: key())
        return feedForward.forward(attended, dropout, key: key())
    }

    func backward(
        _ gradient: Matrix, _ spans: TrainableAttention.Spans, _ way: BackwardContext
    ) {
        feedForward.backward(gradient, way)
        attention.backward(gradient, memoryGradient: gradient, spans, way)
    }
}
