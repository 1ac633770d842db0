import Calibration
import Checkpoint
import Configuration
import Evaluation
import Glibc
import TextFiles
import Tokenization
import TranslationService

/// The sentences of a validation set with their references, none of them empty.
struct SentencePairs {
    let sources: [String]
    let references: [String]
    private let sourceIDs: [[Int]]

    /// Reads two files of as many lines.
    init(source: String, reference: String, _ model: ServedModel) throws {
        let text = try ParallelText(source, reference)
        sources = text.sources
        references = text.references
        let longest = model.checkpoint.configuration.maximumPositions
        sourceIDs = sources.map(model.tokenizer.encode)
        for (index, ids) in sourceIDs.enumerated() {
            guard model.tokenizer.hasPieces(ids) else {
                throw Failure("\(source):\(index + 1): an empty line", code: EX_DATAERR)
            }
            guard ids.count <= longest else {
                throw Failure(
                    "\(source):\(index + 1): \(ids.count) tokens; the model takes \(longest)",
                    code: EX_DATAERR)
            }
        }
    }

    /// The same as numbers, scored by BLEU of the detokenised text.
    func sentences(_ model: ServedModel) -> ThresholdMeter.Sentences {
        let (tokenizer, references) = (model.tokenizer, references)
        return ThresholdMeter.Sentences(sources: sourceIDs) { index, ids in
            BLEU().statistics(hypothesis: tokenizer.decode(ids), reference: references[index])
        }
    }
}
