/// What is wrong with a SentencePiece model.
///
/// Every case carries the facts that the caller needs to act; `description` turns them into one
/// sentence that says what was found, where, and what would be right.
public enum SentencePieceError: Error, Equatable, Sendable {
    /// The model is larger than `byteLimit`, the most that is ever loaded.
    case modelTooLarge(byteLimit: Int)
    /// The bytes are not a protocol buffer message; `offset` is where reading stopped.
    case malformedMessage(MessageFault, offset: Int)
    /// The model segments into words or characters, which this library does not do.
    case unsupportedModelType(ModelType)
    /// The model holds no piece that text could be segmented into.
    case noPieces
    /// The piece at `index`, its id, breaks a rule of the format.
    case invalidPiece(PieceFault, index: Int)
    /// No piece stands for unknown text and bytes are not used in its place.
    case unknownPieceMissing
    /// Byte fallback is on and the piece of `byte` is missing.
    case bytePieceMissing(byte: UInt8)
    /// The precompiled character map of the normaliser or denormaliser does not add up.
    case invalidCharacterMap(CharacterMapFault)

    /// The segmentation algorithms of the format that are recognised and refused.
    public enum ModelType: Equatable, Sendable {
        /// Pieces are whole words.
        case word
        /// Pieces are single characters.
        case character
    }

    /// How a protocol buffer message is broken.
    public enum MessageFault: Equatable, Sendable {
        /// A field says that it goes on behind the end of its message.
        case truncated
        /// A variable-length integer has more than ten bytes.
        case overlongInteger
        /// The field number is 0 or above 2²⁹ − 1.
        case invalidFieldNumber
        /// The wire type is a group or undefined; SentencePiece writes neither.
        case unsupportedWireType(UInt8)
    }

    /// Which rule a piece breaks.
    public enum PieceFault: Equatable, Sendable {
        /// The piece has no text.
        case empty
        /// The piece has `byteLimit` bytes or more.
        case tooLong(byteLimit: Int)
        /// The piece's text is not UTF-8.
        case invalidUTF8
        /// The piece's text holds U+0000.
        case containsNull
        /// The piece of id `first` has the same text.
        case duplicate(first: Int)
        /// The piece of id `first` is the unknown piece already.
        case secondUnknown(first: Int)
        /// A byte piece in a model whose byte fallback is off.
        case byteWithoutFallback
        /// A byte piece not written as `<0xNN>` with two upper-case hexadecimal digits.
        case invalidByte
        /// The score of a unigram piece is infinite or not a number.
        case scoreNotFinite
    }

    /// Which part of a precompiled character map is broken.
    public enum CharacterMapFault: Equatable, Sendable {
        /// The stated size of the trie does not fit the map or is no multiple of 1,024 bytes.
        case trieSize(Int)
        /// The trie's entry at `unit` points outside the trie or its replacements.
        case trieUnit(Int)
        /// The replacements do not end with a zero byte.
        case unterminated
        /// A replacement has more than `byteLimit` bytes.
        case replacementTooLong(byteLimit: Int)
    }
}

extension SentencePieceError: CustomStringConvertible {
    /// One sentence for a log or a terminal: what was found, where, and what would be right.
    public var description: String {
        switch self {
        case .modelTooLarge(let byteLimit):
            "SentencePiece model is larger than the limit of \(byteLimit) bytes"
        case .malformedMessage(let fault, let offset):
            "SentencePiece model is not a valid protocol buffer: \(fault.text) at byte \(offset)"
        case .unsupportedModelType(let type):
            "SentencePiece model segments into \(type.text); it must be a unigram or BPE model"
        case .noPieces:
            "SentencePiece model holds no normal or user-defined piece; it must have at least one"
        case .invalidPiece(let fault, let index):
            "SentencePiece piece \(index) \(fault.text)"
        case .unknownPieceMissing:
            "SentencePiece model has no unknown piece; it must have one, or byte fallback"
        case .bytePieceMissing(let byte):
            "SentencePiece model has byte fallback but no piece for byte \(byte); it must have 256"
        case .invalidCharacterMap(let fault):
            "SentencePiece precompiled character map is broken: \(fault.text)"
        }
    }
}

extension SentencePieceError.ModelType {
    fileprivate var text: String {
        switch self {
        case .word: "words"
        case .character: "characters"
        }
    }
}

extension SentencePieceError.MessageFault {
    fileprivate var text: String {
        switch self {
        case .truncated: "a field runs past the end of its message"
        case .overlongInteger: "an integer has more than ten bytes"
        case .invalidFieldNumber: "a field number is outside 1 … 536870911"
        case .unsupportedWireType(let type): "wire type \(type) is not one of 0, 1, 2 and 5"
        }
    }
}

extension SentencePieceError.PieceFault {
    fileprivate var text: String {
        switch self {
        case .empty: "is empty"
        case .tooLong(let byteLimit): "must have fewer than \(byteLimit) bytes"
        case .invalidUTF8: "is not valid UTF-8"
        case .containsNull: "contains U+0000"
        case .duplicate(let first): "has the same text as piece \(first)"
        case .secondUnknown(let first): "is unknown, as piece \(first) is already"
        case .byteWithoutFallback: "is a byte piece, and the model's byte fallback is off"
        case .invalidByte: "is a byte piece and must be written <0x00> … <0xFF>"
        case .scoreNotFinite: "has a score that is not a finite number"
        }
    }
}

extension SentencePieceError.CharacterMapFault {
    fileprivate var text: String {
        switch self {
        case .trieSize(let size):
            "a trie of \(size) bytes does not fit; it must be a positive multiple of 1024"
        case .trieUnit(let unit): "trie unit \(unit) points outside the map"
        case .unterminated: "the replacements do not end with a zero byte"
        case .replacementTooLong(let byteLimit): "a replacement exceeds \(byteLimit) bytes"
        }
    }
}
