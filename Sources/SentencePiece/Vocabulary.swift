/// The pieces of a model, with the tables that segmentation and decoding look up.
struct Vocabulary {
    private(set) var texts: [[UInt8]] = []
    private(set) var scores: [Float] = []
    private(set) var kinds: [PieceKind] = []
    /// Every piece by its text.
    private(set) var trie: PieceTrie
    /// The user-defined pieces alone; nil where there are none.
    private(set) var userDefined: PieceTrie?
    /// The id of each byte's piece; empty without byte fallback.
    private(set) var byteIDs: [Int32] = []
    /// The byte that a byte piece stands for.
    private(set) var byteValues: [Int32: UInt8] = [:]
    private(set) var unknownID: Int32 = -1

    init(_ file: ModelFile) throws(SentencePieceError) {
        trie = PieceTrie(byteCount: file.pieces.reduce(0) { $0 + $1.text.count })
        for index in file.pieces.indices { try add(file, index) }
        guard kinds.contains(where: { $0 == .normal || $0 == .userDefined }) else {
            throw .noPieces
        }
        guard unknownID >= 0 else { throw .unknownPieceMissing }
        protectUserDefined()
        if file.trainer.hasByteFallback { try collectBytes() }
    }

    /// The id of the piece written as `bytes[range]`, the unknown id where there is none.
    func id(of bytes: [UInt8], _ range: Range<Int>) -> Int32 {
        let id = trie.value(at: trie.walk(PieceTrie.root, bytes, range))
        return id < 0 ? unknownID : id
    }

    private mutating func add(_ file: ModelFile, _ index: Int) throws(SentencePieceError) {
        let piece = file.pieces[index]
        let text = file.bytes[piece.text]
        if text.isEmpty { throw .invalidPiece(.empty, index: index) }
        if Array(text).span.firstInvalidUTF8() != nil {
            throw .invalidPiece(.invalidUTF8, index: index)
        }
        if file.trainer.modelType == .unigram && !piece.score.isFinite {
            throw .invalidPiece(.scoreNotFinite, index: index)
        }
        if let first = trie.insert(text, value: Int32(index)) {
            throw .invalidPiece(.duplicate(first: Int(first)), index: index)
        }
        if piece.kind == .unknown {
            if unknownID >= 0 {
                throw .invalidPiece(.secondUnknown(first: Int(unknownID)), index: index)
            }
            unknownID = Int32(index)
        }
        if piece.kind == .byte {
            guard let value = Self.byte(text) else {
                throw .invalidPiece(.invalidByte, index: index)
            }
            byteValues[Int32(index)] = value
        }
        texts.append(Array(text))
        scores.append(piece.score)
        kinds.append(piece.kind)
    }

    private mutating func protectUserDefined() {
        let ids = kinds.indices.filter { kinds[$0] == .userDefined }
        guard !ids.isEmpty else { return }
        var symbols = PieceTrie(byteCount: ids.reduce(0) { $0 + texts[$1].count })
        for id in ids { _ = symbols.insert(texts[id][...], value: Int32(id)) }
        userDefined = symbols
    }

    private mutating func collectBytes() throws(SentencePieceError) {
        var ids = [Int32](repeating: -1, count: 256)
        for (id, value) in byteValues { ids[Int(value)] = id }
        if let missing = ids.firstIndex(of: -1) {
            throw .bytePieceMissing(byte: UInt8(missing))
        }
        byteIDs = ids
    }

    /// The value of a piece written `<0xNN>`.
    private static func byte(_ text: ArraySlice<UInt8>) -> UInt8? {
        let text = Array(text)
        guard text.count == 6, text.starts(with: [0x3C, 0x30, 0x78]), text[5] == 0x3E,
            let high = digit(text[3]), let low = digit(text[4])
        else { return nil }
        return high << 4 | low
    }

    private static func digit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 0x30...0x39: byte - 0x30
        case 0x41...0x46: byte - 0x41 + 10
        default: nil
        }
    }
}
