/// Segments text into the pieces of a SentencePiece model, and joins pieces back to text.
///
/// Reads unigram and BPE models and gives the same pieces, ids and text as release 0.2.3 of the
/// reference implementation (Kudo and Richardson 2018), for any text. A value of this type is
/// immutable and can be used from several threads at once.
public struct SentencePieceProcessor: Sendable {
    /// Models above 32 MiB are refused; the largest in use have about 5.
    package static let modelByteLimit = 32 << 20

    let vocabulary: Vocabulary
    private let segmenter: Segmenter
    private let normalizer: Normalizer
    let denormalizer: Normalizer?
    let decodingRules: TextAssembler.Rules

    private enum Segmenter: Sendable {
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
        let vocabulary = try Vocabulary(file)
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

    /// Loads a model from a file.
    ///
    /// - Parameter path: a regular file of at most 32 MiB.
    /// - Throws: the system's error number where the file cannot be read, else as `init(model:)`.
    public init(contentsOf path: String) throws(SentencePieceError) {
        try self.init(model: Self.readFile(path))
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
        pieces(of: text.utf8.span)
    }

    /// The pieces' ids of a text, `unknownID` for unknown text.
    ///
    /// These are the model's own ids, which need not be those of a network's vocabulary file.
    public func encodeToIDs(_ text: String) -> [Int] {
        tokens(of: normalizer.normalize(text.utf8.span).span).map { Int($0.id) }
    }

    /// The pieces of a text that came as bytes.
    ///
    /// - Throws: `invalidUTF8` with the offset of the first byte that is part of no character.
    public func encode(utf8 bytes: Span<UInt8>) throws(SentencePieceError) -> [String] {
        if let offset = bytes.firstInvalidUTF8() { throw .invalidUTF8(offset: offset) }
        return pieces(of: bytes)
    }

    /// The text that the model's normaliser makes of `text`, with spaces written as U+2581.
    public func normalize(_ text: String) -> String {
        String(decoding: normalizer.normalize(text.utf8.span), as: UTF8.self)
    }

    /// The text of a sequence of pieces.
    ///
    /// Control pieces vanish, a run of byte pieces becomes the characters that it spells (each
    /// byte that is part of none U+FFFD), the unknown piece becomes the model's surface for it,
    /// " ⁇ " unless the model says otherwise, and a piece that the model lacks stays as it is.
    public func decode(pieces: some Sequence<String>) -> String {
        var assembler = TextAssembler(decodingRules)
        for piece in pieces { append(piece, id: vocabulary.id(of: piece), to: &assembler) }
        return finish(&assembler)
    }

    /// A decoder that gives the text of pieces while they come.
    public func makeStreamingDecoder() -> StreamingDecoder { StreamingDecoder(self) }

    /// The text of a sequence of the model's own ids, as `decode(pieces:)` of their pieces.
    ///
    /// - Throws: `idOutOfRange` for the first id that names no piece.
    public func decode(ids: some Sequence<Int>) throws(SentencePieceError) -> String {
        var assembler = TextAssembler(decodingRules)
        for id in ids {
            guard let piece = piece(id) else {
                throw .idOutOfRange(id: id, pieceCount: pieceCount)
            }
            append(piece, id: id, to: &assembler)
        }
        return finish(&assembler)
    }
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

    private func pieces(of text: Span<UInt8>) -> [String] {
        let normalized = normalizer.normalize(text)
        return tokens(of: normalized.span).map { token in
            if Int(token.id) == vocabulary.unknownID {
                String(decoding: normalized[token.range], as: UTF8.self)
            } else {
                vocabulary.pieces[Int(token.id)]
            }
        }
    }

    /// Segments with every id that of a piece: unknown text as its bytes, or in runs.
    private func tokens(of normalized: Span<UInt8>) -> [Segment] {
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

    func append(_ piece: String, id: Int?, to assembler: inout TextAssembler) {
        // A piece that the model lacks decodes as one of unknown text does.
        guard let id else { return assembler.append(unknownText: piece) }
        switch vocabulary.kinds[id] {
        case .control: assembler.appendControl()
        case .unknown: assembler.appendUnknown()
        case .byte:
            if let byte = Vocabulary.byte(ofPiece: piece) { assembler.append(byte: byte) }
        case .normal, .userDefined, .unused: assembler.append(piece: piece)
        }
    }

    func finish(_ assembler: inout TextAssembler) -> String {
        assembler.finish()
        let text = assembler.text
        return String(
            decoding: denormalizer.map { $0.normalize(text.span) } ?? text, as: UTF8.self)
    }
}
