import JSON
import SentencePiece

/// What numbers, segments and frames text beside a model of CTranslate2.
struct CTranslate2Vocabularies {
    /// A SentencePiece model for each side.
    let models: (source: [UInt8], target: [UInt8])
    /// What is added to the variance of layer normalisations.
    let epsilon: Double

    enum Side {
        case source
        case target
    }

    private let source: (pieces: [String?], file: String)
    private let target: (pieces: [String?], file: String)
    private let settings: KeyReader
    private let package: ArgosPackage?
    /// What older models say in variables in the place of config.json.
    private var flags: [String: Bool] = [:]

    /// Reads the files.
    ///
    /// - Parameters:
    ///   - reader: of the directory that was named.
    ///   - folder: where model.bin is in it, with a slash at its end; empty for the directory itself.
    /// - Throws: `fileMissing` for what is wanted, and what reading a file throws.
    init(_ reader: inout DirectoryReader, folder: String) throws(CheckpointError) {
        settings = KeyReader(
            file: folder + "config.json",
            object: try reader.optionalSettings(folder + "config.json") ?? JSONObject([]))
        if let shared = try Self.pieces(&reader, folder + "shared_vocabulary") {
            (source, target) = (shared, shared)
        } else if let source = try Self.pieces(&reader, folder + "source_vocabulary"),
            let target = try Self.pieces(&reader, folder + "target_vocabulary")
        {
            (self.source, self.target) = (source, target)
        } else {
            throw CheckpointError(
                .fileMissing, file: folder + "shared_vocabulary.json", found: "no such file",
                expected:
                    "shared_vocabulary, or source_vocabulary and target_vocabulary, .json or .txt"
            )
        }
        package = try ArgosPackage(&reader)
        models = try Self.models(&reader, folder)
        epsilon = try settings.optionalNumber("layer_norm_epsilon", in: 1e-12...1e-2) ?? 1e-5
    }

    /// Takes what variables of the model say where config.json says nothing.
    mutating func take(flag name: String, _ value: Bool) { flags[name] = value }

    /// A list of pieces, as an array in JSON or a line each; nil where there is none.
    private static func pieces(
        _ reader: inout DirectoryReader, _ name: String
    ) throws(CheckpointError) -> (pieces: [String?], file: String)? {
        if reader.holds(name + ".json") {
            let file = name + ".json"
            let values = try reader.array(file)
            let pieces = values.map(\.stringValue)
            guard pieces.allSatisfy({ $0 != nil }) else {
                throw CheckpointError(
                    .malformedVocabulary, file: file, found: "a value that is no string",
                    expected: "an array of pieces")
            }
            return (pieces, file)
        }
        guard reader.holds(name + ".txt") else { return nil }
        var lines = Array(try reader.text(name + ".txt").utf8)
            .split(separator: 10, omittingEmptySubsequences: false)
        if lines.last?.isEmpty == true { lines.removeLast() }
        return (
            lines.map { line in
                String(decoding: line.last == 13 ? line.dropLast() : line, as: UTF8.self)
            }, name + ".txt"
        )
    }

    /// The models that lie beside the weights, or where the package was named.
    private static func models(
        _ reader: inout DirectoryReader, _ folder: String
    ) throws(CheckpointError) -> (source: [UInt8], target: [UInt8]) {
        for place in Set([folder, ""]).sorted(by: >) where reader.holds(place + "source.spm") {
            return (
                try reader.model(place + "source.spm"), try reader.model(place + "target.spm")
            )
        }
        for place in Set([folder, ""]).sorted(by: >) {
            for name in [
                "sentencepiece.model", "sentencepiece.bpe.model", "spm.model", "source.model",
                "tokenizer.model",
            ] where reader.holds(place + name) {
                let model = try reader.model(place + name)
                let other = place + "target.model"
                let isPair = name == "source.model" && reader.holds(other)
                return (model, isPair ? try reader.model(other) : model)
            }
        }
        throw CheckpointError(
            .fileMissing, file: folder + "source.spm", found: "no SentencePiece model",
            expected:
                "source.spm and target.spm, or sentencepiece.model, with which the model was trained"
        )
    }

    /// A special piece as config.json calls it, or by its usual name.
    private func piece(_ key: String, _ usual: String) throws(CheckpointError) -> String {
        try settings.optionalString(key) ?? usual
    }

    func vocabulary(_ side: Side, size: Int) throws(CheckpointError) -> Vocabulary {
        let (pieces, file) = side == .source ? source : target
        guard pieces.count <= size else {
            throw CheckpointError(
                .malformedVocabulary, file: file, found: "\(pieces.count) pieces",
                expected: "at most \(size), the rows of the embedding")
        }
        let unknown = try piece("unk_token", "<unk>")
        var all = pieces + [String?](repeating: nil, count: size - pieces.count)
        // OpenNMT-tf does not list it: its row is the last.
        if pieces.count < size, !pieces.contains(unknown) { all[pieces.count] = unknown }
        return try Vocabulary(
            pieces: all, file: file,
            specials: Vocabulary.Specials(
                endOfSentence: try piece("eos_token", "</s>"),
                unknown: unknown, padding: nil))
    }

    /// The ids that end an output and start one; the second nil where decoding starts without an embedding.
    func ids(
        startsFromZero: Bool
    ) throws(CheckpointError) -> (endOfSentence: Int, start: Int?) {
        let end = try piece("eos_token", "</s>")
        let begin = try piece("bos_token", "<s>")
        let usual = flags["with_target_bos"] == false ? end : begin
        let start = try settings.optionalString("decoder_start_token") ?? usual
        func id(_ piece: String) throws(CheckpointError) -> Int {
            guard let id = target.pieces.firstIndex(of: piece) else {
                throw CheckpointError(
                    .malformedVocabulary, file: target.file, subject: piece,
                    found: "no such piece", expected: "the piece that begins or ends an output")
            }
            return id
        }
        return (try id(end), startsFromZero ? nil : try id(start))
    }

    /// Tokens of languages that M2M-100, NLLB-200 and mBART have; nothing in a directory of CTranslate2 says how they stand around texts.
    private static let languageTokens: Set<String> = ["__en__", "eng_Latn", "en_XX"]

    func tokenizer() throws(CheckpointError) -> TokenizerConfiguration {
        if package == nil,
            let token = target.pieces.lazy.compactMap(\.self).first(
                where: Self.languageTokens.contains)
        {
            throw CheckpointError(
                .unsupportedFormat, file: target.file, subject: token,
                found: "a model of many languages",
                expected:
                    "a model of one pair, or the original of this one, which Hugging Face has and which is read as it is"
            )
        }
        var members: [JSONObject.Member] = []
        func value(_ pieces: [String]) -> JSONValue { .array(pieces.map { .string($0) }) }
        let addsBegin = try settings.bool(
            "add_source_bos", default: flags["with_source_bos"] ?? false)
        let addsEnd = try settings.bool(
            "add_source_eos", default: flags["with_source_eos"] ?? false)
        let begin = try piece("bos_token", "<s>")
        members.append(.init("source_prefix", value(addsBegin ? [begin] : [])))
        members.append(.init("source_suffix", value(addsEnd ? ["{end}"] : [])))
        if let package {
            members.append(.init("source_lang", .string(package.source)))
            members.append(.init("target_lang", .string(package.target)))
            if let prefix = package.targetPrefix {
                members.append(.init("target_prefix", value([prefix])))
            }
        }
        return try TokenizerConfiguration(JSONObject(members))
    }
}
