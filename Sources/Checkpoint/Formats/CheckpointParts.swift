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
    /// Whether the small files are those of the canonical form, byte for byte.
    var isCanonical = false
}

extension CheckpointParts {
    /// Reads a directory in whatever format it has.
    init(_ reader: inout DirectoryReader) throws(CheckpointError) {
        if let model = try reader.ctranslate2Model() {
            var model = try CTranslate2Model(model.file, &reader, folder: model.folder)
            self = try model.parts()
        } else if let file = try reader.marianModel() {
            self = try MarianModel(file, &reader).parts()
        } else {
            self = try Self.canonical(&reader)
        }
        try requirePieces(of: tokenizer.frame.sourcePrefix, in: sourceVocabulary)
        try requirePieces(of: tokenizer.frame.sourceSuffix, in: sourceVocabulary)
        try requirePieces(of: tokenizer.frame.targetPrefix, in: targetVocabulary)
    }

    /// Makes sure that what stands around texts is not silently the unknown piece.
    private func requirePieces(
        of slots: [TextFrame.Slot], in vocabulary: Vocabulary
    ) throws(CheckpointError) {
        for case .piece(let piece) in slots where vocabulary.id(of: piece) == nil {
            throw CheckpointError(
                .malformedVocabulary, file: "tokenizer_config.json", subject: piece,
                found: "no such piece", expected: "pieces of the vocabulary around texts")
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
        let tokenizer = try reader.optionalSettings("tokenizer_config.json")
        if !reader.holds("source.spm"), reader.holds(MultilingualTokenizer.modelFile) {
            let many = try MultilingualTokenizer(&reader, configuration, tokenizer)
            return CheckpointParts(
                configuration: configuration, settings: settings,
                tokenizer: try TokenizerConfiguration(tokenizer, kind: many.kind),
                sourceVocabulary: many.vocabulary, targetVocabulary: many.vocabulary,
                models: (many.model, many.model), weights: try reader.weights())
        }
        return try pair(&reader, configuration, settings, tokenizer)
    }

    /// A directory with a SentencePiece model for each side, as Marian's models have it.
    private static func pair(
        _ reader: inout DirectoryReader, _ configuration: ModelConfiguration,
        _ settings: JSONObject, _ tokenizer: JSONObject?
    ) throws(CheckpointError) -> CheckpointParts {
        let specials: Vocabulary.Specials =
            configuration.padID == nil ? .withoutPadding : Vocabulary.Specials()
        let source = try reader.vocabulary("vocab.json")
        let sourceVocabulary = try Vocabulary(
            source, file: "vocab.json", size: configuration.sourceVocabularySize,
            specials: specials)
        let separate =
            try TokenizerConfiguration(tokenizer).separateVocabularies
        let targetVocabulary: Vocabulary
        if separate {
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
        let kind = TokenizerKind.marian(languages: sourceVocabulary.targetTokens)
        return CheckpointParts(
            configuration: configuration, settings: settings,
            tokenizer: try TokenizerConfiguration(tokenizer, kind: kind),
            sourceVocabulary: sourceVocabulary, targetVocabulary: targetVocabulary,
            models: (try reader.model("source.spm"), try reader.model("target.spm")),
            weights: try reader.weights(), isCanonical: true)
    }
}

extension Vocabulary {
    /// The pieces `>>xx<<`, which name the target's language.
    fileprivate var targetTokens: [TokenizerConfiguration.LanguageToken] {
        (0..<size).compactMap { id in
            guard let piece = piece(of: id), piece.hasPrefix(">>"), piece.hasSuffix("<<"),
                piece.utf8.count > 4
            else { return nil }
            return .init(code: String(piece.dropFirst(2).dropLast(2)), piece: piece)
        }
    }
}
