public import Checkpoint
public import SentencePiece

/// Text to the ids that the network uses, and back (checkpoint-format.md, "Text to ids and back").
///
/// The SentencePiece models segment, the vocabularies number: neither need contain the other.
public struct Tokenizer: Sendable {
    private let source: SentencePieceProcessor
    private let target: SentencePieceProcessor
    private let sourceVocabulary: Vocabulary
    private let targetVocabulary: Vocabulary
    private let endOfSentence: Int
    private let padding: Int

    /// The tokenizer of a checkpoint.
    ///
    /// - Throws: `SentencePieceError` where source.spm or target.spm is not a model that can be used.
    public init(_ checkpoint: Checkpoint) throws(SentencePieceError) {
        source = try SentencePieceProcessor(model: checkpoint.sourceModel)
        target = try SentencePieceProcessor(model: checkpoint.targetModel)
        sourceVocabulary = checkpoint.sourceVocabulary
        targetVocabulary = checkpoint.targetVocabulary
        endOfSentence = checkpoint.configuration.endOfSentenceID
        padding = checkpoint.configuration.padID
    }

    /// A tokenizer whose sides share one vocabulary.
    ///
    /// - Parameters:
    ///   - source: segments source texts.
    ///   - target: segments target texts and joins outputs.
    ///   - vocabulary: numbers the pieces of both.
    public init(
        source: SentencePieceProcessor, target: SentencePieceProcessor, vocabulary: Vocabulary
    ) {
        self.source = source
        self.target = target
        sourceVocabulary = vocabulary
        targetVocabulary = vocabulary
        endOfSentence = vocabulary.endOfSentenceID
        padding = vocabulary.padID
    }

    /// Target ids of a text, end of sentence included: what a model is trained to produce.
    public func encodeTarget(_ text: String) -> [Int] {
        target.encode(text).map { targetVocabulary.id(of: $0) ?? targetVocabulary.unknownID }
            + [endOfSentence]
    }

    /// Source ids of a text, end of sentence included: S of them.
    ///
    /// Pieces that the vocabulary lacks become `<unk>`. A leading `>>xx<<` (the target language of a
    /// multilingual model) is looked up whole before segmentation.
    public func encode(_ text: String) -> [Int] {
        let (code, rest) = Self.splitLanguageCode(text)
        let pieces = source.encode(rest)
        let ids = (code.map { [$0] } ?? []) + pieces
        return ids.map { sourceVocabulary.id(of: $0) ?? sourceVocabulary.unknownID }
            + [endOfSentence]
    }

    /// The piece of a target id; `<unk>` where the vocabulary gives it none.
    public func piece(targetID id: Int) -> String { targetVocabulary.piece(of: id) ?? "<unk>" }

    /// The text of target ids; end of sentence and padding are left out.
    public func decode(_ ids: [Int]) -> String {
        target.decode(
            pieces: ids.lazy.filter { $0 != endOfSentence && $0 != padding }.map(
                piece(targetID:)))
    }

    /// Target ids to text, one by one.
    public struct TextStream: Sendable {
        private let tokenizer: Tokenizer
        private var decoder: StreamingDecoder

        fileprivate init(_ tokenizer: Tokenizer) {
            self.tokenizer = tokenizer
            decoder = tokenizer.target.makeStreamingDecoder()
        }

        /// Takes the next id.
        ///
        /// - Returns: the characters that are complete with it; all of them in a row are what
        ///   `decode` makes of all ids, once `finish` was called.
        public mutating func append(_ id: Int) -> String {
            guard id != tokenizer.endOfSentence, id != tokenizer.padding else { return "" }
            return decoder.append(tokenizer.piece(targetID: id))
        }

        /// Ends the text.
        ///
        /// - Returns: what was still waiting for more.
        public mutating func finish() -> String { decoder.finish() }
    }

    /// A text that comes id by id.
    public func makeTextStream() -> TextStream { TextStream(self) }

    /// Whether encoding gave anything but the end of sentence: a text without pieces is not decoded.
    public func hasPieces(_ sourceIDs: [Int]) -> Bool { sourceIDs.count > 1 }

    /// `>>xx<<` at the very start, and what follows it.
    private static func splitLanguageCode(_ text: String) -> (code: String?, rest: String) {
        guard text.utf8.starts(with: ">>".utf8) else { return (nil, text) }
        let bytes = Array(text.utf8)
        for end in stride(from: 5, through: bytes.count, by: 1)
        where bytes[end - 2] == UInt8(ascii: "<") && bytes[end - 1] == UInt8(ascii: "<") {
            return (
                String(decoding: bytes[..<end], as: UTF8.self),
                String(decoding: bytes[end...], as: UTF8.self)
            )
        }
        return (nil, text)
    }
}
