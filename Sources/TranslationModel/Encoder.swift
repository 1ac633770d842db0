import Checkpoint
public import System
public import Tensor

/// One encoder layer.
struct EncoderLayer: Sendable {
    let queryKeyValue: Projection  // self_attn.{q,k,v}_proj [3d, d]
    let output: Projection  // self_attn.out_proj [d, d]
    let norm: BlockNorm  // self_attn_layer_norm [d]
    let feedForward: FeedForward

    init(_ parameters: ParameterReader, _ c: ModelConfiguration) throws(CheckpointError) {
        let d = c.width
        let attention = parameters.part("self_attn")
        queryKeyValue = try attention.stackedProjection(
            ["q_proj", "k_proj", "v_proj"], outputs: d, inputs: d)
        output = try attention.projection("out_proj", outputs: d, inputs: d)
        norm = try parameters.blockNorm("self_attn_layer_norm", c)
        feedForward = try FeedForward(parameters, c, inner: c.encoder.feedForwardWidth)
    }

    var byteCount: Int { queryKeyValue.byteCount + output.byteCount + feedForward.byteCount }
}

/// What an encoder writes into while it runs: one per worker, reused from call to call.
public final class EncoderScratch {
    let hidden: Matrix  // [R, d]
    let queryKeyValue: Matrix  // [R, 3d]
    let context: Matrix  // [R, d]
    let sum: Matrix  // [R, d]
    let input: ProjectionInput  // [R, d]
    let feedForward: FeedForwardScratch
    /// Helps with large products while the calling thread has it; nil: nobody does.
    public var team: ThreadTeam? {
        didSet {
            input.team = team
            feedForward.team = team
        }
    }
    let attention: Attention

    /// Scratch for the encoder of `model`; it grows with the largest batch seen.
    public init(for model: TranslationModel) {
        let d = model.configuration.width
        hidden = Matrix(rows: 0, columns: d)
        queryKeyValue = Matrix(rows: 0, columns: 3 * d)
        context = Matrix(rows: 0, columns: d)
        sum = Matrix(rows: 0, columns: d)
        input = ProjectionInput(columns: d, precision: model.precision)
        feedForward = FeedForwardScratch(
            width: d, inner: model.configuration.encoder.feedForwardWidth,
            precision: model.precision)
        attention = Attention(heads: model.configuration.encoder.heads, width: d)
    }

    func resize(rows: Int) {
        for matrix in [hidden, queryKeyValue, context, sum] { matrix.resize(rows: rows) }
    }
}

extension TranslationModel {
    /// Encodes sentences packed row after row, without padding: a sentence's states do not depend on
    /// its neighbours.
    ///
    /// - Parameters:
    ///   - sentences: source ids, each sentence of 1 … `maximumPositions` ids, the end of sentence
    ///     included.
    ///   - scratch: working memory of the calling worker.
    /// - Returns: the encoder states of each sentence, [S, d].
    public func encode(_ sentences: [[Int]], scratch: EncoderScratch) -> [Matrix] {
        var ranges: [Range<Int>] = []
        for ids in sentences {
            let start = ranges.last?.upperBound ?? 0
            ranges.append(start..<start + ids.count)
        }
        let rows = ranges.last?.upperBound ?? 0
        scratch.resize(rows: rows)
        let scale = configuration.embeddingScale
        for (ids, range) in zip(sentences, ranges) {
            for (position, id) in ids.enumerated() {
                sourceEmbedding.embed(
                    id, into: (scratch.hidden, range.lowerBound + position), scale: scale,
                    adding: encoderEnds.positions.row(position))
            }
        }
        encoderEnds.embeddingNorm?.apply(scratch.hidden, rows: 0..<rows, into: scratch.hidden)
        for layer in encoderLayers {
            run(layer, rows: rows, sentences: ranges, scratch)
        }
        encoderEnds.norm?.apply(scratch.hidden, rows: 0..<rows, into: scratch.hidden)
        return ranges.map { range in
            let states = Matrix(rows: range.count, columns: configuration.width)
            for row in range {
                states.copyRow(row - range.lowerBound, from: scratch.hidden, sourceRow: row)
            }
            return states
        }
    }

    private func run(
        _ layer: EncoderLayer, rows: Int, sentences: [Range<Int>], _ scratch: EncoderScratch
    ) {
        layer.norm.enter(scratch.hidden, rows: rows, scratch.input, scratch: scratch.sum)
        layer.queryKeyValue.apply(scratch.input, into: scratch.queryKeyValue)
        for range in sentences {
            scratch.attention.selfAttend(scratch.queryKeyValue, range: range, into: scratch.context)
        }
        scratch.input.set(scratch.context, rows: rows)
        layer.output.apply(scratch.input, into: scratch.sum, .init(residual: scratch.hidden))
        layer.norm.leave(scratch.sum, rows: rows, into: scratch.hidden)
        layer.feedForward.apply(
            scratch.hidden, rows: rows, scratch.feedForward, sum: scratch.sum)
    }

    /// Operations of the encoder for a source of `count` positions: per layer 8 S d² for the four
    /// projections, 4 S f d for the feed-forward block, 4 S² d for attention (method.md §4's
    /// convention, 2·d_in·d_out a linear map).
    public func encoderOperations(sourceCount count: Int) -> Int {
        let d = configuration.width
        let f = configuration.encoder.feedForwardWidth
        return encoderLayers.count * (8 * count * d * d + 4 * count * f * d + 4 * count * count * d)
    }
}
