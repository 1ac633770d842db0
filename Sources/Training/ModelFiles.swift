public import Checkpoint
import JSON
import System
import Tensor
public import TensorTraining

/// What a checkpoint holds beside its weights, and the writing of both.
public struct ModelFiles: Sendable {
    /// config.json.
    public var configuration: [UInt8]
    /// vocab.json.
    public var vocabulary: [UInt8]
    /// tokenizer_config.json.
    public var tokenizer: [UInt8]
    /// source.spm.
    public var sourceModel: [UInt8]
    /// target.spm.
    public var targetModel: [UInt8]
    /// exits.json.
    public var exits: ExitsConfiguration
    /// truecase.txt; nil: none.
    public let truecaser: TruecaseModel?

    /// All seven.
    public init(
        configuration: [UInt8], vocabulary: [UInt8], tokenizer: [UInt8],
        models: (source: [UInt8], target: [UInt8]), exits: ExitsConfiguration,
        truecaser: TruecaseModel? = nil
    ) {
        self.configuration = configuration
        self.vocabulary = vocabulary
        self.tokenizer = tokenizer
        sourceModel = models.source
        targetModel = models.target
        self.exits = exits
        self.truecaser = truecaser
    }

    /// Writes a checkpoint directory (checkpoint-format.md); nobody ever sees a part of it.
    ///
    /// - Parameters:
    ///   - parameters: of `network`, or as many others.
    ///   - network: says what they are.
    ///   - directory: made, or replaced as a whole; files in it that are not a checkpoint's stay.
    /// - Throws: `CheckpointError` with the file and the system's reason.
    public func write(
        _ parameters: ParameterVector, of network: TrainableNetwork, to directory: String
    ) throws(CheckpointError) {
        var output = try CheckpointError.converting { () throws(FileError) in
            try AtomicDirectory(replacing: directory, files: Checkpoint.fileNames)
        }
        try write(parameters, of: network, into: output.path)
        try CheckpointError.converting { () throws(FileError) in try output.commit() }
    }

    /// Writes the files into a directory that is empty.
    private func write(
        _ parameters: ParameterVector, of network: TrainableNetwork, into path: String
    ) throws(CheckpointError) {
        for (name, bytes) in contents {
            try CheckpointError.converting { () throws(FileError) in
                try AtomicFile.write(bytes, to: "\(path)/\(name)")
            }
        }
        let (model, exits) = tensors(parameters, network)
        try SafetensorsWriter.write(
            model, metadata: ["format": "pt"], to: "model.safetensors", in: path)
        guard !exits.isEmpty else { return }
        try SafetensorsWriter.write(exits, to: "exits.safetensors", in: path)
    }

    /// The files but the weights.
    private var contents: [(name: String, bytes: [UInt8])] {
        let contents = [
            ("config.json", configuration), ("vocab.json", vocabulary),
            ("tokenizer_config.json", tokenizer), ("source.spm", sourceModel),
            ("target.spm", targetModel),
            ("exits.json", JSON.serialize(.object(exits.json), style: .pretty)),
        ]
        guard let truecaser else { return contents }
        return contents + [(Checkpoint.truecaserFile, Array(truecaser.text.utf8))]
    }

    /// The first file of a checkpoint directory, weights aside, whose bytes are not those of `write`.
    ///
    /// - Returns: its name; nil where all are the same or the directory is not there.
    func firstDifference(in directory: String) -> String? {
        contents.first { name, bytes in
            !RegularFile.isAbsent("\(directory)/\(name)")
                && (try? RegularFile.bytes("\(directory)/\(name)", limit: bytes.count)) != bytes
        }?.name
    }

    /// Whether a checkpoint directory has all files of `write`, whatever they hold.
    func areWhole(in directory: String) -> Bool {
        (contents.map(\.name) + ["model.safetensors"])
            .allSatisfy { !RegularFile.isAbsent("\(directory)/\($0)") }
    }

    private func tensors(
        _ parameters: ParameterVector, _ network: TrainableNetwork
    ) -> (model: [SafetensorsWriter.Tensor], exits: [SafetensorsWriter.Tensor]) {
        func tensor(_ entry: ParameterLayout.Entry, as name: String) -> SafetensorsWriter.Tensor {
            SafetensorsWriter.Tensor(name: name, shape: entry.shape) {
                (body) throws(CheckpointError) in
                try parameters.withValues(entry.range, body)
            }
        }
        let entries = network.layout.entries
        let model = entries.filter { !$0.isExit }.map { tensor($0, as: $0.name) }
        var exits = entries.filter(\.isExit).map { tensor($0, as: $0.name) }
        if network.hasSeparateClassifiers {
            // All N or none (checkpoint-format.md): the last one is the model's own.
            let last = "exits.classifiers.\(network.configuration.decoder.layers - 1)"
            exits.append(tensor(network.layout.entry("model.shared.weight"), as: last + ".weight"))
            let bias = network.layout.entry("final_logits_bias")
            exits.append(
                SafetensorsWriter.Tensor(
                    name: last + ".bias", shape: [bias.range.count]
                ) { (body) throws(CheckpointError) in
                    try parameters.withValues(bias.range, body)
                })
        }
        return (model, exits)
    }
}
