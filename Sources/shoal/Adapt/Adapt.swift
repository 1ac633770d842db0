import Adaptation
import ArgumentParser
import Checkpoint
import Configuration
import Decoding
import Glibc
import System
import Tensor
import Tokenization
import Training
import TranslationModel
import TranslationService

/// The command `shoal adapt`.
struct Adapt: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Give an ordinary checkpoint exits, from plain source text.",
        discussion: """
            The network stays as it is, so full depth gives the same output to the bit. The text is translated at \
            full depth; each lower exit gets an adapter that learns to say what the last exit says, and a head that \
            learns whether it does. A side branch of one decoder layer beside the network learns the same: it drafts \
            for the policy speculative, and is exit 0. Then the heads that align, thresholds and what drafts best are searched, rules are \
            certified on sentences that nothing was chosen on (docs/guarantees.md), and the new checkpoint is \
            measured, its time too. No translations are needed; some thousand sentences of the kind that will be \
            translated are enough.

            --output receives the new checkpoint: exits.json and exits.safetensors are new, every other file is the \
            same. OUTPUT.adapt keeps what --resume goes on from; delete it when you are done. Ctrl-C saves and writes \
            what was fitted so far.

            Examples:
              shoal adapt --model opus-de-en --text news.de --output opus-de-en-exits
              shoal adapt --model opus-de-en --text news.de --validation dev.de dev.en --output adapted --minutes 30
            """)

    @OptionGroup var model: ModelOption

    @Option(
        name: .long,
        help: "Source sentences, one a line, plain or gzip; blank and repeated lines are left out.",
        completion: .file())
    var text: String

    @Option(name: .long, help: "Directory of the new checkpoint.", completion: .directory)
    var output: String

    @Option(
        name: .long, parsing: .upToNextOption,
        help: ArgumentHelp(
            "Sentences to choose thresholds on and to measure, and their translations where there are some "
                + "(default: a tenth of the text, at most 1000, against full depth's own translations).",
            valueName: "source> <reference"),
        completion: .file())
    var validation: [String] = []

    @Option(
        name: .long,
        help:
            "Minutes for translating, fitting, finding heads, certifying and timing; the search for thresholds comes on top."
    )
    var minutes: Double?

    @Option(name: .long, help: "The last step of the adapters' fit, 1 to 1000000.")
    var steps = 4000

    @Option(name: .long, help: "Decoder layers of the side branch, 0 to 2; 0: none.")
    var branchLayers = 1

    @Option(name: .long, help: "The last step of the side branch's fit, 1 to 1000000.")
    var branchSteps = 8000

    @Option(name: .long, help: "Take the first so many sentences of the text, 20 to 10000000.")
    var limit = 50_000

    @Option(name: .long, help: "The highest learning rate, above 0 and up to 1.")
    var rate = 0.002

    @Option(
        name: .long, help: "The same seed gives the same order of sentences and the same draws.")
    var seed: UInt64 = 1

    @Option(
        name: .long,
        help: "Random thresholds to decode for each policy, 0 to 10000.")
    var draws = 200

    @Option(
        name: .long,
        help:
            "BLEU that default thresholds may lose (default: 0.3 against translations, 3 against full depth's own)."
    )
    var maxLoss: Double?

    @Flag(name: .long, help: "Stop behind the fit: search no thresholds and measure nothing.")
    var noThresholds = false

    @Flag(name: .long, help: "Find no heads that align.")
    var noAlignment = false

    @Flag(name: .long, help: "Certify no rules, and learn from the sentences that would test them.")
    var noCertificates = false

    @Flag(name: .long, help: "Do not measure what policies take of full depth's time.")
    var noTimes = false

    @OptionGroup var compute: ComputeFlags

    @Flag(name: .long, help: "Go on with the run of the output.")
    var resume = false

    func validate() throws {
        guard !output.isEmpty else { throw ValidationError("--output must name a directory.") }
        guard validation.count <= 2 else {
            throw ValidationError("--validation takes one file, or two: sources and translations.")
        }
        guard minutes.map({ $0 > 0 && $0 <= 100_000 }) ?? true else {
            throw ValidationError("--minutes must be above 0 and at most 100000.")
        }
        guard (1...1_000_000).contains(steps) else {
            throw ValidationError("--steps must be 1 to 1000000.")
        }
        guard (1...1_000_000).contains(branchSteps) else {
            throw ValidationError("--branch-steps must be 1 to 1000000.")
        }
        guard (0...2).contains(branchLayers) else {
            throw ValidationError("--branch-layers must be 0 to 2.")
        }
        guard (AdaptText.fewest...10_000_000).contains(limit) else {
            throw ValidationError("--limit must be \(AdaptText.fewest) to 10000000.")
        }
        guard rate > 0, rate <= 1 else {
            throw ValidationError("--rate must be above 0 and at most 1.")
        }
        guard (0...10_000).contains(draws) else {
            throw ValidationError("--draws must be 0 to 10000.")
        }
        guard maxLoss.map({ $0 >= 0 && $0.isFinite }) ?? true else {
            throw ValidationError("--max-loss must be 0 or more.")
        }
    }

    func run() throws {
        try Failure.reporting {
            compute.lowerPriority()
            try model.requireNamed(where: true)
            let place = output.hasSuffix("/") ? String(output.dropLast()) : output
            let directory = place + ".adapt"
            try converting {
                try AdaptationRun.check(directory, resuming: resume)
                try requireFree(place)
            }
            let signals = InterruptSignals(Self.notices)
            let served = try model.loadForTexts()
            try requireAdaptable(served)
            let sentences = try AdaptText(
                text, validation: validation, limit: limit, seed: seed,
                fewestFresh: noCertificates ? nil : AdaptCertificates.fewest, served)
            if sentences.tooLong > 0 {
                writeMessage("left out as too long: \(sentences.tooLong) sentences")
            }
            let outcome = try converting { try fit(served, sentences, directory, signals) }
            guard let outcome else {
                writeMessage("interrupted before the first step; --resume goes on")
                throw ExitCode(130)
            }
            try converting {
                try served.checkpoint.writeExits(
                    exits(of: served), outcome.tensors, to: place)
            }
            signals.savingEnds()
            guard outcome.end != .interrupted, !signals.isRaised else { throw ExitCode(130) }
            guard !noThresholds else { return }
            guard served.tokenizer.targetPrefix.isEmpty else {
                return writeMessage(
                    "\(served.id): outputs begin with a forced token, so thresholds and drafts keep their "
                        + "defaults")
            }
            var adapted = model
            adapted.model = place
            let new = try adapted.loadForTexts()
            if findsHeads(of: served) {
                let heads = AdaptHeads(
                    model: new, sources: sentences.training, outputs: outcome.outputs)
                try heads.run(seconds: partSeconds)
            }
            let measuring = AdaptMeasuring(
                original: served, adapted: new, sentences,
                workers: compute.threads)
            var options = AdaptMeasuring.Options(
                maxLoss: maxLoss ?? (sentences.references == nil ? 3 : 0.3))
            options.draws = draws
            options.seed = seed
            options.certifies = !noCertificates
            options.takesTimes = !noTimes
            options.partSeconds = partSeconds
            try measuring.run(options)
        }
    }

    /// Whether heads are to be found: a checkpoint that names some keeps them.
    private func findsHeads(of served: ServedModel) -> Bool {
        !noAlignment && served.checkpoint.exits.alignmentHeads == nil
    }

    /// Of the minutes, what finding heads, certifying and timing have, each.
    private static let partShare = 0.1

    private var partSeconds: Double? { minutes.map { $0 * 60 * Self.partShare } }

    /// Of the minutes, what is left for translating and fitting, in seconds.
    private func fitSeconds(_ served: ServedModel) -> Double? {
        let parts = [findsHeads(of: served), !noCertificates, !noTimes].count { $0 }
        let share = noThresholds ? 0 : Double(parts) * Self.partShare
        return minutes.map { $0 * 60 * (1 - share) }
    }

    private static let notices = InterruptSignals.Notices(
        before: "interrupted before anything was done",
        unsaved: "not saved; --resume goes on from the last save",
        after: "interrupted; the new checkpoint is written, without what was not yet found: "
            + "--resume finds it")

    private func fit(
        _ served: ServedModel, _ sentences: AdaptText, _ directory: String,
        _ signals: InterruptSignals
    ) throws -> AdaptationRun.Outcome? {
        var options = AdaptationRun.Options(directory: directory)
        options.steps = steps
        options.seconds = fitSeconds(served)
        options.branchLayers = branch(of: served)
        options.branchSteps = branchSteps
        options.rate = rate
        options.seed = seed
        options.threads = compute.threads
        options.settings =
            sentences.settings + """
                model: \(served.networkChecksum)
                languages: \(served.languages.source ?? "?") \(served.languages.target ?? "?")
                precision: \(served.network.precision.rawValue)
                rate: \(rate)
                branch_layers: \(options.branchLayers)

                """
        let encode = served.tokenizer.encode
        let run = try AdaptationRun(
            served.network, of: served.checkpoint,
            sources: (sentences.training.map(encode), sentences.held.map(encode)),
            prefix: served.tokenizer.targetPrefix, options: options, resuming: resume,
            clock: monotonicSeconds)
        let deadline = options.seconds.map { monotonicSeconds() + $0 }
        let progress = AdaptProgress(
            steps: [.adapters: steps, .branch: branchSteps], deadline: deadline)
        signals.trainingBegins()
        return try run.run(isInterrupted: { signals.isRaised }, report: progress.show)
    }

    /// Layers of the side branch: fewer than the network's, and none where its layers do not attend.
    private func branch(of served: ServedModel) -> Int {
        let c = served.checkpoint.configuration
        guard branchLayers > 0, !TrainableBranch.canStand(beside: c) else {
            return min(branchLayers, c.decoder.layers - 1)
        }
        writeMessage("\(served.id) has recurrent decoder layers: it gets no side branch")
        return 0
    }

    /// What exits.json says of the new checkpoint before anything is searched.
    private func exits(of served: ServedModel) -> ExitsConfiguration {
        var exits = ExitsConfiguration(decoderLayers: served.layerCount)
        exits.decoderTraining = .adapted
        exits.heads[.tokenGeometric] = .init(oracle: .agreement)
        exits.alignmentHeads = served.checkpoint.exits.alignmentHeads
        let old = served.checkpoint.exits.defaultPolicy
        exits.defaultPolicy = old.head == nil ? old : .full
        return exits
    }

    /// Refuses a place that has something which no run of this command made.
    private func requireFree(_ place: String) throws(CheckpointError) {
        guard !resume, !RegularFile.isAbsent(place) else { return }
        throw CheckpointError(
            .outOfRange, file: place, found: "something that is there already",
            expected: "another --output, or --resume for the output of an earlier run")
    }

    private func requireAdaptable(_ served: ServedModel) throws {
        let exits = served.checkpoint.exits
        guard served.layerCount > 1 else {
            throw Failure(
                "\(served.id) has one decoder layer: there is no exit below the last",
                code: EX_DATAERR)
        }
        switch exits.decoderTraining {
        case .aligned, .mixed:
            throw Failure(
                "\(served.id) was trained with exits: its own are better than adapters; shoal calibrate "
                    + "and shoal draft find their settings", code: EX_DATAERR)
        case .baseline, .adapted, nil: break
        }
        guard exits.classifiers == .shared else {
            throw Failure(
                "\(served.id) has a classifier of its own for each exit, which adapters do not fit; "
                    + "shoal calibrate and shoal draft find settings of those", code: EX_DATAERR)
        }
        try converting { try served.checkpoint.requireOwnDirectory() }
    }

    /// Runs `body` and gives its errors exit codes.
    private func converting<Value>(_ body: () throws -> Value) throws -> Value {
        do {
            return try body()
        } catch let error as CheckpointError {
            let code =
                switch error.code {
                case .fileUnwritable: EX_CANTCREAT
                case .fileMissing: EX_NOINPUT
                case .outOfRange: EX_CONFIGURATION
                default: EX_DATAERR
                }
            throw Failure("\(error)", code: code)
        } catch let error as AdaptationError {
            throw Failure("\(error)", code: EX_DATAERR)
        } catch let error as DecodingError {
            throw Failure("\(error)", code: EX_SOFTWARE)
        }
    }
}
