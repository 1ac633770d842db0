import Threads
import ArgumentParser
import Decoding
import Glibc
import Tensor
import Tokenization
import TranslationModel
import TranslationService

/// The command `shoal bench`.
struct Bench: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Measure the time of a sentence under each policy, one thread, one at a time.",
        discussion: """
            Every sentence is translated under every policy in turn, so that what else the machine \
            does falls on all of them alike.

            Examples:
              shoal bench --model models/multi30k-de-en
              shoal bench --model models/multi30k-de-en --source test.de --limit 200
            """)

    @OptionGroup var model: ModelOption
    @OptionGroup var search: SearchFlags

    @Option(name: .long, help: "Sentences to translate, one a line (default: some of our own).")
    var source: String?

    @Option(name: .long, help: "Translate the first so many sentences only.")
    var limit: Int?

    @Option(name: .long, help: "How often to go through the sentences.")
    var `repeat` = 3

    private static let sentences = [
        "Ein Mann liest ein Buch.", "Zwei Hunde spielen im Schnee.",
        "Eine Frau in einem roten Mantel wartet an einer Bushaltestelle.",
        "Ein kleiner Junge springt am Strand in die Luft.",
        "Drei Kinder sitzen auf einer Bank im Park und essen Eis.",
        "Ein Radfahrer mit Helm fährt auf einer nassen Straße durch die Stadt.",
    ]

    mutating func validate() throws {
        guard limit ?? 1 > 0, `repeat` > 0 else {
            throw ValidationError("--limit and --repeat must be at least 1.")
        }
    }

    func run() throws {
        try Failure.reporting {
            let model = try model.load()
            let all = try source.map { try readLines($0) } ?? Self.sentences
            let sources = all.prefix(limit ?? .max).map(model.tokenizer.encode)
                .filter(model.tokenizer.hasPieces)
            guard !sources.isEmpty else {
                throw Failure("no sentence to translate", code: EX_DATAERR)
            }
            var rows = try policies(model)
            let runner = SentenceRunner(model)
            for index in rows.indices { _ = try runner.time(sources[0], rows[index].options) }
            let progress = ProgressLine(total: `repeat` * sources.count, noun: "sentences")
            for round in 0..<`repeat` {
                for (number, ids) in sources.enumerated() {
                    for index in rows.indices {
                        rows[index].add(try runner.time(ids, rows[index].options))
                    }
                    progress.show(round * sources.count + number + 1)
                }
            }
            writeOutput(
                "instruction set \(InstructionSet.best), \(sources.count) sentences × \(`repeat`), "
                    + "1 thread, beam \(search.beamSize)\n" + Row.header + "\n")
            for row in rows { writeOutput(row.text(against: rows[0]) + "\n") }
        }
    }

    private func policies(_ model: ServedModel) throws -> [Row] {
        try ExitPolicy.Name.allCases.filter { $0 != .fixed && model.missingHead($0) == nil }.map {
            var exit = ExitOptions()
            exit.policy = $0
            return Row(
                name: $0.rawValue, options: search.options(try exit.resolve(for: model), model))
        }
    }

    /// The measurements of one policy.
    private struct Row {
        let name: String
        let options: DecodingOptions
        var seconds: [Double] = []
        var tokens = 0
        var layers = 0
        var operations = OperationCount()

        init(name: String, options: DecodingOptions) {
            self.name = name
            self.options = options
        }

        static let header =
            "policy              tokens/s    p50 ms    p99 ms     exit   operations      time"

        mutating func add(_ sample: SentenceRunner.Sample) {
            seconds.append(sample.seconds)
            tokens += sample.result.hypotheses[0].tokens.count
            layers += sample.result.hypotheses[0].tokens.reduce(0) { $0 + $1.exitLayer }
            operations = operations + sample.result.operations
        }

        /// Operations and time beside those of full depth.
        func text(against full: Row) -> String {
            let sorted = seconds.sorted()
            let total = seconds.reduce(0, +)
            let columns = [
                fixed(Double(tokens) / total, 0, width: 12),
                fixed(1000 * sorted[sorted.count / 2], 3, width: 10),
                fixed(1000 * sorted[min(sorted.count - 1, sorted.count * 99 / 100)], 3, width: 10),
                fixed(Double(layers) / Double(tokens), 3, width: 9),
                fixed(
                    100 * Double(operations.executed) / Double(operations.fullDepth), 1, width: 11)
                    + " %",
                fixed(100 * total / full.seconds.reduce(0, +), 1, width: 8) + " %",
            ]
            return name.padding(to: 16) + columns.joined()
        }
    }
}

/// Translates single sentences on the calling thread.
private final class SentenceRunner {
    private let model: ServedModel
    private let encoder: EncoderScratch
    private let decoder: BatchDecoder

    struct Sample {
        let seconds: Double
        let result: DecodingResult
    }

    init(_ model: ServedModel) {
        self.model = model
        encoder = EncoderScratch(for: model.network)
        decoder = BatchDecoder(model: model.network)
    }

    /// From source ids to target text.
    func time(_ ids: [Int], _ options: DecodingOptions) throws -> Sample {
        let start = monotonicSeconds()
        let states = model.network.encode([ids], scratch: encoder)
        _ = decoder.add(source: states[0], options: options)
        var finished = decoder.advance()
        while finished.isEmpty { finished = decoder.advance() }
        let result = try finished[0].result.get()
        _ = model.tokenizer.decode(result.hypotheses[0].tokens.map(\.id))
        return Sample(seconds: monotonicSeconds() - start, result: result)
    }
}
