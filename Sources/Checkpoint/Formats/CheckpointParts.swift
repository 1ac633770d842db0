import JSON

/// What every format is read as: the parts of a directory in the canonical form (checkpoint-format.md).
struct CheckpointParts {
    /// config.json, with generation_config.json where there is one, read and checked.
    let configuration: ModelConfiguration
    /// The object that `configuration` was read from.
    let settings: JSONObject
    /// tokenizer_config.json.
    let tokenizer: TokenizerConfiguration
    /// The ids of source pieces.
    let sourceVocabulary: Vocabulary
    /// The ids of target pieces.
    let targetVocabulary: Vocabulary
    /// A SentencePiece model for each side.
    let models: (source: [UInt8], target: [UInt8])
    /// Tensors under their canonical names.
    let weights: Weights
}

extension CheckpointParts {
    /// Reads a directory in whatever format it has.
    init(_ reader: inout DirectoryReader) throws(CheckpointError) {
        if let file = try reader.marianModel() {
            self = try MarianModel(file, &reader).parts()
        } else {
            self = try Self.canonical(&reader)
        }
    }

    /// A directory as Hugging Face has it.
    private static func canonical(
        _ reader: inout DirectoryReader
    ) throws(CheckpointError) -> CheckpointParts {
        try reader.requireDirectory()
        let settings = try reader.settings("config.json")
        let configuration = try ModelConfiguration(
            config: settings, generation: try reader.optionalSettings("generation_config.json"))
        let tokenizer = try TokenizerConfiguration(
            reader.optionalSettings("tokenizer_config.json"))
        try reader.refuseOtherTokenizers()
        let source = try reader.vocabulary("vocab.json")
        let specials: Vocabulary.Specials =
            configuration.padID == nil ? .withoutPadding : Vocabulary.Specials()
        let sourceVocabulary = try Vocabulary(
            source, file: "vocab.json", size: configuration.sourceVocabularySize,
            specials: specials)
        let targetVocabulary: Vocabulary
        if tokenizer.separateVocabularies {
            targetVocabulary = try Vocabulary(
                reader.vocabulary("target_vocab.json"), file: "target_vocab.json",
                size: configuration.targetVocabularySize, specials: specials)
        } else if configuration.targetVocabularySize == configuration.sourceVocabularySize {
            targetVocabulary = sourceVocabulary
        } else {
            targetVocabulary = try Vocabulary(
                source, file: "vocab.json", size: configuration.targetVocabularySize,
                specials: specials)
        }
        return CheckpointParts(
            configuration: configuration, settings: settings, tokenizer: tokenizer,
            sourceVocabulary: sourceVocabulary, targetVocabulary: targetVocabulary,
            models: (try reader.model("source.spm"), try reader.model("target.spm")),
            weights: try reader.weights())
    }
}
