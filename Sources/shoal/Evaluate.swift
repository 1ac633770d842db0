import ArgumentParser
import Decoding
import Evaluation
import JSON
import TranslationService

/// The command `shoal evaluate`.
struct Evaluate: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Measure BLEU, chrF, average exit and saved compute on a pair of files.",
        discussion: """
            BLEU and chrF are sacreBLEU's (tok:13a, smooth:exp; chrF2, nw:0).

            Examples:
              shoal evaluate --model models/multi30k-de-en test.de test.en
              shoal evaluate --model models/multi30k-de-en test.de test.en --policy all --json
            """)

    @OptionGroup var model: ModelOption

    @Option(
        name: .long,
        help: "A policy, or all that the checkpoint has heads for (default: the model's).")
    var policy: String?

    @OptionGroup var exit: ExitFlags
    @OptionGroup var search: SearchFlags

    @Flag(name: .long, help: "Print a JSON object a line instead of a table.")
    var json = false

    @Argument(help: "Source sentences, one a line.")
    var source: String

    @Argument(help: "Reference translations, one a line.")
    var reference: String

    func run() throws {
        try Failure.reporting {
            let model = try model.load()
            let sources = try readLines(source)
            let references = try readLines(reference)
            guard sources.count == references.count, !sources.isEmpty else {
                throw Failure(
                    "\(source) has \(sources.count) lines and \(reference) \(references.count); "
                        + "both must have the same number, at least 1", code: 65)
            }
            let rules = try rules(model)
            let translator = TextTranslator(model)
            if !json { writeOutput(Row.header + "\n") }
            for (name, rule) in rules {
                let progress = ProgressLine(total: sources.count, noun: "sentences, " + name)
                let translations = try translator.translate(
                    sources, search.options(rule, model), progress: progress)
                let row = try Row(name, translations, references)
                writeOutput((json ? row.json : row.text) + "\n")
            }
            if !json { writeOutput("\n\(BLEU().signature)\n\(ChrF().signature)\n") }
        }
    }

    private func rules(_ model: ServedModel) throws -> [(name: String, rule: ExitRule)] {
        if policy == "all" { return try allRules(model) }
        let name = try policy.map { text in
            guard let name = ExitPolicy.Name(rawValue: text) else {
                let names = ExitPolicy.Name.allCases.map(\.rawValue).joined(separator: ", ")
                throw ValidationError("--policy must be all or one of \(names).")
            }
            return name
        }
        let options = try exit.options(policy: name)
        do {
            let rule = try options.resolve(for: model)
            return [(rule.policy.name.rawValue, rule)]
        } catch {
            throw ValidationError(error.description)
        }
    }

    /// Every fixed depth and every policy with the checkpoint's own thresholds.
    private func allRules(_ model: ServedModel) throws -> [(name: String, rule: ExitRule)] {
        var rules: [(name: String, rule: ExitRule)] = []
        for name in ExitPolicy.Name.allCases where model.missingHead(name) == nil {
            let layers: [Int?] = name == .fixed ? (1..<model.layerCount).map { $0 } : [nil]
            for layer in layers {
                var options = ExitOptions()
                options.policy = name
                options.layer = layer
                let label = name.rawValue + (layer.map { " \($0)" } ?? "")
                rules.append((label, try options.resolve(for: model)))
            }
        }
        return rules
    }

    /// What is printed of one policy.
    private struct Row {
        let name: String
        let bleu: Double
        let chrF: Double
        let compute: ComputeRecord

        static let header =
            "policy              BLEU   chrF2   exit   layers saved   compute saved"

        init(_ name: String, _ translations: [Translation], _ references: [String]) throws {
            let texts = translations.map { $0.outputs[0].text }
            self.name = name
            bleu = try BLEU().score(hypotheses: texts, references: references)
            chrF = try ChrF().score(hypotheses: texts, references: references)
            var total = translations[0].compute
            for translation in translations.dropFirst() { total += translation.compute }
            compute = total
        }

        var text: String {
            let columns = [
                fixed(bleu, 2, width: 8), fixed(chrF, 2, width: 8),
                fixed(compute.averageExitLayer, 3, width: 7),
                fixed(100 * compute.layersSaved, 1, width: 13) + " %",
                fixed(100 * compute.computeSaved, 1, width: 14) + " %",
            ]
            return name.padding(to: 16) + columns.joined()
        }

        var json: String {
            let object = JSONObject([
                .init("policy", .string(name)), .init("bleu", .number(bleu)),
                .init("chrf2", .number(chrF)),
                .init("average_exit_layer", .number(compute.averageExitLayer)),
                .init("layers_saved", .number(compute.layersSaved)),
                .init("compute_saved", .number(compute.computeSaved)),
                .init("target_tokens", .integer(Int64(compute.targetTokens))),
            ])
            return String(decoding: JSON.serialize(.object(object)), as: UTF8.self)
        }
    }
}

/// A number with a fixed count of decimals, right-aligned.
func fixed(_ value: Double, _ decimals: Int, width: Int = 0) -> String {
    var scale = 1.0
    for _ in 0..<decimals { scale *= 10 }
    let digits = String(Int((abs(value) * scale).rounded()))
    let filled = String(repeating: "0", count: max(0, decimals + 1 - digits.count)) + digits
    let text =
        (value < 0 ? "-" : "") + filled.dropLast(decimals)
        + (decimals > 0 ? "." + filled.suffix(decimals) : "")
    return String(repeating: " ", count: max(0, width - text.count)) + text
}

extension String {
    /// Spaces behind, up to a width.
    func padding(to width: Int) -> String {
        self + String(repeating: " ", count: Swift.max(0, width - count))
    }
}
