import Checkpoint
import Decoding
import Evaluation
import System
import TranslationModel
import TranslationService

/// What each policy takes of full depth's time, one sentence at a time.
struct AdaptTimes {
    private static let sentenceCount = 36
    private static let rounds = 3

    /// The checkpoint as it is written.
    let model: ServedModel
    /// Of which the first few dozen are translated.
    let sentences: [String]

    /// Translates, on this thread alone, and prints a row for each rule.
    ///
    /// - Parameters:
    ///   - rules: full depth among them.
    ///   - seconds: how long it may take, one sentence at the least; nil: as long as it takes.
    /// - Throws: `Failure`.
    func run(_ rules: [ExitRule], seconds: Double?) throws {
        let end = seconds.map { monotonicSeconds() + $0 } ?? .infinity
        writeMessage("measuring the time of every policy")
        let setup = BenchSetup(
            sentences: Array(sentences.prefix(Self.sentenceCount)), rounds: Self.rounds,
            inFlight: 1, threads: 1, beamSize: 1, precision: model.network.precision)
        var rows = rules.map { rule in
            BenchRow(
                name: rule.label(layerCount: model.layerCount),
                options: DecodingOptions(exit: rule, scores: false), model: model)
        }
        try SentenceRunner(model, threads: setup.threads).measure(&rows, setup, until: end)
        let full = rows.first { $0.isFullDepth }
        writeOutput(
            "\nalone on one thread, \(rows[0].sentenceCount) sentences; time is a share of full depth's\n"
                + Style.standardOutput.table(BenchRow.table(rows, against: full)))
    }
}
