/// The parts of a model file that segmentation, normalisation and decoding need.
///
/// Field numbers and defaults are those of `sentencepiece_model.proto`. As in any protocol buffer,
/// a later occurrence of a field overrides an earlier one, repeated sub-messages are merged, and
/// unknown fields and unknown enumeration values are skipped.
package struct ModelFile {
    /// The file itself, to which the ranges below refer.
    let bytes: [UInt8]
    private(set) var pieces: [Piece] = []
    private(set) var trainer = TrainerSpec()
    package private(set) var normalizer = NormalizerSpec()
    private(set) var denormalizer: NormalizerSpec?

    /// `ModelProto.SentencePiece`.
    struct Piece {
        var text = 0..<0
        var score: Float = 0
        var kind = PieceKind.normal
    }

    /// The fields of `TrainerSpec` that matter after training.
    struct TrainerSpec {
        var modelType = ModelType.unigram
        var treatsWhitespaceAsSuffix = false
        var hasByteFallback = false
        var unknownSurface: Range<Int>?
    }

    /// `TrainerSpec.ModelType`.
    package enum ModelType: UInt64 {
        case unigram = 1
        case bpe = 2
        case word = 3
        case character = 4
    }

    /// `NormalizerSpec` without the fields that only training reads.
    package struct NormalizerSpec {
        var characterMap = 0..<0
        var addsDummyPrefix = true
        var removesExtraWhitespace = true
        package var escapesWhitespace = true
    }

    /// Reads a serialised `ModelProto`.
    package init(_ bytes: [UInt8]) throws(SentencePieceError) {
        self.bytes = bytes
        var reader = ProtobufReader(bytes)
        while let field = try reader.next() {
            switch (field.number, field.payload) {
            case (1, .bytes(let range)):
                let piece = try Self.piece(bytes, range)
                // Refused here: millions of empty pieces would fit into a small file.
                if piece.text.isEmpty { throw .invalidPiece(.empty, index: pieces.count) }
                pieces.append(piece)
            case (2, .bytes(let range)): try trainer.merge(bytes, range)
            case (3, .bytes(let range)): try normalizer.merge(bytes, range)
            case (5, .bytes(let range)):
                var spec = denormalizer ?? NormalizerSpec()
                try spec.merge(bytes, range)
                denormalizer = spec
            default: break
            }
        }
    }

    private static func piece(
        _ bytes: [UInt8], _ range: Range<Int>
    ) throws(SentencePieceError) -> Piece {
        var piece = Piece()
        var reader = ProtobufReader(bytes, in: range)
        while let field = try reader.next() {
            switch (field.number, field.payload) {
            case (1, .bytes(let text)): piece.text = text
            case (2, .fixed32(let bits)): piece.score = Float(bitPattern: bits)
            case (3, .varint(let value)): piece.kind = PieceKind(rawValue: value) ?? piece.kind
            default: break
            }
        }
        return piece
    }
}

/// What a piece is for (`ModelProto.SentencePiece.Type`).
package enum PieceKind: UInt64 {
    /// Found in text by its score.
    case normal = 1
    /// Stands for text that no piece covers.
    case unknown = 2
    /// Never found in text and invisible when decoded, as `</s>`.
    case control = 3
    /// Found in text before any other piece, and not normalised.
    case userDefined = 4
    /// Known by name, and in BPE a step towards other pieces, but never an output.
    case unused = 5
    /// One byte of a character that no piece covers, written `<0xNN>`.
    case byte = 6

    /// Whether text is never matched against the piece.
    var isReserved: Bool { self == .unknown || self == .control || self == .byte }

    /// The text `<0xNN>` of a byte's piece.
    package static func text(ofByte byte: UInt8) -> String {
        let digits = String(byte, radix: 16, uppercase: true)
        return byte < 0x10 ? "<0x0\(digits)>" : "<0x\(digits)>"
    }
}

extension ModelFile.TrainerSpec {
    fileprivate mutating func merge(
        _ bytes: [UInt8], _ range: Range<Int>
    ) throws(SentencePieceError) {
        var reader = ProtobufReader(bytes, in: range)
        while let field = try reader.next() {
            switch (field.number, field.payload) {
            case (3, .varint(let value)):
                modelType = ModelFile.ModelType(rawValue: value) ?? modelType
            case (24, .varint(let value)): treatsWhitespaceAsSuffix = value != 0
            case (35, .varint(let value)): hasByteFallback = value != 0
            case (44, .bytes(let text)): unknownSurface = text
            default: break
            }
        }
    }
}

extension ModelFile.NormalizerSpec {
    fileprivate mutating func merge(
        _ bytes: [UInt8], _ range: Range<Int>
    ) throws(SentencePieceError) {
        var reader = ProtobufReader(bytes, in: range)
        while let field = try reader.next() {
            switch (field.number, field.payload) {
            case (2, .bytes(let blob)): characterMap = blob
            case (3, .varint(let value)): addsDummyPrefix = value != 0
            case (4, .varint(let value)): removesExtraWhitespace = value != 0
            case (5, .varint(let value)): escapesWhitespace = value != 0
            default: break
            }
        }
    }
}
