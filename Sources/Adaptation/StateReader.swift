import Checkpoint
import Tensor
import TranslationModel

/// Runs a network over outputs that are known, all positions of all sentences at once, and keeps the states of every layer.
///
/// The states are those of decoding the same outputs at full depth to the bit, whatever the family. Belongs to one thread.
final class StateReader {
    private let model: TranslationModel
    private let prefix: [Int]
    private let scratch: EncoderScratch
    private let step: DecoderStep

    /// Number n − 1 is h^n of all positions of the latest sentences, [rows, d].
    let states: [Matrix]
    /// The rows whose outputs the network chose: without those of forced ids.
    private(set) var rows: [Int] = []
    /// Of the latest sentences: encoder states [S, d], and target positions.
    private(set) var sentences: [(source: Matrix, targetCount: Int)] = []
    /// What each row feeds in, and at which position of its sentence, 1 for the first.
    private(set) var inputs: [(token: Int?, position: Int)] = []

    /// A reader with its own working memory.
    ///
    /// - Parameters:
    ///   - model: the network.
    ///   - prefix: ids that every output begins with.
    init(_ model: TranslationModel, prefix: [Int]) {
        self.model = model
        self.prefix = prefix
        scratch = EncoderScratch(for: model)
        step = DecoderStep(for: model)
        states = (0..<model.decoderLayerCount).map { _ in
            Matrix(rows: 0, columns: model.configuration.width)
        }
    }

    /// Reads sentences, each of at least one output token.
    func read(_ sentences: [AdaptationSentence]) {
        let sources = model.encode(sentences.map(\.source), scratch: scratch)
        var batch: [DecoderRow] = []
        rows.removeAll(keepingCapacity: true)
        inputs.removeAll(keepingCapacity: true)
        self.sentences = []
        for (sentence, source) in zip(sentences, sources) {
            let state = DecoderState(source: source, in: step)
            let known = prefix + sentence.output.dropLast()
            let tokens = [model.configuration.decoderStartID] + known.map(Optional.some)
            self.sentences.append((source, tokens.count))
            rows += batch.count + prefix.count..<batch.count + tokens.count
            for (index, token) in tokens.enumerated() { inputs.append((token, index + 1)) }
            batch += state.append(feeding: tokens)
        }
        step.begin(batch)
        for (index, states) in states.enumerated() {
            step.runLayer(index + 1)
            step.copyStates(into: states)
        }
        step.leave(Array(batch.indices))
    }
}
