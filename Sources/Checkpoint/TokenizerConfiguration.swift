import JSON

/// What tokenizer_config.json says of the languages and the vocabularies.
public struct TokenizerConfiguration: Sendable, Equatable {
    /// `source_lang`, nil where the file does not name it.
    public let sourceLanguage: String?
    /// `target_lang`, nil where the file does not name it.
    public let targetLanguage: String?
    /// `separate_vocabs`: the target side has its own ids, in target_vocab.json.
    public let separateVocabularies: Bool

    /// Reads the file's object; nil, for a directory without the file, names no language.
    init(_ object: JSONObject?) throws(CheckpointError) {
        let keys = KeyReader(file: "tokenizer_config.json", object: object ?? JSONObject([]))
        sourceLanguage = try keys.optionalString("source_lang")
        targetLanguage = try keys.optionalString("target_lang")
        separateVocabularies = try keys.bool("separate_vocabs", default: false)
    }
}
