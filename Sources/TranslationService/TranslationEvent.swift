public import Decoding

/// What a request's progress is made of.
///
/// Tokens come for greedy search alone, for a beam may drop what it had; sentences come for both.
public enum TranslationEvent: Sendable {
    /// A text got one more token.
    case token(TokenEvent)
    /// The text with this index is finished.
    case sentence(index: Int, Translation)
}

/// One more token of a text.
public struct TokenEvent: Sendable {
    /// Which of the request's texts.
    public let index: Int
    /// Which of its tokens, 0 for the first.
    public let position: Int
    /// Id, exit layer, log-probability.
    public let token: DecodedToken
    /// Its piece.
    public let piece: String
    /// The characters that are complete with it: those of all tokens in a row are the text.
    public let text: String
}
