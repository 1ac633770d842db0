import Calibration
import Checkpoint
import Evaluation
import System
import TextFiles
import TranslationModel
import TranslationService

/// The search for the heads that align, with its table on the terminal.
struct AlignmentFinding {
    let model: ServedModel
    /// Sentences with their translations.
    let text: ParallelText
    /// The first of them, which heads are chosen on; all others tell which words translate each other.
    let pairs: [AlignedPair]

    /// Searches, and prints a row for each exit.
    ///
    /// - Parameter end: when to give up, on `monotonicSeconds`.
    /// - Returns: heads for each exit 1 … N; nil where it had to be given up.
    func run(until end: Double = .infinity) -> [[AlignmentHead]]? {
        let words = zip(text.sources, text.references).map {
            (source: WordRanges($0).lowercased, target: WordRanges($1).lowercased)
        }
        let search = AlignmentHeadSearch(model.network, pairs, judge: LexicalJudge(words))
        writeOutput(Style.standardOutput.table("exit   all heads   chosen   heads as layer.head\n"))
        var heads: [[AlignmentHead]] = []
        for exit in 1...model.layerCount {
            guard let choice = search.choose(exit: exit, while: { monotonicSeconds() < end })
            else { return nil }
            heads.append(choice.heads)
            writeOutput(
                "\(exit)".padding(to: 4) + fixed(100 * choice.errorRateOfAll, 1, width: 12)
                    + fixed(100 * choice.errorRate, 1, width: 9) + "   "
                    + choice.heads.map { "\($0.layer).\($0.head)" }.joined(separator: " ") + "\n")
        }
        return heads
    }
}
