import ArgumentParser
import Calibration
import Checkpoint
import Configuration
import Evaluation
import Glibc
import System
import TextFiles
import TranslationService

/// The command `shoal align`.
struct Align: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract:
            "Align the words of given translations, measure it, or find the heads that align best.",
        discussion: """
            Each line of the output has the links of a pair of sentences: source word, hyphen, target word, \
            both from 0. Words are runs of letters and digits, and every other character that is not blank.

            --gold compares with links made by hand, 0-0 for a sure link and 0?0 for a possible one, and \
            prints the alignment error rate, precision, recall and F1 of every exit.

            --find-heads learns which words translate each other from the two files, the more lines the \
            better, chooses for every exit the heads that agree best with that on the first --pairs of \
            them, and writes them to exits.json.

            Examples:
              shoal align models/multi30k-de-en/sample.de models/multi30k-de-en/sample.en
              shoal align --gold Tests/Golden/alignment/gold Tests/Golden/alignment/de Tests/Golden/alignment/en
              shoal align --model runs/model --find-heads train.de train.en
            """)

    @OptionGroup var model: ModelOption

    @Option(name: .long, help: "The layer where every token leaves (default: the last).")
    var layer: Int?

    @Option(
        name: .long, help: "Links made by hand, a line for each pair.", completion: .file())
    var gold: String?

    @Flag(name: .long, help: "Find the heads of every exit.")
    var findHeads = false

    @Option(name: .long, help: "Pairs that heads are chosen on, 1 to 100000.")
    var pairs = 1000

    @Flag(name: .long, help: "Write nothing to exits.json.")
    var dryRun = false

    @Argument(help: "Source sentences, one a line.", completion: .file())
    var source: String

    @Argument(help: "Their translations, one a line.", completion: .file())
    var reference: String

    func validate() throws {
        guard (1...100_000).contains(pairs) else {
            throw ValidationError("--pairs must be 1 to 100000.")
        }
        guard gold == nil || !findHeads else {
            throw ValidationError("--gold and --find-heads exclude each other.")
        }
    }

    func run() throws {
        try Failure.reporting {
            try model.requireNamed(where: findHeads && !dryRun)
            let model = try model.loadForTexts()
            let layer = layer ?? model.layerCount
            guard (1...model.layerCount).contains(layer) else {
                throw ValidationError("--layer must be 1 to \(model.layerCount).")
            }
            let text = try ParallelText(source, reference)
            if findHeads {
                try find(model, text)
            } else if let gold {
                try measure(model, try aligned(text, model), gold)
            } else {
                try write(model, try aligned(text, model), layer)
            }
        }
    }

    private func aligned(_ text: ParallelText, _ model: ServedModel) throws -> [AlignedPair] {
        let limit = model.checkpoint.configuration.maximumPositions
        return try zip(text.sources, text.references).enumerated().map { index, lines in
            let pair = AlignedPair(lines.0, lines.1, model.tokenizer)
            for (ids, file) in [(pair.source, source), (pair.target, reference)]
            where ids.count > limit {
                throw Failure(
                    "\(file), line \(index + 1): \(ids.count) tokens; the model takes \(limit)",
                    code: EX_DATAERR)
            }
            return pair
        }
    }

    private func write(_ model: ServedModel, _ pairs: [AlignedPair], _ layer: Int) throws {
        let aligner = ForcedAligner(model.network)
        for pair in pairs {
            let links = pair.links(
                aligner.align(source: pair.source, target: pair.target, exit: layer))
            let sorted = links.sorted { ($0.source, $0.target) < ($1.source, $1.target) }
            writeOutput(
                sorted.map { "\($0.source)-\($0.target)" }.joined(separator: " ") + "\n")
        }
    }

    private func measure(_ model: ServedModel, _ pairs: [AlignedPair], _ gold: String) throws {
        let lines = try ParallelText(source, gold, blankLines: .kept).references
        let references = try lines.enumerated().map { index, line in
            guard let links = ReferenceLinks(line) else {
                throw Failure(
                    "\(gold), line \(index + 1): not links as 0-0 1?2", code: EX_DATAERR)
            }
            return links
        }
        writeOutput(Style.standardOutput.table("exit    AER   precision   recall     F1\n"))
        let aligner = ForcedAligner(model.network)
        for layer in 1...model.layerCount {
            var score = AlignmentScore()
            for (pair, reference) in zip(pairs, references) {
                let alignment = aligner.align(
                    source: pair.source, target: pair.target, exit: layer)
                score.add(pair.links(alignment), reference)
            }
            let columns = [
                fixed(100 * score.errorRate, 1, width: 7),
                fixed(100 * score.precision, 1, width: 12),
                fixed(100 * score.recall, 1, width: 9), fixed(100 * score.f1, 1, width: 7),
            ]
            writeOutput("\(layer)".padding(to: 4) + columns.joined() + "\n")
        }
    }

    private func find(_ model: ServedModel, _ text: ParallelText) throws {
        let first = try ParallelText(source, reference, limit: pairs)
        let finding = AlignmentFinding(model: model, text: text, pairs: try aligned(first, model))
        guard let heads = finding.run() else { return }
        guard !dryRun else { return }
        var exits = model.checkpoint.exits
        exits.alignmentHeads = heads
        var file = try ExitsFile(model.checkpoint)
        file.takeAlignmentHeads(from: exits)
        try file.write()
    }
}
