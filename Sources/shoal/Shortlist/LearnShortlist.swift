import ArgumentParser
import Calibration
import Checkpoint
import Configuration
import Decoding
import Evaluation
import Glibc
import System
import TextFiles
import Tokenization
import TranslationService

/// The command `shoal shortlist`.
struct LearnShortlist: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "shortlist",
        abstract:
            "Learn from a model's own translations which words it chooses, and give it shortlist.bin.",
        discussion: """
            Requests that ask for a shortlist choose each token among some hundreds of ids in the place of all, \
            for less work and hardly other translations. FILES are sentences in the source language, one a line, plain or gzip; \
            the text that the model was trained on is best, and no translations are needed. Each is \
            translated at full depth, and what was made of which source id is counted. --check, or every \
            hundredth sentence, says how much of full depth's translations stays possible.

            Example:
              shoal shortlist --model runs/model --precision int8 train.de --check valid.de
            """)

    @OptionGroup var model: ModelOption

    @Option(name: .long, help: "Most target ids for a source id, 1 to 10000.")
    var best = 50

    @Option(
        name: .long,
        help:
            "So many target ids, the most frequent ones, are candidates of every sentence, 0 to 100000."
    )
    var frequent = 200

    @Option(name: .long, help: "Translate the first so many sentences (default: all).")
    var limit: Int?

    @Option(
        name: .long,
        help: "Sentences to measure by, one a line (default: every hundredth of FILES).",
        completion: .file())
    var check: String?

    @Flag(name: .long, help: "Write nothing.")
    var dryRun = false

    @Argument(help: "Sentences in the source language, one a line.", completion: .file())
    var files: [String]

    func validate() throws {
        guard (1...10_000).contains(best) else {
            throw ValidationError("--best must be 1 to 10000.")
        }
        guard (0...100_000).contains(frequent) else {
            throw ValidationError("--frequent must be 0 to 100000.")
        }
        guard limit.map({ $0 >= 1 }) ?? true else {
            throw ValidationError("--limit must be 1 or more.")
        }
    }

    func run() throws {
        try Failure.reporting {
            try model.requireNamed(where: !dryRun)
            let model = try model.loadForTexts()
            let translations = try ShortlistText(
                model, files: files, check: check, limit: limit ?? .max)
            let finding = ShortlistFinding(
                model.checkpoint, translations, best: best, frequent: frequent)
            writeOutput(finding.table)
            guard !dryRun else { return }
            try Failure.writing { () throws(CheckpointError) in
                try model.checkpoint.writeShortlist(finding.shortlist)
            }
        }
    }
}

/// What full depth made of the sentences of files: counted, and of some of them kept.
private struct ShortlistText {
    /// A sentence and its translation.
    struct Pair {
        let source: [Int]
        let target: [Int]
    }

    private(set) var learner: ShortlistLearner
    /// What nothing was learnt from.
    private(set) var held: [Pair] = []

    /// One of so many sentences is held out where no others are given.
    private static let part = 100
    private static let mostHeld = 10_000

    /// Translates the sentences; those that are too long, and blank lines, are left out.
    ///
    /// - Parameters:
    ///   - model: what translates.
    ///   - files: to learn from.
    ///   - check: to measure by; nil: a part of `files`.
    ///   - limit: most sentences of `files`.
    /// - Throws: `TextFileError`; `Failure` where nothing could be learnt.
    init(_ model: ServedModel, files: [String], check: String?, limit: Int) throws {
        learner = ShortlistLearner(model.checkpoint.configuration)
        let translator = try CorpusTranslator(model, workers: Processors.available)
        let progress = ProgressLine()
        var count = 0
        var learnt = 0
        try Self.translate(files, limit: limit, translator) { pair, alignment in
            count += 1
            progress.show("translating \(files.joined(separator: ", ")): \(count)", count: count)
            if check == nil, count.isMultiple(of: Self.part), held.count < Self.mostHeld {
                held.append(pair)
            } else {
                learnt += 1
                learner.add(source: pair.source, target: pair.target, alignment: alignment)
            }
        }
        if let check {
            try Self.translate([check], limit: Self.mostHeld, translator) { pair, _ in
                held.append(pair)
                progress.show("translating \(check): \(held.count)")
            }
        }
        progress.finish("\(count) sentences", count: count)
        let names = files.joined(separator: ", ")
        if learnt == 0 { throw Failure("\(names): no sentence to translate", code: EX_DATAERR) }
        guard held.isEmpty else { return }
        throw Failure(
            check.map { "\($0): no sentence to translate" }
                ?? "\(names): too few sentences to hold one out in \(Self.part); name some with --check",
            code: EX_DATAERR)
    }

    private static func translate(
        _ files: [String], limit: Int, _ translator: CorpusTranslator,
        take: (Pair, _ alignment: [Int]) -> Void
    ) throws {
        let model = translator.model
        var options = DecodingOptions(
            exit: ExitRule(.full, layerCount: model.layerCount), scores: false)
        options.aligns = true
        var lines = try LineFiles(files)
        var count = 0
        try translator.translate { [options] () throws -> CorpusTranslator.Item<String>? in
            while count < limit, let line = try lines.nextText() {
                guard !line.isBlank else { continue }
                count += 1
                return CorpusTranslator.Item(line, line, options)
            }
            return nil
        } deliver: {
            for (line, result) in $0 {
                guard let hypothesis = try? result?.get().outputs[0].hypothesis,
                    let alignment = hypothesis.alignment
                else { continue }
                take(
                    Pair(
                        source: model.tokenizer.encode(line),
                        target: hypothesis.tokens.map(\.id)), alignment)
            }
        }
    }
}

/// What shortlists of several sizes leave possible, as people read it.
private struct ShortlistFinding {
    /// The one that was asked for.
    let shortlist: Shortlist
    private let rows: [(best: Int, coverage: ShortlistCoverage)]
    private let vocabularySize: Int

    private static let sizes = [5, 10, 20, 50, 100, 200]

    init(_ checkpoint: Checkpoint, _ text: ShortlistText, best: Int, frequent: Int) {
        func shortlist(_ best: Int) -> Shortlist {
            checkpoint.shortlist(of: text.learner.lists(best: best, frequent: frequent))
        }
        let asked = shortlist(best)
        self.shortlist = asked
        vocabularySize = checkpoint.configuration.targetVocabularySize
        rows = Set(Self.sizes + [best]).sorted().map { size in
            let shortlist = size == best ? asked : shortlist(size)
            return (
                size,
                text.held.reduce(into: ShortlistCoverage()) {
                    $0.add(source: $1.source, target: $1.target, shortlist)
                }
            )
        }
    }

    /// A line for each size.
    var table: String {
        let head = Style.standardOutput.table(
            "best   candidates   of all ids   tokens kept   sentences kept\n")
        return rows.reduce(head) { text, row in
            let coverage = row.coverage
            let sentences = Double(max(coverage.sentences, 1))
            let mean = Double(coverage.candidates) / sentences
            let columns = [
                fixed(mean, 0, width: 13),
                fixed(100 * mean / Double(vocabularySize), 1, width: 11) + " %",
                fixed(
                    100 * Double(coverage.coveredTokens) / Double(max(coverage.tokens, 1)), 2,
                    width: 12) + " %",
                fixed(100 * Double(coverage.wholeSentences) / sentences, 1, width: 15) + " %",
            ]
            return text + "\(row.best)".padding(to: 4) + columns.joined() + "\n"
        }
    }
}
