public import ArgumentParser
public import Certification
import Checkpoint
import Configuration
import Decoding
import Digest
import Evaluation
import Glibc
import JSON
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
            Policies that are tried together share ε. Certificates of the same risk and precision are replaced. docs/guarantees.md.

            Examples:
              shoal certify --model models/tatoeba-de-en --precision int8 held-out.de
              shoal certify --model runs/model --risk quality held-out.de held-out.en --policy confidence
            """)

    @OptionGroup var model: ModelOption

    @Option(
        name: .long,
        help:
            "What is lost: disagreement (another text), chrf (1 - chrF2/100 against full depth's text) or quality (chrF2/100 lost against references)."
    )
    var risk = Risk.chrF

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

    @Option(name: .long, help: "The test of means, chosen before the sentences are seen.")
    var test = MeanTest.betting

    @Option(name: .long, help: "The same seed gives the same halves.")
    var seed: UInt64 = 1

    @Option(name: .long, help: "Use the first so many sentences only.")
    var limit: Int?

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

    func validate() throws {
        guard bounds.allSatisfy({ $0 > 0 && $0 < 1 }) else {
            throw ValidationError("--delta takes numbers above 0 and below 1, with commas between.")
        }
        guard epsilon > 0, epsilon < 1 else {
            throw ValidationError("--epsilon must be above 0 and below 1.")
        }
        guard limit ?? 2 >= 2 else { throw ValidationError("--limit must be 2 or more.") }
        guard risk.needsReferences == (reference != nil) else {
            throw ValidationError(
                risk.needsReferences
                    ? "--risk \(risk.rawValue) needs a file of references."
                    : "References go with --risk \(Risk.quality.rawValue) only.")
        }
        if let constant = policy.first(where: { $0 == .full || $0.makesDrafts }) {
            throw ValidationError(
                "\(constant.rawValue) gives full depth's outputs: nothing is lost.")
        }
    }

    func run() throws {
        try Failure.reporting {
            try model.requireNamed(where: !dryRun)
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
            let certificates = try Failure.placing(at: source, model) { try certify(text, model) }
            if !dryRun { try write(certificates, model) }
        }
    }

    private func policies(_ model: ServedModel) -> [ExitPolicy] {
        policy.isEmpty
            ? ExitPolicy.allCases.filter {
                $0 != .full && !$0.makesDrafts && model.missingHead($0) == nil
            }
            : policy.enumerated().filter { !policy[..<$0.offset].contains($0.element) }.map(
                \.element)
    }

    private func certify(
        _ text: ParallelText, _ model: ServedModel
    ) throws -> [ExitCertificate] {
        let translator = try CorpusTranslator(model, workers: Processors.available)
        let rules = policies(model).map { Certifier.candidates($0, model) }
        let progress = ProgressLine()
        var done = 0
        let total = rules.reduce(1) { $0 + $1.count }
        var random = SplitMix64(key: seed)
        let order = text.sources.indices.shuffled(using: &random)
        let trials = try Certifier.trials(
            rules.flatMap(\.self), risk, sources: order.map { text.sources[$0] },
            references: reference == nil ? nil : order.map { text.references[$0] }, by: translator
        ) { rule in
            done += 1
            progress.show("\(done)/\(total) rules: \(rule.label(layerCount: model.layerCount))")
        }
        if !json { writeOutput(Style.standardOutput.table(Self.header)) }
        var certificates: [ExitCertificate] = []
        let lines = text.sources.joined(separator: "\n")
        let digest = Hexadecimal.text(SHA256.digest(Array(lines.utf8)))
        var first = 0
        for own in rules {
            let certifier = Certifier(
                Array(trials[first..<first + own.count]), layerCount: model.layerCount)
            first += own.count
            guard let policy = own.first?.policy else { continue }
            for bound in bounds {
                // Requests choose among the policies by what they cost on the tested half.
                let found = certifier.certificate(
                    delta: bound, epsilon: epsilon / Double(rules.count), test)
                writeOutput(json ? line(found, policy, model) : row(found, policy, model))
                if let own = certificate(found, digest, model) { certificates.append(own) }
            }
        }
        guard !json else { return certificates }
        writeOutput(
            "\n\(risk.rawValue), ε \(epsilon), \(test.rawValue), \(text.sources.count - text.sources.count / 2) of "
                + "\(text.sources.count) sentences tested, \(model.network.precision.rawValue)\n")
        return certificates
    }

    /// What exits.json has of a rule that passed.
    private func certificate(
        _ found: Certifier.Certificate, _ digest: String, _ model: ServedModel
    ) -> ExitCertificate? {
        guard let rule = found.rule, found.operations < 1 else { return nil }
        return ExitCertificate(
            risk: risk, delta: found.delta, epsilon: epsilon, sentences: found.sentences,
            text: digest, network: model.networkChecksum,
            precision: model.network.precision.rawValue, policy: rule.policy,
            layer: rule.givenLayer, thresholds: rule.thresholds,
            candidates: rule.policy.takesCandidates ? rule.candidates ?? 0 : nil,
            operations: found.operations, averageExit: max(1, found.averageExit))
    }

    /// Replaces the certificates of this risk and precision, which share ε with each other alone, and those for other weights.
    private func write(_ certificates: [ExitCertificate], _ model: ServedModel) throws {
        let precision = model.network.precision.rawValue
        try model.changeExits { exits, file in
            exits.certificates.removeAll {
                $0.network != model.networkChecksum
                    || $0.risk == risk && $0.precision == precision
            }
            exits.certificates += certificates
            file.takeCertificates(from: exits)
        }
    }

    private static let header =
        "policy                  δ  rule                              loss        p    exit  operations\n"

    private func row(
        _ found: Certifier.Certificate, _ policy: ExitPolicy, _ model: ServedModel
    ) -> String {
        let name = found.rule.map { $0.label(layerCount: model.layerCount) } ?? "full depth only"
        let p = found.pValues.passed ?? found.pValues.failed
        return policy.rawValue.padding(to: 18) + fixed(found.delta, 3, width: 7) + "  "
            + name.padding(to: 30) + fixed(found.loss, 4, width: 8)
            + (p.map { fixed($0, 4, width: 9) } ?? "        –")
            + fixed(found.averageExit, 3, width: 8) + fixed(100 * found.operations, 1, width: 10)
            + " %\n"
    }

    private func line(
        _ found: Certifier.Certificate, _ policy: ExitPolicy, _ model: ServedModel
    ) -> String {
        func number(_ value: Double?) -> JSONValue { value.map { .number($0) } ?? .null }
        let rule = found.rule
        let object = JSONObject([
            .init("policy", .string(policy.rawValue)), .init("risk", .string(risk.rawValue)),
            .init("delta", .number(found.delta)), .init("epsilon", .number(epsilon)),
            .init("test", .string(test.rawValue)),
            .init("sentences", .integer(Int64(found.sentences))),
            .init("precision", .string(model.network.precision.rawValue)),
            .init("rule", rule.map { .string($0.label(layerCount: model.layerCount)) } ?? .null),
            .init("layer", rule?.givenLayer.map { .integer(Int64($0)) } ?? .null),
            .init(
                "threshold", rule?.thresholds.map { .array($0.map { .number($0) }) } ?? .null),
            .init("loss", .number(found.loss)), .init("p", number(found.pValues.passed)),
            .init("p_failed", number(found.pValues.failed)),
            .init("average_exit_layer", .number(found.averageExit)),
            .init("operations", .number(found.operations)),
        ])
        return String(decoding: JSON.serialize(.object(object)), as: UTF8.self) + "\n"
    }
}
