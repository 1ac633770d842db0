public import SentencePiece

/// Why no vocabulary can be learnt.
public enum VocabularyTrainingError: Error, Equatable, Sendable {
    /// An option is outside the range that its documentation states.
    case optionOutOfRange(Option, given: Double)
    /// The sentences hold no character that could become a piece.
    case noText
    /// The model is to have fewer pieces than it must: `fixed` special and byte pieces, and one
    /// for each of the `characters` that the text needs.
    case sizeTooSmall(given: Int, fixed: Int, characters: Int)
    /// The text has no use for so many pieces; a model of `largest` pieces is possible.
    case sizeTooLarge(given: Int, largest: Int)
    /// The model whose normalisation is to be taken over cannot be read.
    case unreadableNormalization(SentencePieceError)
    /// The model whose normalisation is to be taken over does not make spaces visible as U+2581,
    /// without which words cannot be told apart.
    case spacesNotEscaped

    /// The options that have a range.
    public enum Option: String, Equatable, Sendable, CaseIterable {
        /// `Options.size`.
        case size
        /// `Options.characterCoverage`.
        case characterCoverage
        /// `Options.maximumPieceLength`.
        case maximumPieceLength
        /// `Options.Estimation.seedSize`.
        case seedSize
        /// `Options.Estimation.shrinkingFactor`.
        case shrinkingFactor
        /// `Options.Estimation.stepsPerRound`.
        case stepsPerRound
    }
}

extension VocabularyTrainingError: CustomStringConvertible {
    /// One sentence for a log or a terminal: what was found and what would be right.
    public var description: String {
        switch self {
        case .optionOutOfRange(let option, let given):
            "vocabulary option `\(option.rawValue)` must be \(option.range). "
                + "Given: \(Int(exactly: given).map { "\($0)" } ?? "\(given)")"
        case .noText:
            "the training text is empty; it must have at least one character besides spaces"
        case .sizeTooSmall(let given, let fixed, let characters):
            "vocabulary size must be at least \(fixed + characters): \(fixed) special and byte "
                + "pieces and \(characters) characters of the text. Given: \(given)"
        case .sizeTooLarge(let given, let largest):
            "vocabulary size must be at most \(largest), more pieces the text cannot fill. "
                + "Given: \(given)"
        case .unreadableNormalization(let error):
            "normalisation cannot be taken over: \(error)"
        case .spacesNotEscaped:
            "normalisation cannot be taken over: the SentencePiece model must have "
                + "`escape_whitespaces` on"
        }
    }
}

extension VocabularyTrainingError.Option {
    fileprivate var range: String {
        switch self {
        case .size: "in 1 … 262144"
        case .characterCoverage: "above 0 and at most 1"
        case .maximumPieceLength: "in 1 … 64"
        case .seedSize: "in 1 … 4000000"
        case .shrinkingFactor: "above 0 and below 1"
        case .stepsPerRound: "in 1 … 100"
        }
    }
}
