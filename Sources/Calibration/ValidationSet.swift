import Checkpoint
import Evaluation
public import TextFiles
import Tokenization
public import TranslationService

/// Sentences with their references that thresholds are chosen on, none of them empty or too long.
public struct ValidationSet: Sendable {
    /// The sentences.
    public let text: ParallelText
    private let sourceIDs: [[Int]]

    /// Why a sentence cannot be one of them.
    public struct Fault: Error, Sendable, Equatable, CustomStringConvertible {
        /// Which one, from 0.
        public let index: Int
        /// Its tokens; 0: none but the end of sentence.
        public let tokens: Int
        /// The most that the model takes.
        public let limit: Int

        /// What is wrong.
        public var description: String {
            tokens == 0 ? "an empty line" : "\(tokens) tokens; the model takes \(limit)"
        }
    }

    /// Segments the sentences.
    ///
    /// - Parameters:
    ///   - text: the sentences and their references.
    ///   - model: what is to decode them.
    /// - Throws: the first sentence at fault.
    public init(_ text: ParallelText, _ model: ServedModel) throws(Fault) {
        self.text = text
        let limit = model.checkpoint.configuration.maximumPositions
        sourceIDs = text.sources.map(model.tokenizer.encode)
        for (index, ids) in sourceIDs.enumerated() {
            let hasPieces = model.tokenizer.hasPieces(ids)
            guard hasPieces, ids.count <= limit else {
                throw Fault(index: index, tokens: hasPieces ? ids.count : 0, limit: limit)
            }
        }
    }

    /// The same as numbers, scored by BLEU of the detokenised text.
    ///
    /// - Parameter model: what decodes them.
    /// - Returns: what a meter takes.
    public func sentences(_ model: ServedModel) -> ThresholdMeter.Sentences {
        let (tokenizer, references) = (model.tokenizer, text.references)
        return ThresholdMeter.Sentences(sources: sourceIDs) { index, ids in
            BLEU().statistics(hypothesis: tokenizer.decode(ids), reference: references[index])
        }
    }
}
