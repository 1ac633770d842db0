import JSON

/// What tokenizer_config.json says of the languages and the vocabularies.
public struct TokenizerConfiguration: Sendable, Equatable {
    /// `source_lang`, or `src_lang`, nil where the file does not name it.
    public let sourceLanguage: String?
    /// `target_lang`, or `tgt_lang`, nil where the file does not name it.
    public let targetLanguage: String?
    /// `separate_vocabs`: the target side has its own ids, in target_vocab.json.
    public let separateVocabularies: Bool
    /// What stands around texts: `source_prefix`, `source_suffix` and `target_prefix` (ours), or what the class of tokenizer implies.
    public let frame: TextFrame
    /// `language_tokens` (ours): the codes of languages with the pieces that stand for them, in order; from the class of tokenizer and its special tokens where
    /// the key is absent, empty where a checkpoint knows none.
    public let languageTokens: [LanguageToken]
    /// `model_max_length`: the most tokens of a source that the model is good for, end of sentence included; nil where the file
    /// does not say it, or says a number beyond 64 bits, as Transformers writes for "unlimited".
    public let maximumLength: Int?
    /// `complete_sentences` (ours): whether sentences without a mark at their end are given one for the model, and their translations none.
    public let completesSentences: Bool

    /// The file's object.
    func object(separateVocabularies: Bool) -> JSONObject {
        let values: [(String, JSONValue?)] = [
            ("source_lang", sourceLanguage.map { .string($0) }),
            ("target_lang", targetLanguage.map { .string($0) }),
            ("separate_vocabs", separateVocabularies ? .bool(true) : nil),
            ("source_prefix", Self.value(frame.sourcePrefix)),
            ("source_suffix", Self.value(frame.sourceSuffix)),
            ("target_prefix", Self.value(frame.targetPrefix)),
            (
                "language_tokens",
                languageTokens.isEmpty
                    ? nil
                    : .object(JSONObject(languageTokens.map { .init($0.code, .string($0.piece)) }))
            ),
            ("model_max_length", maximumLength.map { .integer(Int64($0)) }),
            ("complete_sentences", completesSentences ? .bool(true) : nil),
        ]
        return JSONObject(values.compactMap { key, value in value.map { .init(key, $0) } })
    }

    /// A language that a text can be framed with.
    public struct LanguageToken: Sendable, Equatable {
        /// As the checkpoint writes it: `deu_Latn`, `de_DE`, `de`, `deu`.
        public let code: String
        /// The piece of the vocabulary.
        public let piece: String
    }

    /// Reads the file's object; nil, for a directory without the file, names no language.
    ///
    /// - Parameters:
    ///   - object: the file's.
    ///   - kind: what else says how the tokenizer frames texts.
    /// - Throws: `wrongType`, `outOfRange` for a key with another value.
    init(
        _ object: JSONObject?, kind: TokenizerKind = .pair
    ) throws(CheckpointError) {
        let keys = KeyReader(file: "tokenizer_config.json", object: object ?? JSONObject([]))
        let usual = (
            source: try keys.optionalString("src_lang"), target: try keys.optionalString("tgt_lang")
        )
        sourceLanguage = try keys.optionalString("source_lang") ?? usual.source
        targetLanguage = try keys.optionalString("target_lang") ?? usual.target
        let implied = kind.frame
        frame = TextFrame(
            sourcePrefix: try Self.slots("source_prefix", keys) ?? implied.sourcePrefix,
            sourceSuffix: try Self.slots("source_suffix", keys) ?? implied.sourceSuffix,
            targetPrefix: try Self.slots("target_prefix", keys) ?? implied.targetPrefix)
        languageTokens = try Self.tokens(keys) ?? kind.languageTokens
        separateVocabularies = try keys.bool("separate_vocabs", default: false)
        let length = try keys.optionalNumber(
            "model_max_length", in: 2...Double.greatestFiniteMagnitude)
        maximumLength = length.flatMap { Int(exactly: $0.rounded(.down)) }
        completesSentences = try keys.bool("complete_sentences", default: false)
    }

    private static func value(_ slots: [TextFrame.Slot]) -> JSONValue {
        .array(slots.map { .string($0.text) })
    }

    private static func slots(
        _ key: String, _ keys: KeyReader
    ) throws(CheckpointError) -> [TextFrame.Slot]? {
        guard let array = try keys.optional(key, "an array of pieces", { $0.arrayValue }) else {
            return nil
        }
        let texts = array.compactMap(\.stringValue)
        guard texts.count == array.count, texts.count <= 16 else {
            throw keys.fault(
                .wrongType, key, found: "\(array.count) values",
                expected: "at most 16 pieces, {source}, {target} or {end}")
        }
        return texts.map { TextFrame.Slot($0) }
    }

    private static func tokens(_ keys: KeyReader) throws(CheckpointError) -> [LanguageToken]? {
        guard let object = try keys.optionalObject("language_tokens") else { return nil }
        var tokens: [LanguageToken] = []
        for member in object.object.members {
            guard let piece = member.value.stringValue else {
                throw object.fault(
                    .wrongType, member.name, found: member.value.kind, expected: "a piece")
            }
            tokens.append(LanguageToken(code: member.name, piece: piece))
        }
        return tokens
    }
}
