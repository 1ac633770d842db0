/// The pieces of a model, checked: each has a text of its own and a use.
struct PieceTable: Sendable {
    /// Pieces have fewer bytes than this, as in the reference implementation.
    static let pieceByteLimit = 8000

    let pieces: [String]
    let scores: [Float]
    let kinds: [PieceKind]
    /// Pieces that text is matched against, and unused ones.
    let matchable: ByteTrie
    /// User-defined symbols, or nil where the model has none.
    let userDefined: ByteTrie?
    let unknown: UnknownText
    /// Control, unknown and byte pieces: found by name only.
    private let reserved: ByteTrie

    /// What stands for text that no piece covers.
    enum UnknownText: Sendable {
        /// The unknown piece, once for a run of such text.
        case piece(id: Int)
        /// The piece of each byte, by its value; the model can have an unknown piece too.
        case bytes(ids: [Int], unknownID: Int?)
    }

    init(_ file: ModelFile) throws(SentencePieceError) {
        var builder = PieceTableBuilder(file)
        for index in file.pieces.indices { try builder.add(index) }
        pieces = builder.texts
        scores = file.pieces.map(\.score)
        kinds = builder.kinds
        matchable = builder.matchable.build()
        reserved = builder.reserved.build()
        userDefined = builder.userDefinedCount == 0 ? nil : builder.userDefined.build()
        unknown = try builder.unknownText(fallback: file.trainer.hasByteFallback)
    }

    /// The id of the unknown piece, where the model has one.
    var unknownID: Int? {
        switch unknown {
        case .piece(let id): id
        case .bytes(_, let unknownID): unknownID
        }
    }

    /// The id of the piece with this text, or nil where there is none.
    func id(of piece: String) -> Int? {
        reserved.value(of: piece.utf8) ?? matchable.value(of: piece.utf8)
    }

    /// The byte that `<0xNN>` stands for, or nil for any other text.
    static func byte(ofPiece text: String) -> UInt8? {
        let utf8 = text.utf8
        guard utf8.count == 6, text.hasPrefix("<0x"), utf8.last == UInt8(ascii: ">") else {
            return nil
        }
        return utf8.dropFirst(3).prefix(2).reduce(UInt8?.some(0)) { value, digit in
            guard let value, let nibble = Self.nibble(digit) else { return nil }
            return value << 4 | nibble
        }
    }

    private static func nibble(_ digit: UInt8) -> UInt8? {
        switch digit {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
        case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}

/// Checks a model file's pieces one by one, in the order of their ids.
private struct PieceTableBuilder {
    let file: ModelFile
    var texts: [String] = []
    var kinds: [PieceKind] = []
    var matchable = ByteTrieBuilder()
    var reserved = ByteTrieBuilder()
    var userDefined = ByteTrieBuilder()
    var userDefinedCount = 0
    private var matchableCount = 0
    private var unknownID: Int?
    private var byteIDs = [Int?](repeating: nil, count: 256)

    init(_ file: ModelFile) {
        self.file = file
    }

    mutating func add(_ index: Int) throws(SentencePieceError) {
        let piece = file.pieces[index]
        let bytes = file.bytes[piece.text]
        if let fault = fault(in: bytes) { throw .invalidPiece(fault, index: index) }
        texts.append(String(decoding: bytes, as: UTF8.self))
        // Some converters add a piece U+0000 beside <0x00>; the reference implementation keeps
        // such a piece out of use rather than refuse the model.
        let isNull = bytes.elementsEqual([0])
        let kind = isNull && file.trainer.hasByteFallback ? .unused : piece.kind
        kinds.append(kind)
        if isNull && kind == .unused { return }
        if bytes.contains(0) { throw .invalidPiece(.containsNull, index: index) }
        try insert(bytes, kind: kind, index: index)
        if let fault = register(kind, index: index) {
            throw .invalidPiece(fault, index: index)
        }
    }

    private func fault(in bytes: ArraySlice<UInt8>) -> SentencePieceError.PieceFault? {
        if bytes.isEmpty { return .empty }
        if bytes.count >= PieceTable.pieceByteLimit {
            return .tooLong(byteLimit: PieceTable.pieceByteLimit)
        }
        return bytes.span.firstInvalidUTF8() == nil ? nil : .invalidUTF8
    }

    /// Enters the text in its trie.
    ///
    /// In a unigram model a reserved piece can have the same text as another, in a BPE model it
    /// cannot.
    private mutating func insert(
        _ bytes: ArraySlice<UInt8>, kind: PieceKind, index: Int
    ) throws(SentencePieceError) {
        var first =
            kind.isReserved
            ? reserved.insert(bytes, value: index) : matchable.insert(bytes, value: index)
        if first == nil, file.trainer.modelType == .bpe {
            first = kind.isReserved ? matchable.value(of: bytes) : reserved.value(of: bytes)
        }
        if let first { throw .invalidPiece(.duplicate(first: first), index: index) }
        if !kind.isReserved { matchableCount += 1 }
        guard kind == .userDefined else { return }
        userDefinedCount += 1
        _ = userDefined.insert(bytes, value: index)
    }

    private mutating func register(
        _ kind: PieceKind, index: Int
    ) -> SentencePieceError.PieceFault? {
        switch kind {
        case .unknown:
            if let unknownID { return .secondUnknown(first: unknownID) }
            unknownID = index
        case .byte:
            guard file.trainer.hasByteFallback else { return .byteWithoutFallback }
            guard let byte = PieceTable.byte(ofPiece: texts[index]) else { return .invalidByte }
            byteIDs[Int(byte)] = index
        case .normal, .control, .userDefined, .unused: break
        }
        return nil
    }

    func unknownText(fallback: Bool) throws(SentencePieceError) -> PieceTable.UnknownText {
        if file.trainer.modelType == .unigram, matchableCount == 0 { throw .noPieces }
        guard fallback else {
            guard let unknownID else { throw .unknownPieceMissing }
            return .piece(id: unknownID)
        }
        let ids = byteIDs.compactMap { $0 }
        guard ids.count == byteIDs.count else {
            let missing = byteIDs.firstIndex(of: nil) ?? 0
            throw .bytePieceMissing(byte: UInt8(truncatingIfNeeded: missing))
        }
        return .bytes(ids: ids, unknownID: unknownID)
    }
}
