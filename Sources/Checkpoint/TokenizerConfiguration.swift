import JSON

/// What tokenizer_config.json says of the languages and the vocabularies.
public struct TokenizerConfiguration: Sendable, Equatable {
    /// `source_lang`, nil where the file does not name it.
    public let sourceLanguage: String?
    /// `target_lang`, nil where the file does not name it.
    public let targetLanguage: String?
    /// `separate_vocabs`: the target side has its own ids, in target_vocab.json.
    public let separateVocabularies: Bool
    /// `model_max_length`: the most tokens of a source that the model is good for, end of sentence included; nil where the file
    /// does not say it, or says a number beyond 64 bits, as Transformers writes for "unlimited".
    public let maximumLength: Int?

    /// The file's object.
    func object(separateVocabularies: Bool) -> JSONObject {
        let values: [(String, JSONValue?)] = [
            ("source_lang", sourceLanguage.map { .string($0) }),
            ("target_lang", targetLanguage.map { .string($0) }),
            ("separate_vocabs", separateVocabularies ? .bool(true) : nil),
            ("model_max_length", maximumLength.map { .integer(Int64($0)) }),
        ]
        return JSONObject(values.compactMap { key, value in value.map { .init(key, $0) } })
    }

    /// Reads the file's object; nil, for a directory without the file, names no language.
    init(_ object: JSONObject?) throws(CheckpointError) {
        let keys = KeyReader(file: "tokenizer_config.json", object: object ?? JSONObject([]))
        sourceLanguage = try keys.optionalString("source_lang")
        targetLanguage = try keys.optionalString("target_lang")
        separateVocabularies = try keys.bool("separate_vocabs", default: false)
        let length = try keys.optionalNumber(
            "model_max_length", in: 2...Double.greatestFiniteMagnitude)
        maximumLength = length.flatMap { Int(exactly: $0.rounded(.down)) }
    }
}
