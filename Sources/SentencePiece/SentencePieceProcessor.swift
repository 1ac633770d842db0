/// Segments text into the pieces of a SentencePiece model, and joins pieces back to text.
///
/// Reads unigram and BPE models and gives the same pieces, ids and text as release 0.2.3 of the
/// reference implementation (Kudo and Richardson 2018), for any text. A value of this type is
/// immutable and can be used from several threads at once.
public struct SentencePieceProcessor: Sendable {
    /// Models above 32 MiB are refused; the largest in use have about 5.
    package static let modelByteLimit = 32 << 20

    let vocabulary: PieceTable
    let segmenter: Segmenter
    let normalizer: Normalizer
    let denormalizer: Normalizer?
    let decodingRules: TextAssembler.Rules

    enum Segmenter: Sendable {
        case unigram(UnigramSegmenter)
        case bpe(BPESegmenter)
    }

    /// Loads a model from the content of a `.spm` or `.model` file.
    ///
    /// Nothing in the file is trusted: lengths, texts, scores and the character map are checked
    /// before they are used, and memory stays within a small multiple of the file's size.
    /// - Parameter bytes: a serialised `sentencepiece.ModelProto`, at most 32 MiB.
    /// - Throws: what is wrong with the model.
    public init(model bytes: [UInt8]) throws(SentencePieceError) {
        guard bytes.count <= Self.modelByteLimit else {
            throw .modelTooLarge(byteLimit: Self.modelByteLimit)
        }
        let file = try ModelFile(bytes)
        let vocabulary = try PieceTable(file)
        self.vocabulary = vocabulary
        segmenter =
            switch file.trainer.modelType {
            case .unigram: .unigram(try UnigramSegmenter(vocabulary))
            case .bpe: .bpe(BPESegmenter(vocabulary))
            case .word: throw .unsupportedModelType(.word)
            case .character: throw .unsupportedModelType(.character)
            }
        normalizer = try Normalizer(
            file.normalizer, in: file, userDefined: vocabulary.userDefined,
            spaceIsSuffix: file.trainer.treatsWhitespaceAsSuffix)
        denormalizer = try Self.denormalizer(of: file)
        decodingRules = Self.decodingRules(of: file)
    }

    /// The number of pieces; ids run from 0 to one below it.
    public var pieceCount: Int { vocabulary.pieces.count }

    /// The id of the piece that stands for unknown text.
    ///
    /// Nil only in a model with byte fallback, which can do without.
    public var unknownID: Int? { vocabulary.unknownID }

    /// The text of a piece, or nil where `id` is not in 0 ..< `pieceCount`.
    public func piece(_ id: Int) -> String? {
        vocabulary.pieces.indices.contains(id) ? vocabulary.pieces[id] : nil
    }

    /// The id of the piece with exactly these bytes, or nil where the model has none.
    ///
    /// Unlike `String`'s equality this tells composed from decomposed characters. The reference
    /// implementation answers with `unknownID` in place of nil.
    public func id(of piece: String) -> Int? {
        vocabulary.id(of: piece)
    }

    /// The pieces of a text, those of unknown text with the text itself.
    ///
    /// Takes time linear in the text's length for a unigram model and n log n for BPE.
    public func encode(_ text: String) -> [String] {
        let normalized = normalizer.normalize(text.utf8.span)
        return tokens(of: normalized.span).map { token in
            if Int(token.id) == vocabulary.unknownID {
                String(decoding: normalized[token.range], as: UTF8.self)
            } else {
                vocabulary.pieces[Int(token.id)]
            }
        }
    }

    /// The pieces of a text in another numbering, that of a network's vocabulary for example, without
    /// their texts on the way.
    ///
    /// - Parameters:
    ///   - text: any text.
    ///   - ids: the other numbering's id of each piece, `pieceCount` of them.
    ///   - unknown: gives the id of text that no piece covers, from its bytes.
    /// - Returns: an id for each piece that `encode(_:)` gives.
    public func encode(
        _ text: String, ids: [Int32], unknown: (ArraySlice<UInt8>) -> Int
    ) -> [Int] {
        precondition(ids.count == pieceCount, "a numbering has an id for each piece")
        let normalized = normalizer.normalize(text.utf8.span)
        return tokens(of: normalized.span).map { token in
            Int(token.id) == vocabulary.unknownID
                ? unknown(normalized[token.range]) : Int(ids[Int(token.id)])
        }
    }

    /// What is decoded: a piece of the model, or one that it lacks.
    public enum Symbol: Sendable {
        /// A piece by its id, 0 ..< `pieceCount`.
        case piece(Int)
        /// A piece that the model lacks, by its text.
        case foreign(String)
    }

    /// What a piece with exactly these bytes is decoded as.
    public func symbol(of piece: String) -> Symbol {
        id(of: piece).map { .piece($0) } ?? .foreign(piece)
    }

    /// The text of a sequence of pieces.
    ///
    /// Control pieces vanish, a run of byte pieces becomes the characters that it spells (each
    /// byte that is part of none U+FFFD), the unknown piece becomes the model's surface for it,
    /// " ⁇ " unless the model says otherwise, and a piece that the model lacks stays as it is.
    public func decode(_ symbols: some Sequence<Symbol>) -> String {
        var assembler = TextAssembler(decodingRules)
        for symbol in symbols { append(symbol, to: &assembler) }
        return finish(&assembler)
    }

    /// A decoder that gives the text of pieces while they come.
    public func makeStreamingDecoder() -> StreamingDecoder { StreamingDecoder(self) }
}

extension SentencePieceProcessor {
    private static func denormalizer(
        of file: ModelFile
    ) throws(SentencePieceError) -> Normalizer? {
        guard let spec = file.denormalizer, !spec.characterMap.isEmpty else { return nil }
        return try Normalizer(spec, in: file, userDefined: nil, spaceIsSuffix: false)
    }

    private static func decodingRules(of file: ModelFile) -> TextAssembler.Rules {
        let surface = file.trainer.unknownSurface.map { Array(file.bytes[$0]) }
        let spec = file.normalizer
        return TextAssembler.Rules(
            unknownSurface: surface ?? Array(" \u{2047} ".utf8),
            dropsLeadingSpace: spec.addsDummyPrefix || spec.removesExtraWhitespace,
            dropsAllLeadingSpaces: spec.removesExtraWhitespace)
    }

    /// Segments with every id that of a piece: unknown text as its bytes, or in runs.
    func tokens(of normalized: Span<UInt8>) -> [Segment] {
        let segments =
            switch segmenter {
            case .unigram(let segmenter): segmenter.segments(of: normalized)
            case .bpe(let segmenter): segmenter.segments(of: normalized)
            }
        guard segments.contains(where: { $0.id == Segment.unknown }) else { return segments }
        return switch vocabulary.unknown {
        case .piece(let id): Self.joiningUnknown(segments, id: Int32(truncatingIfNeeded: id))
        case .bytes(let ids, _): Self.spellingUnknown(segments, of: normalized, ids: ids)
        }
    }

    private static func joiningUnknown(_ segments: [Segment], id: Int32) -> [Segment] {
        var tokens: [Segment] = []
        for var segment in segments {
            if segment.id == Segment.unknown {
                segment.id = id
                if let last = tokens.last, last.id == id {
                    tokens[tokens.count - 1].length += segment.length
                    continue
                }
            }
            tokens.append(segment)
        }
        return tokens
    }

    private static func spellingUnknown(
        _ segments: [Segment], of text: Span<UInt8>, ids: [Int]
    ) -> [Segment] {
        var tokens: [Segment] = []
        for segment in segments {
            guard segment.id == Segment.unknown else {
                tokens.append(segment)
                continue
            }
            for index in segment.range {
                let id = ids[Int(text[index])]
                tokens.append(
                    Segment(start: index, length: 1, id: Int32(truncatingIfNeeded: id)))
            }
        }
        return tokens
    }

    func append(_ symbol: Symbol, to assembler: inout TextAssembler) {
        switch symbol {
        // Decoded as a piece of unknown text is.
        case .foreign(let text): assembler.append(unknownText: text)
        case .piece(let id):
            switch vocabulary.kinds[id] {
            case .control: assembler.appendControl()
            case .unknown: assembler.appendUnknown()
            case .byte:
                if let byte = PieceTable.byte(ofPiece: vocabulary.pieces[id]) {
                    assembler.append(byte: byte)
                }
            case .normal, .userDefined, .unused: assembler.append(piece: vocabulary.pieces[id])
            }
        }
    }

    func finish(_ assembler: inout TextAssembler) -> String {
        assembler.finish()
        let text = assembler.text
        return String(
            decoding: denormalizer.map { $0.normalize(text.span) } ?? text, as: UTF8.self)
    }
}
