public import ArgumentParser
public import Calibration
import Checkpoint
import Configuration
import Decoding
import Evaluation
import Glibc
import System
import TextFiles
import Tokenization
import TranslationService

extension ThresholdPolicy: ExpressibleByArgument {
    /// Whether a search settles profiles; one without settles the default.
    fileprivate var hasProfiles: Bool { policy.takesProfile }
}

/// The command `shoal calibrate`.
struct Calibrate: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Search exit thresholds on a validation set and write them to exits.json.",
        discussion: """
            Each segment of average exit gets the thresholds of the best BLEU. For confidence they become \
            profiles exit-1.5, exit-2, … (translate --profile exit-2). token_geometric has no profiles and \
            gets the cheapest thresholds within --max-loss of full depth.

            Decoding is greedy. A draw whose first exits equal those of an earlier draw is replayed so far, \
            which is exact, and decoded from there. The states of full depth predict which draws are worth \
            decoding; what is printed and written has been decoded.

            Examples:
              shoal calibrate --model runs/aligned/model validation.de validation.en
              shoal calibrate models/multi30k-de-en/sample.de models/multi30k-de-en/sample.en --dry-run --draws 20
            """)

    @OptionGroup var model: ModelOption

    @Option(
        name: .long,
        help: "\(ExitPolicy.names(ThresholdPolicy.allCases.map(\.policy), joinedBy: "or")).")
    var policy = ThresholdPolicy.allCases[0]

    @Option(
        name: .long,
        help: "Random draws to decode, 0 to 10000; each takes about 1 MB for 1000 sentences.")
    var draws = 500

    @Option(name: .long, help: "The same seed gives the same draws.")
    var seed: UInt64 = 1

    @Option(
        name: .long,
        help: "Upper bounds of the segments of average exit (default: 1.5,2,2.5,3,4); N is added.")
    var segments: String?

    @Option(name: .long, help: "No token exits above this layer: its threshold is 0.")
    var maxLayer: Int?

    @Option(name: .long, help: "BLEU that the default thresholds may lose against full depth.")
    var maxLoss = 0.3

    @Flag(
        name: .long,
        help: "Make the cheapest profile within --max-loss the thresholds of confidence.")
    var setDefault = false

    @Flag(name: .long, help: "Write nothing.")
    var dryRun = false

    @Flag(name: .long, help: "Print a JSON object a line instead of a table.")
    var json = false

    @Argument(help: "Source sentences, one a line.", completion: .file())
    var source: String

    @Argument(help: "Reference translations, one a line.", completion: .file())
    var reference: String

    func validate() throws {
        guard (0...10_000).contains(draws) else {
            throw ValidationError("--draws must be 0 to 10000.")
        }
        guard maxLoss >= 0, maxLoss.isFinite else {
            throw ValidationError("--max-loss must be 0 or more.")
        }
        guard !setDefault || policy.hasProfiles else {
            let takers = ExitPolicy.names(joinedBy: "or", where: \.takesProfile)
            throw ValidationError(
                "--set-default goes with --policy \(takers): \(policy.rawValue) always has a default."
            )
        }
    }

    func run() throws {
        try Failure.reporting {
            try model.requireNamed(where: !dryRun)
            let model = try model.loadForTexts()
            guard model.tokenizer.targetPrefix.isEmpty else {
                throw Failure(
                    "\(model.id): outputs that begin with a forced token are not calibrated",
                    code: EX_DATAERR)
            }
            try requireThresholds(model)
            if !dryRun { try requireWritable(model.checkpoint.directory) }
            let text = try ParallelText(source, reference)
            let report = CalibrationReport(json: json)
            let settled = try Failure.placing(at: source, model) {
                try settle(model, ValidationSet(text, model), try segments(model), report)
            }
            if !dryRun { try write(settled, model) }
            if let chosen = settled.chosen { report.choice(chosen, isWritten: !dryRun) }
        }
    }

    /// What the search came to, decoded once more without its memory.
    private struct Settled {
        let profiles: [CalibratedThresholds]
        let chosen: CalibratedThresholds?
    }

    private func settle(
        _ model: ServedModel, _ set: ValidationSet, _ segments: CostSegments,
        _ report: CalibrationReport
    ) throws -> Settled {
        let (measured, fullDepth) = try search(model, set, segments)
        let best = segments.best(of: measured).sorted { $0.key < $1.key }
        let candidates = policy.hasProfiles ? best.map(\.value) : measured
        let cheapest = CostSegments.cheapest(of: candidates, reaching: fullDepth - maxLoss)
        let translator = try CorpusTranslator(model, workers: Processors.available)
        var evaluator = PolicyEvaluator(translator, set.text)
        report.begin(
            try CalibratedThresholds(fullDepth: &evaluator, layerCount: model.layerCount))
        var profiles: [CalibratedThresholds] = []
        for (index, measurement) in best {
            let profile = try CalibratedThresholds(
                segments.name(index), measurement, policy, &evaluator)
            profiles.append(profile)
            report.row(profile)
        }
        report.summary(measured, draws: draws, sentences: set.text.sources.count)
        guard !policy.hasProfiles || setDefault else {
            return Settled(profiles: profiles, chosen: nil)
        }
        guard let cheapest else {
            throw Failure(
                "no draw comes within \(maxLoss) BLEU of full depth; exits.json is unchanged",
                code: EXIT_FAILURE)
        }
        let chosen =
            try profiles.first { $0.thresholds == cheapest.thresholds }
            ?? CalibratedThresholds("default", cheapest, policy, &evaluator)
        return Settled(profiles: profiles, chosen: chosen)
    }

    private func search(
        _ model: ServedModel, _ set: ValidationSet, _ segments: CostSegments
    ) throws -> (measured: [Measurement], fullDepth: Double) {
        var options = ThresholdSearch.Options(layerCount: model.layerCount)
        options.draws = draws
        options.seed = seed
        options.maximumLayer = maxLayer ?? model.layerCount
        let finding = ThresholdFinding(policy: policy, segments: segments, options: options)
        return try finding.run(model, set, workers: Processors.available, whenTraced: warnIfPoor)
    }

    /// BLEU of full depth below which a search says nothing of a model.
    private static let poorBLEU = 5.0

    /// Says before a long search that it can come to nothing.
    private func warnIfPoor(_ bleu: Double) {
        guard bleu < Self.poorBLEU else { return }
        writeMessage(
            "full depth has BLEU \(fixed(bleu, 2)) on these files, so thresholds chosen on them mean "
                + "nothing: is the model trained, and are files and languages the right ones?")
    }

    /// Ends the command before a long search whose result could not be kept.
    private func requireWritable(_ directory: String) throws {
        guard access(directory, W_OK | X_OK) == 0 else {
            throw Failure(
                "\(directory): cannot write exits.json: \(String(cString: strerror(errno)))",
                code: EX_CANTCREAT)
        }
    }

    private func write(_ settled: Settled, _ model: ServedModel) throws {
        try model.changeExits { exits, file in
            if policy.hasProfiles {
                exits.profiles = settled.profiles.map(\.profile)
                file.takeProfiles(of: policy.policy, from: exits)
            }
            if let chosen = settled.chosen {
                exits.thresholds[policy.policy] = chosen.thresholds
                file.takeThresholds(of: policy.policy, from: exits)
            }
        }
    }

    private func requireThresholds(_ model: ServedModel) throws {
        guard model.layerCount > 1 else {
            throw Failure("\(model.id) has one decoder layer: no exit to choose", code: EX_DATAERR)
        }
        try model.requireHead(of: policy.policy)
        guard (1...model.layerCount).contains(maxLayer ?? 1) else {
            throw ValidationError("--max-layer must be 1 to \(model.layerCount).")
        }
    }

    private func segments(_ model: ServedModel) throws -> CostSegments {
        let parts = segments?.split(separator: ",", omittingEmptySubsequences: false)
        let bounds = parts?.map { Double($0.filter { $0 != " " }) ?? .nan }
        guard let segments = CostSegments(bounds: bounds, layerCount: model.layerCount) else {
            throw ValidationError(
                "--segments takes numbers above 1 and up to \(model.layerCount), with commas between."
            )
        }
        return segments
    }
}
