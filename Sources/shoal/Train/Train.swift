import ArgumentParser
import Checkpoint
import Configuration
import Glibc
import System
import Tensor
import TensorTraining
import Training
import TranslationModel
import TranslationService

/// The command `shoal train`.
struct Train: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Train a depth-adaptive checkpoint.",
        discussion: """
            CONFIG is a YAML file with the keys below; --set changes single keys. The directory of \
            --output receives the checkpoint (model), the log (log.jsonl, for shoal plot) and the state \
            from which --resume goes on. Ctrl-C saves the state and writes the checkpoint so far.

            \(Setting<TrainingSettings>.all.map(describe).joined(separator: "\n"))

            Examples:
              shoal train config/training/multi30k.yaml --output runs/de-en
              shoal train config/training/multi30k.yaml --output runs/de-en --resume
              shoal train config/training/heads.yaml --init runs/de-en/model --output runs/heads
            """)

    @Argument(help: "Settings in YAML.", completion: .file(extensions: ["yaml", "yml"]))
    var config: String

    @Option(name: .long, help: "Directory of the run.", completion: .directory)
    var output: String

    @Flag(name: .long, help: "Go on with the run in the directory.")
    var resume = false

    @Flag(
        name: .long,
        help: "Replace the run's model even where it was changed, by calibrate for example.")
    var replaceModel = false

    @Option(
        name: .customLong("init"), help: "Checkpoint to start from (the key init).",
        completion: .directory)
    var start: String?

    @Option(name: .long, help: "The last step (the key steps).")
    var steps: Int?

    @OptionGroup var compute: ComputeFlags

    @Option(
        name: .customLong("set"), help: ArgumentHelp("A key and its value.", valueName: "key=value")
    )
    var changes: [String] = []

    private static func describe(_ setting: Setting<TrainingSettings>) -> String {
        let value = setting.read(TrainingSettings())
        let range = setting.range + (value.isEmpty ? "" : "; default: \(value)")
        return "  \(setting.key)\n      \(setting.help) (\(range))"
    }

    func validate() throws {
        guard !output.isEmpty else { throw ValidationError("--output must name a directory") }
    }

    func run() throws {
        try Failure.reporting {
            compute.lowerPriority()
            var settings = try settings()
            settings.trainer.threads = compute.threads
            // What needs no text is refused before any is read.
            let options = try settings.trainerOptions()
            try TrainingData.checkSizes(settings)
            if settings.startFrom.isEmpty {
                try checkSampling(options.objective, settings.model.sizes.decoderLayers)
            }
            do throws(CheckpointError) {
                try TrainingRun.check(output, resuming: resume)
            } catch {
                throw Failure("\(error)", code: error.exitCode)
            }
            let signals = InterruptSignals()
            let store = VocabularyStore(directory: output, isResumed: resume)
            let data = try TrainingData(settings, store) { writeError("shoal: \($0)\n") }
            for (name, left, kept) in [
                ("training", data.leftOut.training, data.training.count),
                ("validation", data.leftOut.validation, data.validation.count),
            ] where left > 0 {
                writeError("shoal: left out as too long: \(left) of \(kept + left) \(name) pairs\n")
            }
            try checkSampling(options.objective, data.configuration.decoder.layers)
            let network = try network(settings, data, options.objective)
            var runOptions = settings.run
            runOptions.directory = output
            runOptions.patience = settings.patience > 0 ? settings.patience : nil
            runOptions.settings = settings.bound(to: data.contents)
            runOptions.replacesModel = replaceModel
            do {
                let trainer = try Trainer(network, options, corpus: data.training)
                let run = try TrainingRun(
                    trainer, validation: data.validation,
                    files: settings.files(data, options.objective), options: runOptions,
                    resuming: resume, clock: monotonicSeconds)
                let progress = TrainingProgress(steps: options.steps)
                signals.trainingBegins()
                try run.run(isInterrupted: { signals.isRaised }, report: progress.show)
                if signals.isRaised { throw ExitCode(130) }
            } catch let error as CheckpointError {
                throw Failure("\(error)", code: error.exitCode)
            } catch let error as TrainingError {
                throw Failure("\(error)", code: EX_DATAERR)
            }
        }
    }

    /// The file's settings, then those of the command line.
    private func settings() throws -> TrainingSettings {
        var settings = TrainingSettings()
        var values = try SettingsFile.values(config, of: Setting<TrainingSettings>.all)
        let named = [("init", start), ("steps", steps.map(String.init))]
        let given = named.compactMap { key, value in value.map { "\(key)=\($0)" } } + changes
        for change in given {
            let parts = change.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let known = Setting<TrainingSettings>.all
            guard let setting = known.first(where: { $0.key == parts[0] }) else {
                throw SettingsFile.unknown("key", String(parts[0]), among: known.map(\.key))
            }
            guard parts.count == 2 else {
                throw Failure("--set \(change) must be key=value", code: EX_USAGE)
            }
            values.append(.init(setting: setting, text: String(parts[1]), place: "command line"))
        }
        for value in values where !value.setting.write(&settings, value.text) {
            throw Failure(
                "\(value.setting.key) from \(value.place) must be \(value.setting.range); "
                    + "given \(value.text)", code: EX_CONFIGURATION)
        }
        let files =
            ["data.train.source", "data.train.target"]
            + ["data.validation.source", "data.validation.target"]
        for setting in Setting<TrainingSettings>.all
        where files.contains(setting.key) && setting.read(settings).isEmpty {
            throw Failure("\(config): \(setting.key) is missing", code: EX_CONFIGURATION)
        }
        return settings
    }

    /// Refuses heads for exits that would be others afterwards: a run writes no adapters and no side branch.
    private func requireNoAdapters(_ exits: Weights) throws {
        let parts = ["exits.adapters.", "exits.branch."]
        let names = exits.entries.lazy.map(\.name)
        guard let name = names.first(where: { name in parts.contains(where: name.hasPrefix) })
        else { return }
        throw Failure(
            "decoder.training: frozen does not keep adapters or a side branch (\(name)): start from the checkpoint that "
                + "was adapted, or run shoal adapt again, which trains stop heads, too",
            code: EX_CONFIGURATION)
    }

    private func checkSampling(_ objective: Objective, _ layers: Int) throws {
        do {
            try objective.checkSampling(layers: layers)
        } catch {
            throw Failure("decoder.sampled_exits: \(error)", code: EX_CONFIGURATION)
        }
    }

    private func network(
        _ settings: TrainingSettings, _ data: TrainingData, _ objective: Objective
    ) throws -> TrainableNetwork {
        var heads = Set(objective.heads.map(\.head))
        if objective.decoder == .frozen, let exits = data.start?.exitHeads {
            try requireNoAdapters(exits)
            // The network does not change, so what other heads have learnt stays true.
            heads.formUnion(
                ExitHead.allCases.filter { exits.contains($0.weightName) })
        }
        if heads.contains(.tokenGeometric), data.configuration.decoder.layers < 2 {
            throw Failure(
                "heads.token_geometric needs a decoder of at least 2 layers",
                code: EX_CONFIGURATION)
        }
        let isFrozen = objective.decoder == .frozen
        let classifiers = isFrozen ? data.start?.exits.classifiers : nil
        let separate = (classifiers ?? settings.model.classifiers) == .separate
        let network = TrainableNetwork(
            data.configuration, separateClassifiers: separate, heads: heads)
        network.initialize(seed: settings.trainer.seed, residualGain: settings.model.residualGain)
        if let start = data.start {
            do {
                try network.load(start.weights, exits: start.exitHeads)
            } catch {
                throw Failure("\(start.directory): \(error)", code: EX_DATAERR)
            }
        }
        return network
    }
}

extension TrainingSettings {
    /// What the trainer is told.
    fileprivate func trainerOptions() throws -> Trainer.Options {
        var options = trainer
        options.objective = objective
        options.objective.heads = heads.compactMap { head in
            head.oracle.map {
                .init(head: head.head, oracle: $0, lambda: head.lambda, sigma: head.sigma)
            }
        }
        options.objective.decoder =
            switch decoderTraining {
            case .aligned: .aligned(weights: exitWeights, gradientScaling: gradientScaling)
            case .mixed: .mixed(samples: mixedSamples)
            case .baseline: .baseline
            case .frozen: .frozen
            }
        if decoderTraining == .frozen {
            guard !startFrom.isEmpty, !options.objective.heads.isEmpty else {
                throw Failure(
                    "decoder.training: frozen needs init, a checkpoint, and a head with an oracle",
                    code: EX_CONFIGURATION)
            }
        }
        if let head = defaultPolicy.head,
            !options.objective.heads.contains(where: { $0.head == head })
        {
            throw Failure(
                "default_policy: \(defaultPolicy.rawValue) needs heads.\(head.rawValue).oracle",
                code: EX_CONFIGURATION)
        }
        if decoderTraining == .mixed, !options.objective.heads.isEmpty {
            throw Failure(
                "decoder.training: mixed trains no heads; fit them with frozen afterwards",
                code: EX_CONFIGURATION)
        }
        options.clipNorm = clipNorm > 0 ? clipNorm : nil
        options.adam.beta1 = Float(beta1)
        options.adam.beta2 = Float(beta2)
        options.adam.epsilon = Float(epsilon)
        options.adam.weightDecay = Float(weightDecay)
        return options
    }

    /// The checkpoint's files, with what exits.json says of the training.
    fileprivate func files(_ data: TrainingData, _ objective: Objective) -> ModelFiles {
        var files = data.files
        var exits =
            decoderTraining == .frozen
            ? files.exits : ExitsConfiguration(decoderLayers: data.configuration.decoder.layers)
        switch decoderTraining {
        case .aligned: exits.decoderTraining = .aligned
        case .mixed: exits.decoderTraining = .mixed
        case .baseline: exits.decoderTraining = .baseline
        case .frozen: break
        }
        if decoderTraining != .frozen { exits.classifiers = model.classifiers }
        for head in objective.heads {
            let smooths = head.oracle == .smoothedLikelihood || head.oracle == .smoothedCorrectness
            for policy in ExitPolicy.allCases where policy.head == head.head {
                exits.heads[policy] = .init(
                    oracle: head.oracle, lambda: head.lambda, sigma: smooths ? head.sigma : nil)
            }
        }
        exits.defaultPolicy = defaultPolicy
        files.exits = exits
        return files
    }
}

extension CheckpointError {
    /// What a run whose directory cannot be used ends with.
    fileprivate var exitCode: Int32 {
        switch code {
        case .fileMissing: EX_NOINPUT
        case .outOfRange: EX_CONFIGURATION
        default: EX_IOERR
        }
    }
}
