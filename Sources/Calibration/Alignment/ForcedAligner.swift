import Checkpoint
import Tensor
public import TranslationModel

/// Aligns given translations: every token is fed in whatever the network would have said, and leaves at one
/// layer.
///
/// Belongs to one thread.
public final class ForcedAligner {
    private let model: TranslationModel
    private let step: DecoderStep
    private let scratch: EncoderScratch

    /// An aligner with its own working memory.
    public init(_ model: TranslationModel) {
        self.model = model
        step = DecoderStep(for: model)
        scratch = EncoderScratch(for: model)
    }

    /// The source position of each target token.
    ///
    /// - Parameters:
    ///   - source: source ids, end of sentence included, at most max_position_embeddings.
    ///   - target: target ids, at most max_position_embeddings.
    ///   - n: the layer where every token leaves, 1 … N.
    /// - Returns: as `Hypothesis.alignment`.
    public func align(source: [Int], target: [Int], exit n: Int) -> [Int] {
        run(source, target, exit: n) { token in
            step.alignedSource(ofRow: 0, token: token, exit: n)
        }
    }

    /// What each head adds to each token's logit from each source position.
    ///
    /// - Parameters:
    ///   - source: source ids, end of sentence included, at most max_position_embeddings.
    ///   - target: target ids, at most max_position_embeddings.
    ///   - n: the layer where every token leaves, 1 … N.
    /// - Returns: for each token the heads of layers 1 … n in order, S − 1 values each.
    public func contributions(source: [Int], target: [Int], exit n: Int) -> [[[Float]]] {
        run(source, target, exit: n) { token in
            step.sourceContributions(ofRow: 0, token: token, exit: n)
        }
    }

    private func run<Result>(
        _ source: [Int], _ target: [Int], exit n: Int, _ look: (_ token: Int) -> Result
    ) -> [Result] {
        let state = DecoderState(source: model.encode([source], scratch: scratch)[0], in: step)
        var results: [Result] = []
        var node = state.append(after: nil)
        var input = model.configuration.decoderStartID
        for token in target {
            step.begin([DecoderRow(state: state, token: input, node: node, isAligned: true)])
            for layer in 1...n { step.runLayer(layer) }
            step.leave([0])
            results.append(look(token))
            let next = state.append(after: node)
            state.release(node)
            (node, input) = (next, token)
        }
        return results
    }
}
