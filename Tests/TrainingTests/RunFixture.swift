import Checkpoint
import Glibc
import JSON
import Tensor
import TensorTraining
import TestSupport
import Testing
import Training
import TranslationModel

/// A training of a tiny network in a directory that is removed afterwards, begun as often as wanted.
final class RunFixture {
    /// What the run has told.
    private(set) var events: [TrainingRun.Event] = []
    /// The network of the latest start.
    private(set) var network: TrainableNetwork?
    var options: TrainingRun.Options
    var training = Tiny.options(steps: 13)
    var variant: Tiny.Variant
    var corpus = Tiny.copies(40)
    let validation = Tiny.copies(6, seed: 9)
    private let parent: TemporaryDirectory

    /// Intervals that fall on each other at some steps and not at others.
    init(_ variant: Tiny.Variant = Tiny.Variant()) throws {
        self.variant = variant
        parent = try TemporaryDirectory()
        options = TrainingRun.Options(directory: parent.path + "/run")
        options.validationInterval = 4
        options.averaged = 2
        options.saveInterval = 5
        options.logInterval = 3
        options.settings = "steps: 13\nmodel.width: 16\n"
    }

    deinit {
        for name in ["run/model", "run"] {
            for file in files(name) where file != "model" {
                unlink("\(parent.path)/\(name)/\(file)")
            }
            rmdir("\(parent.path)/\(name)")
        }
    }

    /// The checkpoint's files but its weights.
    private func modelFiles() throws -> ModelFiles {
        var writing = CheckpointWriter.Options()
        writing.vocabularySize = Tiny.vocabularySize
        writing.activation = variant.activation
        writing.sharedLayers = variant.sharedLayers
        writing.normalizesBefore = variant.norms == .beforeBlock
        let contents = CheckpointWriter(writing).contents
        var exits = ExitsConfiguration(decoderLayers: 3)
        exits.decoderTraining = .aligned
        exits.classifiers = variant.separateClassifiers ? .separate : .shared
        return ModelFiles(
            configuration: contents["config.json"] ?? [],
            vocabulary: contents["vocab.json"] ?? [],
            tokenizer: contents["tokenizer_config.json"] ?? [],
            models: (contents["source.spm"] ?? [], contents["target.spm"] ?? []), exits: exits)
    }

    /// Starts, and ends after a step or at the last one.
    ///
    /// - Parameters:
    ///   - resuming: whether to go on with what is there.
    ///   - last: step after which the run is interrupted.
    ///   - killed: step after which the run dies without saving anything.
    /// - Returns: the trainer behind the run.
    /// - Throws: what the run throws.
    @discardableResult
    func run(resuming: Bool = false, last: Int? = nil, killed: Int? = nil) throws -> Trainer {
        let network = try Tiny.network(variant)
        self.network = network
        let trainer = try Trainer(network, training, corpus: corpus)
        var time = 0.0
        let run = try TrainingRun(
            trainer, validation: validation, files: modelFiles(), options: options,
            resuming: resuming
        ) {
            time += 0.5
            return time
        }
        if let killed {
            // A step that diverges ends the run without a save, as a killed process would.
            let fails = {
                if trainer.position.step == killed {
                    network.parameters[0] = .nan
                    network.repack()
                }
                return false
            }
            try run.run(isInterrupted: fails, report: { events.append($0) })
        } else {
            try run.run(
                isInterrupted: { trainer.position.step == last }, report: { events.append($0) })
        }
        return trainer
    }

    /// Names of files in a directory, sorted.
    func files(_ name: String = "run") -> [String] {
        guard let stream = opendir("\(parent.path)/\(name)") else { return [] }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            names.append(
                withUnsafeBytes(of: entry.pointee.d_name) { bytes in
                    String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
                })
        }
        return names.filter { !$0.hasPrefix(".") }.sorted()
    }

    /// The lines of the log about some events, without what a clock says.
    func log(_ events: Set<String> = ["step", "validation"]) throws -> [JSONObject] {
        try lines().map { line in
            JSONObject(
                line.members.filter { !["seconds", "tokens_per_second"].contains($0.name) })
        }.filter { events.contains($0["event"]?.stringValue ?? "") }
    }

    /// All lines of the log.
    func lines() throws -> [JSONObject] {
        let file = try #require(fopen(options.directory + "/log.jsonl", "r"))
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 1 << 16)
        let count = fread(&bytes, 1, bytes.count, file)
        #expect(bytes[..<count].last == UInt8(ascii: "\n"))
        return try bytes[..<count].split(separator: UInt8(ascii: "\n")).map { line in
            try #require(try JSON.parse(Array(line)).objectValue)
        }
    }

    /// The checkpoint that the run wrote.
    func checkpoint() throws -> Checkpoint {
        try Checkpoint(directory: options.directory + "/model")
    }

    /// The parameters of the state on disk.
    func state() throws -> [UInt32] {
        let state = try Weights(safetensors: "state.safetensors", in: options.directory)
        let count = try #require(network?.layout.count)
        return try ["parameters", "first_moment", "second_moment"].flatMap {
            try state.floats(named: $0, shape: [count]).map(\.bitPattern)
        }
    }
}
