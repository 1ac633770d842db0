public import ArgumentParser
public import Certification
import Checkpoint
import Configuration
import Decoding
import Evaluation
import Glibc
import System
import Tensor
import TextFiles
import TranslationModel
import TranslationService

extension Risk: ExpressibleByArgument {}
extension MeanTest: ExpressibleByArgument {}

/// The command `shoal certify`.
struct Certify: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract:
            "Find the cheapest exit rules whose loss against full depth is bounded, and write them to exits.json.",
        discussion: """
            For each bound δ the answer is a rule of which holds, with probability 1 - ε over the sentences \
            given: on texts of the same source its expected loss against this model's own full depth is at \
            most δ. The sentences are shuffled; one half orders the rules, the other tests them. Give sentences that \
            nothing was trained or calibrated on. A request asks for a certified rule with exit.guarantee. \
            Policies that are tried together share ε. Certificates of the same risk and precision are replaced. \
            With --splits it tries the promise itself: on random splits of the sentences, how often does what is \
            certified on one part lose more than δ on the other? docs/guarantees.md.

            Examples:
              shoal certify --model models/tatoeba-de-en --precision int8 held-out.de
              shoal certify --model runs/model --risk quality held-out.de held-out.en --policy confidence
              shoal certify --model runs/model --splits 200 --split-size 1000 held-out.de --other chat.de
            """)

    @OptionGroup var model: ModelOption

    @Option(
        name: .long,
        help:
            "What is lost: disagreement (another text), chrf (1 - chrF2/100 against full depth's text) or quality (chrF2/100 lost against references); may be given again (default: chrf)."
    )
    var risk: [Risk] = []

    @Option(name: .long, help: "Bounds, each above 0 and below 1, with commas between.")
    var delta = "0.005,0.01,0.02,0.05,0.1"

    @Option(name: .long, help: "ε: the probability that a promise is wrong.")
    var epsilon = 0.05

    @Option(
        name: .long,
        help:
            "A policy whose rules are tried; may be given again (default: all that the model has heads for)."
    )
    var policy: [ExitPolicy] = []

    @Option(
        name: .long,
        help:
            "The test of means, chosen before the sentences are seen: betting or hoeffding-bentkus; with --splits it may be given again (default: betting)."
    )
    var test: [MeanTest] = []

    @Option(name: .long, help: "The same seed gives the same halves.")
    var seed: UInt64 = 1

    @Option(name: .long, help: "Use the first so many sentences only.")
    var limit: Int?

    @OptionGroup(title: "How well a promise holds") var split: SplitFlags

    @Flag(name: .long, help: "Write nothing to exits.json.")
    var dryRun = false

    @Flag(name: .long, help: "Print a JSON object a line instead of a table.")
    var json = false

    @Argument(help: "Source sentences, one a line.", completion: .file())
    var source: String

    @Argument(help: "Reference translations, for the risk quality.", completion: .file())
    var reference: String?

    private var bounds: [Double] {
        delta.split(separator: ",", omittingEmptySubsequences: false).map {
            Double($0.filter { $0 != " " }) ?? .nan
        }
    }

    private var risks: [Risk] { risk.isEmpty ? [.chrF] : risk.withoutRepeats }
    private var tests: [MeanTest] { test.isEmpty ? [.betting] : test.withoutRepeats }
    private var writes: Bool { !dryRun && split.splits == nil }

    func validate() throws {
        guard bounds.allSatisfy({ $0 > 0 && $0 < 1 }) else {
            throw ValidationError("--delta takes numbers above 0 and below 1, with commas between.")
        }
        guard epsilon > 0, epsilon < 1 else {
            throw ValidationError("--epsilon must be above 0 and below 1.")
        }
        guard limit ?? 2 >= 2 else { throw ValidationError("--limit must be 2 or more.") }
        guard risks.contains(where: \.needsReferences) == (reference != nil) else {
            throw ValidationError(
                reference == nil
                    ? "--risk \(Risk.quality.rawValue) needs a file of references."
                    : "References go with --risk \(Risk.quality.rawValue) only.")
        }
        guard tests.count == 1 || split.splits != nil else {
            throw ValidationError(
                "One --test: choosing between two after seeing both promises less. Several go with --splits."
            )
        }
        if let constant = policy.first(where: { $0 == .full || $0.makesDrafts }) {
            throw ValidationError(
                "\(constant.rawValue) gives full depth's outputs: nothing is lost.")
        }
    }

    func run() throws {
        try Failure.reporting {
            try model.requireNamed(where: writes)
            let model = try model.loadForTexts()
            guard model.layerCount > 1 else {
                throw Failure(
                    "\(model.id) has one decoder layer: no exit to choose", code: EX_DATAERR)
            }
            for policy in policy {
                try model.requireHead(of: policy)
            }
            let text = try ParallelText(source, reference ?? source, limit: limit ?? .max)
            guard text.sources.count > 1 else {
                throw Failure("\(source): one sentence proves nothing", code: EX_DATAERR)
            }
            let sizes = split.sizes ?? [max(2, text.sources.count / 2)]
            if split.splits != nil, let size = sizes.first(where: { $0 >= text.sources.count }) {
                throw Failure(
                    "\(source): of \(text.sources.count) sentences, \(size) leave none that is fresh",
                    code: EX_DATAERR)
            }
            let finding = CertificateFinding(
                rules: policies(model).map { Certifier.candidates($0, model) }, risks: risks,
                bounds: bounds, epsilon: epsilon, test: tests[0])
            let translator = try CorpusTranslator(model, workers: Processors.available)
            if let splits = split.splits {
                return try trySplits(splits, sizes, finding, text, translator)
            }
            let trials = try trials(finding, text, of: source, translator)
            let certificates = finding.certificates(trials, of: text.sources, model, json: json)
            if !dryRun { try model.replaceCertificates(of: risks, by: certificates) }
        }
    }

    private func policies(_ model: ServedModel) -> [ExitPolicy] {
        policy.isEmpty
            ? ExitPolicy.allCases.filter {
                $0 != .full && !$0.makesDrafts && model.missingHead($0) == nil
            }
            : policy.withoutRepeats
    }

    /// Decodes all sentences by full depth and by each rule, in an order that the seed says.
    private func trials(
        _ finding: CertificateFinding, _ text: ParallelText, of file: String,
        _ translator: CorpusTranslator
    ) throws -> [Risk: [Certifier.Trial]] {
        // Another text comes without references.
        let hasReferences = reference != nil && file == source
        var random = SplitMix64(key: seed)
        let order = text.sources.indices.shuffled(using: &random)
        return try Failure.placing(at: file, translator.model) {
            do {
                return try finding.trials(
                    order.map { text.sources[$0] },
                    references: hasReferences ? order.map { text.references[$0] } : nil,
                    named: file, by: translator)
            } catch let fault as CorpusTranslator.Fault {
                throw CorpusTranslator.Fault(index: order[fault.index], error: fault.error)
            }
        }
    }

    /// Certifies on splits of the sentences, and prints how often the promises held.
    private func trySplits(
        _ splits: Int, _ sizes: [Int], _ finding: CertificateFinding, _ text: ParallelText,
        _ translator: CorpusTranslator
    ) throws {
        let model = translator.model
        let rules = finding.rules
        let own = try trials(finding, text, of: source, translator)
        let other = try split.other.map {
            try trials(finding, try ParallelText($0, $0, limit: limit ?? .max), of: $0, translator)
        }
        let table = SplitTable(hasOther: other != nil)
        if !json { writeOutput(Style.standardOutput.table(table.header)) }
        for risk in risks {
            let others = other?[risk].map { CertificateFinding.byPolicy($0, rules) }
            let byPolicy = CertificateFinding.byPolicy(own[risk] ?? [], rules)
            for (index, (policy, trials)) in byPolicy.enumerated() {
                for test in tests {
                    for size in sizes {
                        let plan = SplitPlan(
                            splits: splits, size: size, seed: seed, deltas: bounds,
                            epsilon: epsilon, policies: rules.count, test: test)
                        let reports = plan.reports(
                            trials, other: others?[index].trials, layerCount: model.layerCount)
                        for report in reports {
                            let row = SplitTable.Row(
                                policy: policy, risk: risk, plan: plan, report: report)
                            writeOutput(json ? table.line(row) : table.text(row))
                        }
                    }
                }
            }
        }
        guard !json else { return }
        writeOutput(
            "\nε \(epsilon), \(splits) splits of \(text.sources.count) sentences, "
                + "\(model.network.precision.rawValue)\n")
    }
}

extension Array where Element: Equatable {
    /// Each element once, where it came first.
    fileprivate var withoutRepeats: [Element] {
        enumerated().filter { !self[..<$0.offset].contains($0.element) }.map(\.element)
    }
}
