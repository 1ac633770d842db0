import Calibration
import Checkpoint
import Configuration
import Decoding
import Evaluation
import Glibc
import System
import TextFiles
import TranslationModel
import TranslationService

/// What follows the fit: thresholds and drafts are searched and written, rules certified, and what all exits come to is measured.
struct AdaptMeasuring {
    /// What to do.
    struct Options {
        /// BLEU that the default thresholds may lose.
        let maxLoss: Double
        /// Random thresholds for each policy.
        var draws = 200
        /// Of the draws.
        var seed: UInt64 = 1
        /// Whether rules are certified.
        var certifies = true
        /// Whether times are measured.
        var takesTimes = true
        /// How long certifying may take, and measuring times; nil: as long as it takes.
        var partSeconds: Double?

        init(maxLoss: Double) { self.maxLoss = maxLoss }
    }

    private let original: ServedModel
    private let adapted: ServedModel
    private let sentences: AdaptText
    private let workers: Int

    /// - Parameters:
    ///   - original: the model as it was.
    ///   - adapted: the new checkpoint.
    ///   - sentences: of which those that are held out are decoded.
    ///   - workers: threads that share the work.
    init(original: ServedModel, adapted: ServedModel, _ sentences: AdaptText, workers: Int) {
        self.original = original
        self.adapted = adapted
        self.sentences = sentences
        self.workers = workers
    }

    /// Searches, writes exits.json, and prints what was found.
    ///
    /// - Parameter options: what to do.
    /// - Throws: `Failure`.
    func run(_ options: Options) throws {
        let references = try sentences.references ?? fullDepth()
        let text = ParallelText(sources: sentences.held, references: references)
        let set = try ValidationSet(text, adapted)
        writeMessage("comparing exits on \(text.sources.count) held-out sentences")
        let tokens = try ExitTokens(adapted, set, workers: workers)
        print(
            before: try ExitTokens(original, set, workers: workers).agreement,
            after: tokens.agreement)
        let drafts = DraftFinding(tokens, adapted)
        writeOutput("\n" + drafts.table + "\n")
        var withThresholds: [ExitPolicy] = []
        for policy in ThresholdPolicy.allCases {
            let found = try thresholds(policy, set, options)
            if found.chosen != nil { withThresholds.append(policy.policy) }
            try adapted.changeExits { exits, file in
                write(found, policy, &exits, &file)
            }
        }
        if let drafting = drafts.best?.drafting {
            try adapted.changeExits { exits, file in
                exits.drafting = drafting
                file.takeDrafting(from: exits)
            }
        } else {
            writeMessage("no drafts pay: speculative keeps its usual settings")
        }
        let written = try ModelOption.load(
            adapted.checkpoint.directory, precision: adapted.network.precision)
        let rules = try rules(written)
        if options.certifies {
            let certificates = AdaptCertificates(
                model: written, sentences: sentences, workers: workers)
            try certificates.run(withThresholds, seconds: options.partSeconds)
        }
        try report(text, rules, written)
        if options.takesTimes {
            let times = AdaptTimes(model: written, sentences: sentences.held)
            try times.run(rules, seconds: options.partSeconds)
        }
    }

    /// What full depth makes of the held-out sentences.
    private func fullDepth() throws -> [String] {
        let rule = ExitRule(.full, layerCount: adapted.layerCount)
        let translator = try CorpusTranslator(adapted, workers: workers)
        var lines: [String] = []
        do {
            try translator.translate(
                sentences.held, options: { _ in DecodingOptions(exit: rule, scores: false) },
                deliver: { lines.append($1.outputs[0].text) })
        } catch let fault as CorpusTranslator.Fault {
            throw Failure(fault.error, at: "held-out sentence \(fault.index + 1)", adapted)
        }
        return lines
    }

    private func print(before: [Int: Double], after: [Int: Double]) {
        writeOutput(Style.standardOutput.table("exit   agreement before      after\n"))
        for (exit, share) in after.sorted(by: { $0.key < $1.key }) {
            let earlier =
                before[exit].map { fixed(100 * $0, 1, width: 17) + " %" }
                ?? "–".padding(left: 19)
            writeOutput(
                "\(exit)".padding(to: 4) + earlier + fixed(100 * share, 1, width: 9) + " %\n")
        }
    }

    /// What a search for one policy found.
    private struct Found {
        let profiles: [ExitsConfiguration.Profile]
        /// The cheapest thresholds that lose little; nil where none do.
        let chosen: [Double]?
    }

    private func thresholds(
        _ policy: ThresholdPolicy, _ set: ValidationSet, _ wanted: Options
    ) throws -> Found {
        guard let segments = CostSegments(layerCount: adapted.layerCount) else {
            return Found(profiles: [], chosen: nil)
        }
        var options = ThresholdSearch.Options(layerCount: adapted.layerCount)
        options.draws = wanted.draws
        options.seed = wanted.seed
        let finding = ThresholdFinding(policy: policy, segments: segments, options: options)
        writeMessage("searching thresholds of \(policy.rawValue)")
        let (measured, fullDepth) = try finding.run(adapted, set, workers: workers)
        let chosen = CostSegments.cheapest(of: measured, reaching: fullDepth - wanted.maxLoss)
        if chosen == nil {
            writeMessage(
                "\(policy.rawValue): no thresholds come within \(wanted.maxLoss) BLEU of full depth, so it keeps "
                    + "the usual ones")
        }
        guard policy.policy.takesProfile else {
            return Found(profiles: [], chosen: chosen?.thresholds)
        }
        let best = segments.best(of: measured).sorted { $0.key < $1.key }
        let profiles = best.map { index, measurement in
            ExitsConfiguration.Profile(
                name: segments.name(index), thresholds: measurement.thresholds,
                bleu: measurement.bleu, averageExit: measurement.averageExit)
        }
        return Found(profiles: profiles, chosen: chosen?.thresholds)
    }

    private func write(
        _ found: Found, _ policy: ThresholdPolicy, _ exits: inout ExitsConfiguration,
        _ file: inout ExitsFile
    ) {
        if policy.policy.takesProfile {
            exits.profiles = found.profiles
            file.takeProfiles(of: policy.policy, from: exits)
        }
        guard let chosen = found.chosen else { return }
        exits.thresholds[policy.policy] = chosen
        file.takeThresholds(of: policy.policy, from: exits)
    }

    /// Every fixed depth, and the policies that are not full depth's answer by another name, as requests get them.
    private func rules(_ model: ServedModel) throws -> [ExitRule] {
        let policies = ThresholdPolicy.allCases.map(\.policy)
        let depths = (model.lowestExit..<model.layerCount).reversed().map(Optional.some)
        let settings: [(ExitPolicy, Int?)] =
            [(.full, nil)] + depths.map { (.fixed, $0) } + policies.map { ($0, nil) }
            + [(.speculative, nil)]
        return try settings.map { policy, layer in
            var options = ExitOptions()
            options.policy = policy
            options.layer = layer
            return try options.rule(for: model)
        }
    }

    /// Decodes the held-out sentences with every rule, by the checkpoint as it is written.
    private func report(
        _ text: ParallelText, _ rules: [ExitRule], _ model: ServedModel
    ) throws {
        writeMessage("decoding with every policy")
        let translator = try CorpusTranslator(model, workers: workers)
        let progress = ProgressLine()
        var evaluator = PolicyEvaluator(
            translator, text,
            progress: { label, done in
                progress.show("\(done)/\(text.sources.count) sentences, \(label)")
            })
        let rows = try rules.map { rule in
            let score = try evaluator.score(rule)
            return QualityDepthTable.Row(
                name: rule.label(layerCount: model.layerCount), quality: (score.bleu, score.chrF),
                cost: .init(score.compute))
        }
        progress.clear()
        writeOutput("\n" + Style.standardOutput.table(QualityDepthTable(rows: rows).text))
        writeOutput(
            "\nBLEU \(BLEU().signature), chrF2 \(ChrF().signature), against "
                + (sentences.references == nil
                    ? "full depth's own translations\n" : "the translations that were given\n"))
    }
}
