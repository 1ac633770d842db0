import JSON
import SentencePiece

/// What numbers and segments text beside a model of Marian: SentencePiece models whose own ids count, or `vocab.yml` with the models
/// `source.spm` and `target.spm`, as OPUS-MT has them.
struct MarianVocabularies {
    let models: (source: [UInt8], target: [UInt8])
    let source: Vocabulary
    let target: Vocabulary
    /// The file that numbers target pieces.
    let file: String

    private static let expected =
        "one vocab*.spm, srcvocab*.spm and trgvocab*.spm, or source.spm and target.spm with *vocab.yml"

    init(_ reader: inout DirectoryReader) throws(CheckpointError) {
        let names = try reader.fileNames()
        let lists = names.filter { $0.hasSuffix("vocab.yml") }
        let spm = names.filter { $0.hasSuffix(".spm") }
        if names.contains("source.spm"), names.contains("target.spm"), let last = lists.last {
            models = (try reader.model("source.spm"), try reader.model("target.spm"))
            let first = lists.first { $0.contains("src") } ?? last
            let second = lists.first { $0.contains("trg") } ?? last
            source = try Self.vocabulary(&reader, first)
            target = first == second ? source : try Self.vocabulary(&reader, second)
            file = second
        } else if let (from, to) = Self.pair(spm) {
            let model = try reader.model(from)
            models = (model, from == to ? model : try reader.model(to))
            source = try Self.vocabulary(models.source, from)
            target = from == to ? source : try Self.vocabulary(models.target, to)
            file = to
        } else {
            throw CheckpointError(
                .fileMissing, file: lists.first ?? "vocab.spm",
                found: spm.isEmpty ? "no SentencePiece model" : "\(spm.count) SentencePiece models",
                expected: Self.expected)
        }
    }

    /// The models of the source and of the target: one of both, or two that say which they are.
    private static func pair(_ names: [String]) -> (source: String, target: String)? {
        if names.count == 1 { return (names[0], names[0]) }
        guard names.count == 2, let source = names.first(where: { $0.hasPrefix("src") }),
            let target = names.first(where: { $0.hasPrefix("trg") })
        else { return nil }
        return (source, target)
    }

    /// The ids that a SentencePiece model gives its own pieces.
    private static func vocabulary(
        _ model: [UInt8], _ file: String
    ) throws(CheckpointError) -> Vocabulary {
        let processor: SentencePieceProcessor
        do {
            processor = try SentencePieceProcessor(model: model)
        } catch {
            throw CheckpointError(
                .malformedVocabulary, file: file, found: "\(error)",
                expected: "a SentencePiece model")
        }
        return try Vocabulary(
            pieces: (0..<processor.pieceCount).map { processor.piece($0) }, file: file)
    }

    /// The ids of a list in YAML.
    private static func vocabulary(
        _ reader: inout DirectoryReader, _ file: String
    ) throws(CheckpointError) -> Vocabulary {
        let members = try MarianVocabularyList.members(try reader.text(file), file: file)
        let size = members.reduce(0) { max($0, Int($1.value.integerValue ?? 0) + 1) }
        guard size <= 4 * members.count + 16 else {
            throw CheckpointError(
                .malformedVocabulary, file: file, found: "ids up to \(size - 1)",
                expected: "ids from 0 on without large gaps")
        }
        return try Vocabulary(
            JSONObject(members), file: file, size: size, specials: .withoutPadding)
    }
}
