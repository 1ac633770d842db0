import Adaptation
import Calibration
import Checkpoint
import Configuration
import System
import TextFiles
import Tokenization
import TranslationService

/// The search for the heads that align, on what full depth made of the text.
struct AdaptHeads {
    /// Pairs that heads are chosen on; with fewer, what the search takes for a gain would be noise.
    static let pairCount = 1000

    /// The new checkpoint.
    let model: ServedModel
    /// Sentences that were learnt from.
    let sources: [String]
    /// Full depth's outputs of the first of them: target ids, none where it gave nothing.
    let outputs: [[Int]]

    /// Searches and writes exits.json.
    ///
    /// - Parameter seconds: when to give up; nil: never.
    /// - Throws: `Failure` where exits.json cannot be written.
    func run(seconds: Double?) throws {
        let end = seconds.map { monotonicSeconds() + $0 } ?? .infinity
        let limit = model.checkpoint.configuration.maximumPositions
        var lines: (sources: [String], translations: [String]) = ([], [])
        var pairs: [AlignedPair] = []
        for (source, ids) in zip(sources, outputs) {
            let translation = model.tokenizer.decode(ids)
            guard !translation.isBlank else { continue }
            if pairs.count < Self.pairCount {
                let pair = AlignedPair(source, translation, model.tokenizer)
                guard pair.target.count <= limit else { continue }
                pairs.append(pair)
            }
            lines.sources.append(source)
            lines.translations.append(translation)
        }
        guard pairs.count == Self.pairCount else {
            return writeMessage(
                "alignments use all heads: to choose some takes \(Self.pairCount) translated sentences, and there are \(pairs.count)"
            )
        }
        writeMessage("finding the heads that align")
        let text = ParallelText(sources: lines.sources, references: lines.translations)
        let finding = AlignmentFinding(model: model, text: text, pairs: pairs)
        guard let heads = finding.run(until: end) else {
            return writeMessage("alignments use all heads: the time was up before some were found")
        }
        writeOutput("\n")
        try model.changeExits { exits, file in
            exits.alignmentHeads = heads
            file.takeAlignmentHeads(from: exits)
        }
    }
}
