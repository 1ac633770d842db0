public import Checkpoint
import JSON
public import SentencePiece
public import Tokenization

/// The vocabulary of a training, one for both sides: taken from a checkpoint or learnt.
public struct TrainingVocabulary: Sendable {
    /// source.spm and target.spm.
    public let models: (source: [UInt8], target: [UInt8])
    /// vocab.json.
    public let file: [UInt8]
    /// Pieces and ids of the network.
    public let vocabulary: Vocabulary
    /// From text to ids and back.
    public let tokenizer: Tokenizer

    /// That of a checkpoint, with its ids.
    ///
    /// - Throws: where its SentencePiece models cannot be read.
    public init(_ checkpoint: Checkpoint) throws(SentencePieceError) {
        vocabulary = checkpoint.sourceVocabulary
        models = (checkpoint.sourceModel, checkpoint.targetModel)
        file = Self.file(vocabulary)
        tokenizer = try Self.tokenizer(models, vocabulary)
    }

    /// That of a learnt model, in Marian's numbers: `</s>` and `<unk>` first, the pieces, `<pad>` last.
    ///
    /// - Parameter model: a serialised `sentencepiece.ModelProto`.
    /// - Throws: `SentencePieceError` or `CheckpointError` where it is none that training can have made.
    public init(learnt model: [UInt8]) throws {
        let members = try Self.numbered(model)
        models = (model, model)
        file = JSON.serialize(.object(members), style: .pretty)
        vocabulary = try Vocabulary(members, file: "vocab.json", size: members.members.count)
        tokenizer = try Self.tokenizer(models, vocabulary)
    }

    private static func tokenizer(
        _ models: (source: [UInt8], target: [UInt8]), _ vocabulary: Vocabulary
    ) throws(SentencePieceError) -> Tokenizer {
        Tokenizer(
            source: try SentencePieceProcessor(model: models.source),
            target: try SentencePieceProcessor(model: models.target), vocabulary: vocabulary)
    }

    private static func numbered(_ model: [UInt8]) throws(SentencePieceError) -> JSONObject {
        let processor = try SentencePieceProcessor(model: model)
        let special = ["<unk>", "<s>", "</s>"]
        let learnt = (0..<processor.pieceCount).compactMap { processor.piece($0) }
            .filter { !special.contains($0) }
        let pieces = ["</s>", "<unk>"] + learnt + ["<pad>"]
        return JSONObject(
            pieces.enumerated().map { .init($0.element, .integer(Int64($0.offset))) })
    }

    private static func file(_ vocabulary: Vocabulary) -> [UInt8] {
        let members = (0..<vocabulary.size).compactMap { id in
            vocabulary.piece(of: id).map { JSONObject.Member($0, .integer(Int64(id))) }
        }
        return JSON.serialize(.object(JSONObject(members)), style: .pretty)
    }
}
