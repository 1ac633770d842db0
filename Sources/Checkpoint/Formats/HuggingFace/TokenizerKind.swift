import JSON
import SentencePiece

/// How a directory in Hugging Face's layout numbers pieces and frames texts.
enum TokenizerKind {
    /// `source.spm`, `target.spm` and `vocab.json`, with the targets' tokens `>>xx<<` that the vocabulary has.
    case marian(languages: [TokenizerConfiguration.LanguageToken])
    /// One model for both sides, a token for each language.
    case multilingual(TextFrame, languages: [TokenizerConfiguration.LanguageToken])
    /// A pair, nothing around its texts.
    case pair

    var frame: TextFrame {
        switch self {
        case .marian(let languages): languages.isEmpty ? .plain : .targetFirst
        case .multilingual(let frame, languages: _): frame
        case .pair: .plain
        }
    }

    var languageTokens: [TokenizerConfiguration.LanguageToken] {
        switch self {
        case .marian(let languages), .multilingual(_, let languages): languages
        case .pair: []
        }
    }
}

/// The tokenizers of M2M-100, NLLB-200, mBART and mBART-50: one SentencePiece model, `sentencepiece.bpe.model`, and a token for each language.
struct MultilingualTokenizer {
    static let modelFile = "sentencepiece.bpe.model"

    let kind: TokenizerKind
    let vocabulary: Vocabulary
    let model: [UInt8]

    /// Reads the files.
    ///
    /// - Parameters:
    ///   - reader: of the directory.
    ///   - configuration: of the network.
    ///   - settings: tokenizer_config.json.
    /// - Throws: what reading a file throws; `keyMissing` where the tokens of languages are not known, `malformedVocabulary` where
    ///   there are more pieces than ids.
    init(
        _ reader: inout DirectoryReader, _ configuration: ModelConfiguration,
        _ settings: JSONObject?
    ) throws(CheckpointError) {
        model = try reader.model(Self.modelFile)
        let special = try reader.optionalSettings("special_tokens_map.json")
        let isListed = reader.holds("vocab.json")
        let isClassic =
            configuration.architecture == .mbart
            && settings?["tokenizer_class"]?.stringValue?.hasPrefix("MBart50") != true
        var names = Self.languages(settings, special)
        if names.isEmpty {
            switch configuration.architecture {
            case .mbart: names = isClassic ? FairseqLanguages.mbart : FairseqLanguages.mbart50
            default: names = isListed ? FairseqLanguages.m2m100 : []
            }
        }
        guard !names.isEmpty else {
            throw CheckpointError(
                .keyMissing, file: "special_tokens_map.json",
                subject: "additional_special_tokens", found: "no tokens of languages",
                expected: "the token of each language, in order, here or in tokenizer_config.json")
        }
        var pieces =
            isListed
            ? try Self.listed(try reader.vocabulary("vocab.json"), configuration)
            : try Self.ownPieces(model)
        let added = try Self.addedTokens(settings, configuration)
        if !added.contains(where: { names.contains($0.token) }) {
            pieces += names
            if !isListed { pieces.append("<mask>") }
        }
        let size = configuration.targetVocabularySize
        guard pieces.count <= size else {
            throw CheckpointError(
                .malformedVocabulary, file: Self.modelFile,
                found: "\(pieces.count) pieces and languages",
                expected: "at most vocab_size, \(size)")
        }
        pieces += [String?](repeating: nil, count: size - pieces.count)
        for (id, token) in added { pieces[id] = token }
        vocabulary = try Vocabulary(
            pieces: pieces, file: isListed ? "vocab.json" : Self.modelFile,
            specials: Vocabulary.Specials())
        let languages = names.map {
            TokenizerConfiguration.LanguageToken(code: Self.code(of: $0), piece: $0)
        }
        kind = .multilingual(isClassic ? .languageLast : .languagesFirst, languages: languages)
    }

    /// Tokens with the ids that tokenizer_config.json gives them.
    private static func addedTokens(
        _ settings: JSONObject?, _ configuration: ModelConfiguration
    ) throws(CheckpointError) -> [(id: Int, token: String)] {
        let keys = KeyReader(file: "tokenizer_config.json", object: settings ?? JSONObject([]))
        guard let added = try keys.optionalObject("added_tokens_decoder") else { return [] }
        var tokens: [(id: Int, token: String)] = []
        for member in added.object.members {
            guard let id = Int(member.name),
                (0..<configuration.targetVocabularySize).contains(id),
                let token = member.value.objectValue?["content"]?.stringValue
            else {
                throw added.fault(
                    .outOfRange, member.name, found: member.value.kind,
                    expected: "a token under its id, from 0 to vocab_size − 1")
            }
            tokens.append((id, token))
        }
        return tokens
    }

    /// The tokens of languages in the order of their ids.
    private static func languages(_ settings: JSONObject?, _ special: JSONObject?) -> [String] {
        let added = settings?["added_tokens_decoder"]?.objectValue?.members ?? []
        let names = added.compactMap { $0.value.objectValue?["content"]?.stringValue }
            .filter(isLanguage)
        if !names.isEmpty { return names }
        for object in [settings, special].compactMap(\.self) {
            let tokens = object["additional_special_tokens"]?.arrayValue ?? []
            let names = tokens.compactMap {
                $0.stringValue ?? $0.objectValue?["content"]?.stringValue
            }
            .filter(isLanguage)
            if !names.isEmpty { return names }
        }
        return []
    }

    /// `__de__`, `de_DE`, `deu_Latn`.
    private static func isLanguage(_ token: String) -> Bool {
        let code = code(of: token)
        let parts = code.split(separator: "_", omittingEmptySubsequences: false)
        return parts.count <= 2 && (2...3).contains(parts[0].utf8.count)
            && parts.allSatisfy { part in
                !part.isEmpty && part.utf8.allSatisfy { ($0 | 0x20) >= 97 && ($0 | 0x20) <= 122 }
            }
    }

    private static func code(of token: String) -> String {
        token.hasPrefix("__") && token.hasSuffix("__") && token.utf8.count > 4
            ? String(token.dropFirst(2).dropLast(2)) : token
    }

    /// The pieces of vocab.json by their ids.
    private static func listed(
        _ object: JSONObject, _ configuration: ModelConfiguration
    ) throws(CheckpointError) -> [String?] {
        let vocabulary = try Vocabulary(
            object, file: "vocab.json", size: configuration.targetVocabularySize)
        return (0..<object.members.count).map { vocabulary.piece(of: $0) }
    }

    /// The pieces of the model, as fairseq numbers them: four special ones, and each other id one higher.
    private static func ownPieces(_ model: [UInt8]) throws(CheckpointError) -> [String?] {
        do {
            let processor = try SentencePieceProcessor(model: model)
            return ["<s>", "<pad>", "</s>", "<unk>"]
                + (3..<max(processor.pieceCount, 3)).map { processor.piece($0) }
        } catch {
            throw CheckpointError(
                .malformedVocabulary, file: modelFile, found: "\(error)",
                expected: "a SentencePiece model")
        }
    }
}
