import ArgumentParser
import Checkpoint
import Configuration
import Decoding
import Evaluation
import JSON
import System
import TextFiles
import TranslationService

/// The command `shoal evaluate`.
struct Evaluate: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Measure BLEU, chrF, average exit and saved compute on a pair of files.",
        discussion: """
            BLEU and chrF are sacreBLEU's (tok:13a, smooth:exp; chrF2, nw:0).

            --policy all, --rule and --significance add three columns. Δ full is the difference in BLEU \
            to full depth, with the p-value of the paired bootstrap. Δ line is the difference to the \
            line through the fixed depths, at the same average exit and at the same operations for a token, \
            with its 95 % interval. All come \
            from 1,000 resamples. A star marks policies above the line: the whole interval is above 0. \
            It proves nothing where thresholds were chosen on the same text. Every fixed depth is \
            decoded once for the line.

            Examples:
              shoal evaluate models/multi30k-de-en/sample.de models/multi30k-de-en/sample.en
              shoal evaluate models/multi30k-de-en/sample.de models/multi30k-de-en/sample.en --policy all --json
              shoal evaluate models/multi30k-de-en/sample.de models/multi30k-de-en/sample.en --markdown \
            --rule fixed:layer=2 --rule confidence:threshold=0.5,max_layer=3
            """)

    @OptionGroup var model: ModelOption

    @Option(
        name: .long,
        help: "A policy, or all that the checkpoint has heads for (default: the model's).")
    var policy: String?

    @Option(
        name: .long,
        help: """
            Exit settings to evaluate, POLICY[:KEY=VALUE,…] with the keys layer, threshold, profile, \
            candidates (of confidence; 0: the exact rule), min_layer and max_layer; may be given again, and beside --policy all.
            """,
        transform: ExitSetting.parse)
    var rule: [ExitOptions] = []

    @Flag(name: .long, help: "Compare with full depth and with the line of the fixed depths.")
    var significance = false

    @Option(
        name: .long,
        help: "Also evaluate exits that are drawn for each token, uniformly, from this seed.")
    var randomExits: UInt64?

    @Option(
        name: .long,
        help: """
            Also evaluate the exits that an oracle of training chooses, which knows the references: \
            sequence or token, a slash, and likelihood, smoothed_likelihood, correctness or \
            smoothed_correctness, with lambda and sigma, as token/likelihood:lambda=0.1; may be given \
            again.
            """,
        transform: OracleSetting.init)
    var oracle: [OracleSetting] = []

    @OptionGroup var exit: ExitFlags
    @OptionGroup var search: SearchFlags

    @Option(name: .long, help: "Evaluate the first so many sentences only.")
    var limit: Int?

    @Flag(name: .long, help: "Print a JSON object a line instead of a table.")
    var json = false

    @Flag(name: .long, help: "Print the table in Markdown.")
    var markdown = false

    @Argument(
        help: "Source sentences, one a line; gzip is told by its first bytes.", completion: .file())
    var source: String

    @Argument(help: "Reference translations, one a line.", completion: .file())
    var reference: String

    mutating func validate() throws {
        guard !json || !markdown else {
            throw ValidationError("Give --json or --markdown, not both.")
        }
        guard limit ?? 1 > 0 else { throw ValidationError("--limit must be 1 or more.") }
        let isOneSetting = rule.isEmpty && policy != "all"
        guard rule.isEmpty || policy == nil || policy == "all" else {
            throw ValidationError("Beside --rule, --policy can only be all.")
        }
        guard try isOneSetting || exit.options(policy: nil) == ExitOptions() else {
            throw ValidationError(
                "--layer, --threshold, --profile, --min-layer and --max-layer go with one policy; "
                    + "with --policy all and --rule, put them into a --rule.")
        }
    }

    func run() throws {
        try Failure.reporting {
            let model = try model.loadForTexts()
            let rules = try rules(model)
            let text = try ParallelText(
                source, reference, blankLines: .kept, limit: limit ?? .max)
            try Failure.placing(at: source, model) { try evaluate(rules, text, model) }
        }
    }

    private func evaluate(
        _ rules: [ExitRule], _ text: ParallelText, _ model: ServedModel
    ) throws {
        let progress = ProgressLine()
        let count = text.sources.count
        let translator = try CorpusTranslator(model, workers: Processors.available)
        let options = try search.options(
            ExitRule(.full, layerCount: model.layerCount), model)
        var evaluator = PolicyEvaluator(translator, text) { rule in
            var own = options
            own.exit = rule
            return own
        } progress: { label, done in
            progress.show("\(done)/\(count) sentences, \(label)")
        }
        let compares = significance || policy == "all" || !self.rule.isEmpty
        var rows: [QualityDepthTable.Row] = []
        func add(
            _ name: String, _ policy: String, _ found: PolicyEvaluator.Score,
            _ significance: QualityDepthTable.Significance?
        ) {
            let row = QualityDepthTable.Row(
                name: name, quality: (found.bleu, found.chrF), cost: .init(found.compute),
                significance: significance)
            rows.append(row)
            progress.clear()
            if json { writeOutput(line(row, policy, found.compute) + "\n") }
        }
        for rule in rules {
            add(
                rule.label(layerCount: model.layerCount), rule.policy.rawValue,
                try evaluator.score(rule),
                compares ? try evaluator.significance(of: rule) : nil)
        }
        if let seed = randomExits {
            let found = try evaluator.scoreDrawnExits(seed: seed)
            add(
                "random exits", "random", found,
                compares ? try evaluator.significance(of: found) : nil)
        }
        for oracle in oracle {
            let found = try evaluator.score(
                exits: oracle.exits(model, text, source), label: oracle.label)
            add(
                oracle.label, "oracle", found,
                compares ? try evaluator.significance(of: found) : nil)
        }
        if !json { writeOutput(report(QualityDepthTable(rows: rows))) }
    }

    private func report(_ table: QualityDepthTable) -> String {
        let bold = "In bold: no other row has as much BLEU for as few operations.\n\n"
        let star = "A star: significantly above the line through the fixed depths.\n\n"
        let hasStar = table.rows.contains { $0.significance?.line?.isSignificant == true }
        let signatures = "BLEU \(BLEU().signature), chrF2 \(ChrF().signature)\n"
        let notes = (markdown ? bold : "") + (hasStar ? star : "") + signatures
        let text = markdown ? table.markdown : Style.standardOutput.table(table.text)
        return text + "\n" + notes
    }

    private func rules(_ model: ServedModel) throws -> [ExitRule] {
        if policy == "all" {
            return try allOptions(model).map { try $0.rule(for: model, naming: \.settingKey) }
        }
        if !rule.isEmpty {
            return try rule.map { try $0.rule(for: model, naming: \.settingKey) }
        }
        let name = try policy.map { text in
            guard let name = ExitPolicy(rawValue: text) else {
                let names = ExitPolicy.allCases.map(\.rawValue).joined(separator: ", ")
                throw ValidationError("--policy must be all or one of \(names).")
            }
            return name
        }
        return [try exit.options(policy: name).rule(for: model)]
    }

    /// Every fixed depth and every policy with the checkpoint's own thresholds, then the --rules.
    private func allOptions(_ model: ServedModel) -> [ExitOptions] {
        let names = ExitPolicy.allCases.filter { model.missingHead($0) == nil }
        return names.flatMap { name in
            let layers: [Int?] =
                name.needsLayer ? (model.lowestExit..<model.layerCount).map { $0 } : [nil]
            return layers.map { layer in
                var options = ExitOptions()
                options.policy = name
                options.layer = layer
                return options
            }
        } + rule
    }

    /// A row as a line of JSON; null where nothing was compared.
    private func line(
        _ row: QualityDepthTable.Row, _ policy: String, _ compute: ComputeRecord
    ) -> String {
        func number(_ value: Double?) -> JSONValue { value.map { .number($0) } ?? .null }
        func members(_ name: String, _ line: DepthLineComparison?) -> [JSONObject.Member] {
            let interval = line.map {
                [$0.interval.lowerBound, $0.interval.upperBound].map(number)
            }
            return [
                .init(name, number(line?.difference)),
                .init("\(name)_interval", interval.map { .array($0) } ?? .null),
                .init("\(name)_share_above", number(line?.shareAbove)),
            ]
        }
        let line = row.significance?.line
        let compared =
            members("delta_line", line?.exits)
            + members("delta_operations_line", line?.operations)
        let found: [JSONObject.Member] = [
            .init("policy", .string(policy)), .init("name", .string(row.name)),
            .init("beam_size", .integer(Int64(search.beamSize))),
            .init("bleu", .number(row.bleu)), .init("chrf2", .number(row.chrF)),
            .init("average_exit_layer", .number(row.cost.averageExit)),
            .init("exit_histogram", .array(compute.exitHistogram.map { .integer(Int64($0)) })),
            .init("layers_saved", .number(compute.layersSaved)),
            .init("compute_saved", .number(compute.computeSaved)),
            .init("operations_per_token", .number(row.cost.operationsPerToken)),
            .init(
                "full_depth_operations_per_token", .number(row.cost.fullDepthOperationsPerToken)),
            .init("target_tokens", .integer(Int64(compute.targetTokens))),
            .init(
                "average_candidates",
                number(compute.shortlist.map { Double($0.candidates) / Double($0.inputs) })),
            .init("delta_full", number(row.significance?.fullDepthDifference)),
            .init("p_full", number(row.significance?.fullDepthPValue)),
        ]
        let object = JSONObject(
            found + compared + [.init("signature", .string(BLEU().signature))])
        return String(decoding: JSON.serialize(.object(object)), as: UTF8.self)
    }
}
