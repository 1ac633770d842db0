public import Checkpoint
public import Decoding
public import TranslationModel
public import TranslationService

/// Finds the cheapest rule whose expected loss against full depth is at most δ, with a probability of at least 1 − ε over the sentences that it is tested on.
///
/// Sentences are parted in two, by half unless told. On the first part the rules are put into an order, from the safest on, each cheaper than all before it. On the second part they are
/// tested in this order until one fails; the last that passed is certified (fixed-sequence testing; Learn then Test, Angelopoulos et al., 2021). Nothing of the
/// second part chooses anything.
public struct Certifier {
    /// What some rule made of the sentences.
    public struct Trial: Sendable {
        /// The rule.
        public let rule: ExitRule
        /// Losses of the sentences, in their order.
        public let losses: [Double]
        /// Operations of the sentences as shares of full depth's.
        public let operations: [OperationCount]
        /// Sums of exit layers and tokens.
        public let depth: [(layers: Int, tokens: Int)]

        /// States what was measured.
        public init(
            rule: ExitRule, losses: [Double], operations: [OperationCount],
            depth: [(layers: Int, tokens: Int)]
        ) {
            self.rule = rule
            self.losses = losses
            self.operations = operations
            self.depth = depth
        }
    }

    /// What is promised of a rule.
    public struct Certificate: Sendable {
        /// δ.
        public let delta: Double
        /// The rule; nil: none passed, so that only full depth is left.
        public let rule: ExitRule?
        /// The p-value of the rule, and that of the first that failed.
        public let pValues: (passed: Double?, failed: Double?)
        /// Of the sentences that it was tested on: mean loss, share of operations, mean exit.
        public let loss: Double
        /// Executed operations as a share of full depth's, 1 without a rule.
        public let operations: Double
        /// Mean exit of the tokens, N without a rule.
        public let averageExit: Double
        /// Sentences that it was tested on.
        public let sentences: Int
    }

    private let ladder: [Trial]
    private let tested: Range<Int>
    private let layerCount: Int

    /// Orders rules by the first of their sentences, which may be ones that the rules were made on.
    ///
    /// - Parameters:
    ///   - trials: all of the same sentences, at least two of them.
    ///   - layerCount: N.
    ///   - ordering: how many sentences order the rules, at least 1 and fewer than all; nil: half of them.
    public init(_ trials: [Trial], layerCount: Int, ordering: Int? = nil) {
        let count = trials.first?.losses.count ?? 0
        precondition(trials.allSatisfy { $0.losses.count == count }, "trials of other sentences")
        self.layerCount = layerCount
        let chosen = 0..<(ordering ?? count / 2)
        tested = chosen.upperBound..<count
        var ladder: [Trial] = []
        var cheapest = Double.infinity
        let ordered = trials.sorted {
            let (a, b) = (Self.loss($0, chosen), Self.loss($1, chosen))
            return a != b ? a < b : Self.share($0, chosen) < Self.share($1, chosen)
        }
        for trial in ordered where Self.share(trial, chosen) < min(cheapest, 1) {
            cheapest = Self.share(trial, chosen)
            ladder.append(trial)
        }
        self.ladder = ladder
    }

    /// Rules in the order in which they are tested.
    public var rules: [ExitRule] { ladder.map(\.rule) }

    /// The certificate for a bound.
    ///
    /// - Parameters:
    ///   - delta: δ, above 0 and below 1.
    ///   - epsilon: ε, the probability that the promise is wrong, above 0 and below 1.
    ///   - test: gives the p-values.
    /// - Returns: the last rule that passed, or none.
    public func certificate(
        delta: Double, epsilon: Double, _ test: MeanTest = .betting
    ) -> Certificate {
        var passed: (trial: Trial, p: Double)?
        var failed: Double?
        for trial in ladder {
            let p = test.pValue(Array(trial.losses[tested]), delta: delta)
            guard p <= epsilon else {
                failed = p
                break
            }
            passed = (trial, p)
        }
        let trial = passed?.trial
        return Certificate(
            delta: delta, rule: trial?.rule, pValues: (passed?.p, failed),
            loss: trial.map { Self.loss($0, tested) } ?? 0,
            operations: trial.map { Self.share($0, tested) } ?? 1,
            averageExit: trial.map { Self.averageExit($0, tested) } ?? Double(layerCount),
            sentences: tested.count)
    }

    private static func loss(_ trial: Trial, _ part: Range<Int>) -> Double {
        trial.losses[part].reduce(0, +) / Double(max(part.count, 1))
    }

    private static func share(_ trial: Trial, _ part: Range<Int>) -> Double {
        trial.operations[part].reduce(OperationCount(), +).share
    }

    private static func averageExit(_ trial: Trial, _ part: Range<Int>) -> Double {
        let layers = trial.depth[part].reduce(0) { $0 + $1.layers }
        return Double(layers) / Double(max(trial.depth[part].reduce(0) { $0 + $1.tokens }, 1))
    }
}

extension Certifier {
    /// Rules that a policy may be certified with, any order: every layer below the last of `fixed` and the side branch, thresholds from 0.99 down of policies that take them.
    ///
    /// - Parameters:
    ///   - policy: one that exits early, whose head the model has.
    ///   - model: what is to follow them.
    /// - Returns: the policy's own thresholds are among them; of other policies the policy itself.
    public static func candidates(_ policy: ExitPolicy, _ model: ServedModel) -> [ExitRule] {
        let count = model.layerCount
        guard count > 1 else { return [] }
        if policy.needsLayer {
            return (model.lowestExit..<count).map {
                ExitRule(policy, .init(layer: $0), layerCount: count)
            }
        }
        guard policy.thresholds != nil else { return [ExitRule(policy, layerCount: count)] }
        let uniform = thresholds.map { Array(repeating: $0, count: count - 1) }
        let own = model.checkpoint.exits.thresholds[policy].map { [$0] } ?? []
        return (own + uniform).map {
            ExitRule(
                policy, .init(thresholds: $0, candidates: ExitOptions.defaultCandidates),
                layerCount: count)
        }
    }

    private static let thresholds = [
        0.99, 0.98, 0.96, 0.94, 0.92, 0.9, 0.87, 0.84, 0.8, 0.75, 0.7, 0.6, 0.5, 0.4, 0.3,
    ]

    /// Translates sentences by full depth and by rules, once, whatever is looked at.
    ///
    /// - Parameters:
    ///   - rules: to be tried.
    ///   - risks: what is lost.
    ///   - sources: sentences, in the order in which they were drawn.
    ///   - references: of the same sentences, where a risk needs them.
    ///   - translator: has the model.
    ///   - progress: is told of each rule before it begins, full depth first.
    /// - Returns: for each risk a trial of each rule.
    /// - Throws: `CorpusTranslator.Fault` for a sentence that cannot be translated.
    public static func trials(
        _ rules: [ExitRule], _ risks: [Risk], sources: [String], references: [String]?,
        by translator: CorpusTranslator, progress: (ExitRule) -> Void
    ) throws -> [Risk: [Trial]] {
        let full = ExitRule(.full, layerCount: translator.model.layerCount)
        progress(full)
        let expected = try outputs(full, sources, translator).map(\.text)
        var trials: [Risk: [Trial]] = [:]
        for rule in rules {
            progress(rule)
            let outputs = try outputs(rule, sources, translator)
            for risk in risks {
                let losses = outputs.enumerated().map { index, output in
                    risk.loss(output.text, full: expected[index], reference: references?[index])
                }
                trials[risk, default: []].append(
                    Trial(
                        rule: rule, losses: losses, operations: outputs.map(\.compute.operations),
                        depth: outputs.map { ($0.compute.layersRun, $0.compute.targetTokens) }))
            }
        }
        return trials
    }

    private static func outputs(
        _ rule: ExitRule, _ sources: [String], _ translator: CorpusTranslator
    ) throws -> [(text: String, compute: ComputeRecord)] {
        var outputs: [(text: String, compute: ComputeRecord)] = []
        let options = DecodingOptions(exit: rule, scores: false)
        try translator.translate(
            sources, options: { _ in options },
            deliver: { outputs.append(($1.outputs[0].text, $1.compute)) })
        return outputs
    }
}
