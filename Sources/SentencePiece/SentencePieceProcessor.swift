/// Turns text into the pieces of a SentencePiece model and pieces into text.
///
/// Gives the output of the reference implementation's `Encode` and `Decode` for unigram and BPE
/// models. A value is immutable and may be shared between threads.
public struct SentencePieceProcessor: Sendable {
    let vocabulary: Vocabulary
    let normalizer: Normalizer
    let denormalizer: Normalizer?
    let unigram: UnigramSegmenter?
    let stripsLeadingSpace: Bool
    let stripsAllLeadingSpace: Bool
    let unknownSurface: [UInt8]

    /// Reads a model file, the `.spm` or `.model` that a trainer wrote.
    ///
    /// Costs time and memory in proportion to the file's size. Throws for anything that is not a
    /// complete unigram or BPE model; the bytes may come from anywhere.
    public init(model bytes: [UInt8]) throws(SentencePieceError) {
        // Trie nodes are numbered in 32 bits, and there is at most one for each byte.
        let limit = 1 << 30
        guard bytes.count <= limit else { throw .modelTooLarge(byteLimit: limit) }
        let file = try ModelFile(bytes)
        switch file.trainer.modelType {
        case .word: throw .unsupportedModelType(.word)
        case .character: throw .unsupportedModelType(.character)
        case .unigram, .bpe: break
        }
        let vocabulary = try Vocabulary(file)
        self.vocabulary = vocabulary
        normalizer = try Normalizer(
            file.normalizer, bytes: bytes, protected: vocabulary.userDefined,
            dummyIsSuffix: file.trainer.treatsWhitespaceAsSuffix)
        if let spec = file.denormalizer, !spec.characterMap.isEmpty {
            denormalizer = try Normalizer(
                spec, bytes: bytes, protected: nil, dummyIsSuffix: false)
        } else {
            denormalizer = nil
        }
        unigram = file.trainer.modelType == .unigram ? UnigramSegmenter(vocabulary) : nil
        stripsAllLeadingSpace = file.normalizer.removesExtraWhitespace
        stripsLeadingSpace = stripsAllLeadingSpace || file.normalizer.addsDummyPrefix
        unknownSurface =
            file.trainer.unknownSurface.map { Array(bytes[$0].prefix { $0 != 0 }) }
            ?? Array(" \u{2047} ".utf8)
    }

    /// The number of pieces; ids run from 0 to one less.
    public var pieceCount: Int { vocabulary.texts.count }

    /// The piece of an id, or nil where `id` is outside 0 ..< `pieceCount`.
    public func piece(_ id: Int) -> String? {
        guard vocabulary.texts.indices.contains(id) else { return nil }
        return String(decoding: vocabulary.texts[id], as: UTF8.self)
    }

    /// The id of a piece, compared byte by byte, or the unknown piece's id where absent.
    public func id(of piece: String) -> Int {
        let bytes = Array(piece.utf8)
        return Int(vocabulary.id(of: bytes, bytes.indices))
    }

    /// Segments text into pieces; no beginning or end of sentence is added.
    ///
    /// A run of unknown characters is one piece holding the characters, or byte pieces under byte
    /// fallback. Linear in the text for unigram models, O(n log n) for BPE.
    public func encode(_ text: String) -> [String] {
        pieces(Array(text.utf8))
    }

    /// Segments text into the model's own ids, one for each piece of `encode`.
    public func encodeToIDs(_ text: String) -> [Int] {
        segments(normalizer.normalize(Array(text.utf8))).map { Int($0.id) }
    }

    /// Segments UTF-8 into pieces, and throws the offset of the first byte that is not UTF-8.
    public func encode(utf8: [UInt8]) throws(SentencePieceError) -> [String] {
        if let offset = utf8.span.firstInvalidUTF8() { throw .invalidUTF8(offset: offset) }
        return pieces(utf8)
    }

    /// The text as the pieces cover it, with spaces written as U+2581 where the model does so.
    public func normalize(_ text: String) -> String {
        String(decoding: normalizer.normalize(Array(text.utf8)), as: UTF8.self)
    }

    private func pieces(_ utf8: [UInt8]) -> [String] {
        let text = normalizer.normalize(utf8)
        return segments(text).map { segment in
            let bytes =
                segment.id == vocabulary.unknownID
                ? Array(text[segment.range]) : vocabulary.texts[Int(segment.id)]
            return String(decoding: bytes, as: UTF8.self)
        }
    }

    /// Segments with unknown runs joined, or replaced by their bytes' pieces.
    private func segments(_ text: [UInt8]) -> [Segment] {
        var bpe = BPESegmenter(text, vocabulary)
        let found = unigram?.segment(text, vocabulary) ?? bpe.segments()
        var output: [Segment] = []
        output.reserveCapacity(found.count)
        for segment in found {
            guard segment.id == vocabulary.unknownID else {
                output.append(segment)
                continue
            }
            if !vocabulary.byteIDs.isEmpty {
                for index in segment.range {
                    let id = vocabulary.byteIDs[Int(text[index])]
                    output.append(Segment(range: index..<(index + 1), id: id))
                }
            } else if let last = output.last, last.id == segment.id {
                output[output.count - 1].range = last.range.lowerBound..<segment.range.upperBound
            } else {
                output.append(segment)
            }
        }
        return output
    }
}
