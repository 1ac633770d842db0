public import Checkpoint
public import SentencePiece

/// Text to the ids that the network uses, and back (checkpoint-format.md, "Text to ids and back").
///
/// The SentencePiece models segment, the vocabularies number: neither need contain the other.
public struct Tokenizer: Sendable {
    private let source: Segmentation
    private let target: Segmentation
    /// What each target id is decoded as.
    private let symbols: [SentencePieceProcessor.Symbol]
    private let endOfSentence: Int
    /// Whether a target id is a part of a text: not the end of sentence, padding, or the token of a language.
    private var isText: [Bool]
    /// Before and behind the pieces of a source.
    private var sourcePrefix: [Int] = []
    private var sourceSuffix: [Int]
    /// What every output begins with, behind what decoding starts from.
    public private(set) var targetPrefix: [Int] = []

    /// The tokenizer of a checkpoint.
    ///
    /// - Parameters:
    ///   - checkpoint: says how texts are segmented, numbered and framed.
    ///   - languages: the source's and the target's, as codes of `TokenizerConfiguration.languageTokens`; what names a language that is nil or not among
    ///     them stays away.
    /// - Throws: `SentencePieceError` where source.spm or target.spm is not a model that can be used.
    public init(
        _ checkpoint: Checkpoint, languages: (source: String?, target: String?) = (nil, nil)
    ) throws(SentencePieceError) {
        self.init(
            source: Segmentation(
                try SentencePieceProcessor(model: checkpoint.sourceModel),
                checkpoint.sourceVocabulary),
            target: Segmentation(
                try SentencePieceProcessor(model: checkpoint.targetModel),
                checkpoint.targetVocabulary),
            special: (checkpoint.configuration.endOfSentenceID, checkpoint.configuration.padID))
        frame(checkpoint.tokenizer, languages)
        // What a model of several languages has beside pieces, and a SentencePiece model does not know.
        for piece in checkpoint.tokenizer.languageTokens.map(\.piece) + ["<mask>", "<blank>"] {
            if let id = target.vocabulary.id(of: piece), target.processor.id(of: piece) == nil {
                isText[id] = false
            }
        }
    }

    /// The same tokenizer for other languages.
    ///
    /// - Parameters:
    ///   - languages: as `init` takes them.
    ///   - checkpoint: the one that it was made of.
    /// - Returns: one that frames texts for them; all else is shared.
    public func framed(
        for languages: (source: String?, target: String?), of checkpoint: Checkpoint
    ) -> Tokenizer {
        var other = self
        other.frame(checkpoint.tokenizer, languages)
        return other
    }

    private mutating func frame(
        _ configuration: TokenizerConfiguration, _ languages: (source: String?, target: String?)
    ) {
        func token(_ code: String?) -> String? {
            configuration.languageTokens.first { $0.code == code }?.piece
        }
        func ids(_ slots: [TextFrame.Slot], _ side: Segmentation) -> [Int] {
            slots.compactMap { slot in
                switch slot {
                case .endOfSentence: side.vocabulary.endOfSentenceID
                case .sourceLanguage: token(languages.source).map { side.id(of: $0) }
                case .targetLanguage: token(languages.target).map { side.id(of: $0) }
                case .piece(let piece): side.id(of: piece)
                }
            }
        }
        sourcePrefix = ids(configuration.frame.sourcePrefix, source)
        sourceSuffix = ids(configuration.frame.sourceSuffix, source)
        targetPrefix = ids(configuration.frame.targetPrefix, target)
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
        self.init(
            source: Segmentation(source, vocabulary), target: Segmentation(target, vocabulary),
            special: (vocabulary.endOfSentenceID, vocabulary.padID))
    }

    private init(
        source: Segmentation, target: Segmentation, special: (endOfSentence: Int, padding: Int?)
    ) {
        self.source = source
        self.target = target
        endOfSentence = special.endOfSentence
        sourceSuffix = [special.endOfSentence]
        isText = Array(repeating: true, count: target.vocabulary.size)
        for id in [special.endOfSentence, special.padding].compactMap(\.self)
        where isText.indices.contains(id) {
            isText[id] = false
        }
        symbols = (0..<target.vocabulary.size).map {
            target.processor.symbol(of: target.vocabulary.piece(of: $0) ?? Self.unknownPiece)
        }
    }

    private static let unknownPiece = "<unk>"

    /// Target ids of a text, end of sentence included: what a model is trained to produce.
    public func encodeTarget(_ text: String) -> [Int] {
        targetPrefix + target.ids(of: text) + [endOfSentence]
    }

    /// How many ids of a source stand for nothing in its text.
    public var frameCount: Int { sourcePrefix.count + sourceSuffix.count }

    /// The positions of source ids that are a text's pieces, what was written as `>>xx<<` among them.
    public func pieces(of sourceIDs: [Int]) -> Range<Int> {
        let end = max(sourceIDs.count - sourceSuffix.count, 0)
        return min(sourceIDs.starts(with: sourcePrefix) ? sourcePrefix.count : 0, end)..<end
    }

    /// Source ids of a text, with what stands before and behind its pieces: S of them.
    ///
    /// Pieces that the vocabulary lacks become `<unk>`. A leading `>>xx<<` (the target language of a
    /// multilingual model) is looked up whole before segmentation.
    public func encode(_ text: String) -> [Int] {
        let (code, rest) = Self.splitLanguageCode(text)
        return (code.map { [source.id(of: $0)] } ?? sourcePrefix) + source.ids(of: rest)
            + sourceSuffix
    }

    /// Source ids of a text with the range of each in it: UTF-8 offsets in the text as it was given.
    ///
    /// Ranges ascend, meet, start at 0 and end with the text, on borders of Unicode scalars; a word's range
    /// has the blank before it (see `SentencePieceProcessor.encodeWithRanges`). What stands before and behind the pieces has
    /// empty ranges at the start and at the end.
    ///
    /// - Returns: the ids that `encode` gives, and a range for each.
    public func encodeWithRanges(_ text: String) -> (ids: [Int], ranges: [Range<Int>]) {
        let (code, rest) = Self.splitLanguageCode(text)
        let pieces = source.idsWithRanges(of: rest)
        let end = text.utf8.count
        var (ids, ranges): ([Int], [Range<Int>]) = ([], [])
        let start = code?.utf8.count ?? 0
        if let code {
            ids.append(source.id(of: code))
            ranges.append(0..<(pieces.isEmpty ? end : start))
        } else {
            ids += sourcePrefix
            ranges += sourcePrefix.map { _ in 0..<0 }
        }
        for (id, range) in pieces {
            ids.append(id)
            ranges.append(range.lowerBound + start..<range.upperBound + start)
        }
        return (ids + sourceSuffix, ranges + sourceSuffix.map { _ in end..<end })
    }

    /// The logarithm of the probability of a source text's best segmentation; nil where the source's pieces
    /// have no probabilities (BPE).
    ///
    /// For words: of several spellings the one of the greatest score is the one that the model's vocabulary
    /// knows best. A character without a piece of its own counts 10 less than the worst piece.
    public func score(ofWord text: String) -> Double? { source.score(text) }

    /// Whether a source text is segmented into pieces that the vocabulary has, none of them unknown and no
    /// character spelt in bytes.
    public func knows(_ text: String) -> Bool { source.knows(text) }

    /// The number of target ids.
    public var targetVocabularySize: Int { symbols.count }

    /// The piece of a target id; `<unk>` where the vocabulary gives it none.
    public func piece(targetID id: Int) -> String {
        target.vocabulary.piece(of: id) ?? Self.unknownPiece
    }

    /// The text of target ids; end of sentence and padding are left out.
    public func decode(_ ids: [Int]) -> String {
        target.processor.decode(ids.lazy.filter(isText).map(symbol(of:)))
    }

    /// The text of target ids, and the range of each in it: UTF-8 offsets.
    ///
    /// Ranges ascend, meet, start at 0 and end with the text, on borders of Unicode scalars (see
    /// `SentencePieceProcessor.decodeWithRanges`). End of sentence and padding have empty ranges.
    ///
    /// - Returns: the text that `decode` gives, and a range for each id.
    public func decodeWithRanges(_ ids: [Int]) -> (text: String, ranges: [Range<Int>]) {
        target.processor.decodeWithRanges(ids.lazy.map { isText($0) ? symbol(of: $0) : nil })
    }

    private func isText(_ id: Int) -> Bool { !isText.indices.contains(id) || isText[id] }

    private func symbol(of id: Int) -> SentencePieceProcessor.Symbol {
        symbols.indices.contains(id)
            ? symbols[id] : target.processor.symbol(of: Self.unknownPiece)
    }

    /// Target ids to text, one by one.
    public struct TextStream: Sendable {
        private let tokenizer: Tokenizer
        private var decoder: StreamingDecoder

        fileprivate init(_ tokenizer: Tokenizer) {
            self.tokenizer = tokenizer
            decoder = tokenizer.target.processor.makeStreamingDecoder()
        }

        /// Takes the next id.
        ///
        /// - Returns: the characters that are complete with it; all of them in a row are what
        ///   `decode` makes of all ids, once `finish` was called.
        public mutating func append(_ id: Int) -> String {
            tokenizer.isText(id) ? decoder.append(tokenizer.symbol(of: id)) : ""
        }

        /// Ends the text.
        ///
        /// - Returns: what was still waiting for more.
        public mutating func finish() -> String { decoder.finish() }
    }

    /// A text that comes id by id.
    public func makeTextStream() -> TextStream { TextStream(self) }

    /// Whether encoding gave anything but what stands around a text: one without pieces is not decoded.
    public func hasPieces(_ sourceIDs: [Int]) -> Bool { sourceIDs.count > frameCount }

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

/// A SentencePiece model with the vocabulary that numbers its pieces.
private struct Segmentation: Sendable {
    let processor: SentencePieceProcessor
    let vocabulary: Vocabulary
    /// The vocabulary's id of each piece, so that no text is looked up on the way.
    private let ids: [Int32]

    init(_ processor: SentencePieceProcessor, _ vocabulary: Vocabulary) {
        self.processor = processor
        self.vocabulary = vocabulary
        ids = (0..<processor.pieceCount).map { id in
            let piece = processor.piece(id).flatMap(vocabulary.id(of:))
            return Int32(truncatingIfNeeded: piece ?? vocabulary.unknownID)
        }
    }

    func id(of piece: String) -> Int { vocabulary.id(of: piece) ?? vocabulary.unknownID }

    /// Ids of a text.
    ///
    /// What no piece covers is looked up by its text: the vocabulary may know it.
    func ids(of text: String) -> [Int] {
        processor.encode(text, ids: ids) { id(of: String(decoding: $0, as: UTF8.self)) }
    }
    /// The same, each with its range in the text.
    func idsWithRanges(of text: String) -> [(id: Int, range: Range<Int>)] {
        processor.encodeWithRanges(text, ids: ids) { id(of: String(decoding: $0, as: UTF8.self)) }
    }

    func score(_ text: String) -> Double? { processor.score(text, where: isKnown) }

    func knows(_ text: String) -> Bool {
        processor.covers(text, where: isKnown) {
            vocabulary.id(of: String(decoding: $0, as: UTF8.self)) != nil
        }
    }

    private func isKnown(_ piece: Int) -> Bool { Int(ids[piece]) != vocabulary.unknownID }
}
