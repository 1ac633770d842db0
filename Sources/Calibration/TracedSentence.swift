import Checkpoint
import Decoding
import Evaluation
import Tensor
import TranslationModel

/// A sentence of the validation set with all that has been learnt of it.
///
/// Belongs to one worker.
final class TracedSentence {
    /// What a complete output is worth.
    struct Ending {
        let statistics: BLEU.Statistics
        let exitSum: Int
        let tokenCount: Int
    }

    /// Encoder states [S, d].
    let source: Matrix
    var tree: DecisionTree
    private let score: ([Int]) -> BLEU.Statistics
    private var endings: [Int: Ending] = [:]
    /// Different exits often give the same tokens, which are scored once.
    private var statistics: [[Int]: BLEU.Statistics] = [:]

    init(source: Matrix, model: TranslationModel, score: @escaping ([Int]) -> BLEU.Statistics) {
        let c = model.configuration
        self.source = source
        self.score = score
        tree = DecisionTree(
            layerCount: model.decoderLayerCount, endOfSentence: c.endOfSentenceID,
            maximumTokens: DecodingOptions.defaultMaximum(
                sourceCount: source.rows, maximumPositions: c.maximumPositions))
    }

    /// The worth of the output that ends in a node.
    func ending(at node: Int) -> Ending {
        if let known = endings[node] { return known }
        let (tokens, exits) = tree.output(endingIn: node)
        let counts = statistics[tokens] ?? score(tokens)
        statistics[tokens] = counts
        let ending = Ending(
            statistics: counts, exitSum: exits.reduce(0, +), tokenCount: tokens.count)
        endings[node] = ending
        return ending
    }
}
