import JSON

/// A checkpoint directory, read and checked: configuration, vocabularies, exits, weights.
///
/// Loading runs nothing from the directory and reads no pickle. Weights stay on disk until they
/// are asked for, tensor by tensor; whoever builds the model thereby checks that all are there.
public struct Checkpoint: Sendable {
    /// A file of the directory that the checkpoint was made from.
    public struct File: Sendable, Equatable {
        /// Its name in the directory.
        public let name: String
        /// Its size in bytes when it was opened.
        public let byteCount: Int
    }

    /// The directory, as it was given.
    public let directory: String
    /// The files that were read, by name; what a checksum of the model has to cover.
    public let files: [File]
    /// config.json with the banned ids of generation_config.json.
    public let configuration: ModelConfiguration
    /// tokenizer_config.json, or its defaults.
    public let tokenizer: TokenizerConfiguration
    /// vocab.json.
    public let sourceVocabulary: Vocabulary
    /// target_vocab.json where `separate_vocabs` is set, else vocab.json.
    public let targetVocabulary: Vocabulary
    /// exits.json, or its defaults.
    public let exits: ExitsConfiguration
    /// model.safetensors.
    public let weights: Safetensors
    /// exits.safetensors, nil where there is none.
    public let exitHeads: Safetensors?
    /// The bytes of source.spm, unparsed.
    public let sourceModel: [UInt8]
    /// The bytes of target.spm, unparsed.
    public let targetModel: [UInt8]

    /// Reads a directory.
    ///
    /// - Parameter directory: a path without a trailing slash, absolute or relative.
    /// - Throws: the first fault, with file, tensor or key, what was found and what is expected.
    public init(directory: String) throws(CheckpointError) {
        var reader = DirectoryReader(directory: directory)
        try reader.refuseOtherFormats()
        let configuration = try ModelConfiguration(
            config: try reader.object("config.json"),
            generation: try reader.optionalObject("generation_config.json"))
        tokenizer = try TokenizerConfiguration(reader.optionalObject("tokenizer_config.json"))
        let source = try reader.object("vocab.json")
        sourceVocabulary = try Vocabulary(
            source, file: "vocab.json", size: configuration.sourceVocabularySize)
        if tokenizer.separateVocabularies {
            targetVocabulary = try Vocabulary(
                reader.object("target_vocab.json"), file: "target_vocab.json",
                size: configuration.targetVocabularySize)
        } else if configuration.targetVocabularySize == configuration.sourceVocabularySize {
            targetVocabulary = sourceVocabulary
        } else {
            targetVocabulary = try Vocabulary(
                source, file: "vocab.json", size: configuration.targetVocabularySize)
        }
        sourceModel = try reader.bytes("source.spm")
        targetModel = try reader.bytes("target.spm")
        weights = try reader.safetensors("model.safetensors")
        exits = try ExitsConfiguration(
            reader.optionalObject("exits.json"), decoderLayers: configuration.decoder.layers)
        exitHeads = try reader.optionalSafetensors(Self.exitHeadsFile)
        self.configuration = configuration
        self.directory = directory
        files = reader.files
    }

    /// The names of all files that a checkpoint directory can hold: whoever writes another checkpoint in
    /// its place replaces these and nothing else.
    public static let fileNames: Set<String> = [
        "config.json", "generation_config.json", "tokenizer_config.json", "vocab.json",
        "target_vocab.json", "source.spm", "target.spm", "model.safetensors", "exits.json",
        exitHeadsFile,
    ]

    static let exitHeadsFile = "exits.safetensors"

    /// Copies a tensor of exits.safetensors out as fp32.
    ///
    /// - Parameters:
    ///   - name: the tensor's name, for example `exits.sequence.weight`.
    ///   - shape: the dimensions that it has to have, exactly.
    /// - Returns: product(shape) finite values.
    /// - Throws: `fileMissing` where the checkpoint has no exits.safetensors, else as
    ///   `Safetensors.floats(named:shape:)`.
    public func exitHead(named name: String, shape: [Int]) throws(CheckpointError) -> [Float] {
        guard let exitHeads else {
            throw CheckpointError(
                .fileMissing, file: Self.exitHeadsFile, subject: name, found: "no such file",
                expected: "a checkpoint with trained exit heads")
        }
        return try exitHeads.floats(named: name, shape: shape)
    }
}
