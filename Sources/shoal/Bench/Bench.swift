import ArgumentParser
import Checkpoint
import Configuration
import Decoding
import Glibc
import System
import TextFiles
import Tokenization
import TranslationModel
import TranslationService

/// The command `shoal bench`.
struct Bench: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Measure how long sentences take under each policy, alone and under load.",
        discussion: """
            Policies take turns, sentence by sentence or, with --in-flight, round by round, so that \
            other work of the machine affects all alike. One sentence in flight uses one thread unless \
            --threads gives it more; several go through the service, as in the server.

            Tokens include the end of sentence. Operations and time are shares of full depth; time \
            is the median over rounds. With --shortlist each policy is measured without and with it. Kept is the part of the saving in operations that becomes a \
            saving in time: (1 - time) / (1 - operations).

            Examples:
              shoal bench --model models/multi30k-de-en
              shoal bench --model models/multi30k-de-en --source models/multi30k-de-en/sample.de --in-flight 64
              shoal bench --model models/multi30k-de-en --json --policy full \
            --policy confidence:threshold=0.6,max_layer=3
            """)

    @OptionGroup var model: ModelOption
    @OptionGroup var search: SearchFlags

    @Option(
        name: .long, help: "Sentences to translate, one a line (default: some of our own).",
        completion: .file())
    var source: String?

    @Option(name: .long, help: "Translate the first so many sentences only.")
    var limit: Int?

    @Option(name: .long, help: "Rounds: how often to go through the sentences.")
    var `repeat` = 3

    @Option(name: .long, help: "Sentences translated at the same time.")
    var inFlight = 1

    @Option(name: .long, help: "Workers for more than one in flight (default: the processors).")
    var workers: Int?

    @Option(
        name: .long,
        help: "Threads that share the products of one sentence, where the model is wide enough.")
    var threads = 1

    @Option(
        name: .long,
        help: """
            Exit settings to measure, POLICY[:KEY=VALUE,…] as in the --rule of evaluate; may be \
            given again (default: all that need no setting and have their head).
            """)
    var policy: [String] = []

    @Option(name: .long, help: "Make every output exactly so many tokens long.")
    var fixedLength: Int?

    @Flag(name: .long, help: "Print a JSON object a line instead of a table.")
    var json = false

    private static let sentences = [
        "Ein Mann liest ein Buch.", "Zwei Hunde spielen im Schnee.",
        "Eine Frau in einem roten Mantel wartet an einer Bushaltestelle.",
        "Ein kleiner Junge springt am Strand in die Luft.",
        "Drei Kinder sitzen auf einer Bank im Park und essen Eis.",
        "Ein Radfahrer mit Helm fährt auf einer nassen Straße durch die Stadt.",
    ]

    mutating func validate() throws {
        let counts = [limit ?? 1, `repeat`, inFlight, workers ?? 1, threads, fixedLength ?? 1]
        guard counts.allSatisfy({ (1...1 << 20).contains($0) }) else {
            throw ValidationError(
                "--limit, --repeat, --in-flight, --workers, --threads and --fixed-length must be 1 "
                    + "to 1048576.")
        }
        guard workers == nil || inFlight > 1, threads == 1 || inFlight == 1 else {
            throw ValidationError(
                "--workers goes with more than one sentence in flight, --threads with one.")
        }
        if let fixedLength {
            guard search.minOutputTokens == 0, search.maxOutputTokens == nil else {
                throw ValidationError(
                    "--fixed-length sets --min-output-tokens and --max-output-tokens; give one or "
                        + "the others.")
            }
            search.minOutputTokens = fixedLength
            search.maxOutputTokens = fixedLength
        }
        for text in policy { _ = try ExitSetting.parse(text) }
    }

    func run() throws {
        try Failure.reporting {
            let model = try model.loadForTexts()
            let setup = BenchSetup(
                sentences: try texts(model), rounds: `repeat`, inFlight: inFlight,
                threads: inFlight > 1 ? workers ?? Processors.available : threads,
                beamSize: search.beamSize, precision: model.network.precision)
            var rows = try rows(model)
            if inFlight > 1 {
                try LoadRunner(model, setup).measure(&rows)
            } else {
                try SentenceRunner(model, threads: threads).measure(&rows, setup)
            }
            let full = rows.first { $0.isFullDepth }
            if json {
                for row in rows { writeOutput(row.line(against: full, setup)) }
            } else {
                writeOutput(
                    setup.text + Style.standardOutput.table(BenchRow.table(rows, against: full)))
            }
        }
    }

    private func texts(_ model: ServedModel) throws -> [String] {
        guard let source else { return Array(Self.sentences.prefix(limit ?? .max)) }
        let longest = model.checkpoint.configuration.maximumPositions
        let reader = try LineReader(source)
        var texts: [String] = []
        var number = 0
        while number < limit ?? .max, let text = try reader.next() {
            number += 1
            let ids = model.tokenizer.encode(text)
            guard ids.count <= longest else {
                throw Failure(
                    "\(reader.name):\(number): \(ids.count) tokens, the model takes at most its "
                        + "\(longest) positions", code: EX_DATAERR)
            }
            if model.tokenizer.hasPieces(ids) { texts.append(text) }
        }
        guard !texts.isEmpty else {
            throw Failure("\(reader.name): no sentence to translate", code: EX_DATAERR)
        }
        return texts
    }

    private func rows(_ model: ServedModel) throws -> [BenchRow] {
        let all = ExitPolicy.allCases.filter {
            !$0.needsLayer && model.missingHead($0) == nil
        }
        return try (policy.isEmpty ? all.map(\.rawValue) : policy).flatMap { text in
            do {
                let rule = try ExitSetting.parse(text).resolve(for: model)
                let listed = try search.options(rule, model)
                guard search.shortlist else {
                    return [BenchRow(name: text, options: listed, model: model)]
                }
                var open = listed
                open.usesShortlist = false
                return [(text, open), ("\(text), shortlist", listed)].map { name, options in
                    BenchRow(name: name, options: options, model: model)
                }
            } catch let error as InvalidRequest {
                throw ValidationError(
                    "--policy \(text): \(error.text(naming: \.settingKey))")
            }
        }
    }
}
