public import Decoding

/// What a request's progress is made of.
///
/// Tokens come for greedy search alone, for a beam may drop what it had, and for sentences whose text is that of their
/// tokens: not where something is protected, the case changes, or the sentence is parted. Sentences come for all.
public enum TranslationEvent: Sendable {
    /// A sentence got one more token.
    case token(TokenEvent)
    /// A sentence is finished.
    case sentence(SentenceEvent)
}

/// A finished sentence.
public struct SentenceEvent: Sendable {
    /// Which of the request's texts.
    public let index: Int
    /// Which of the text's sentences.
    public let sentence: Int
    /// Its translation.
    public let text: String
    /// What it cost.
    public let compute: ComputeRecord
}

/// One more token of a sentence.
public struct TokenEvent: Sendable {
    /// Which of the request's texts.
    public let index: Int
    /// Which of the text's sentences.
    public let sentence: Int
    /// Which of its tokens, 0 for the first.
    public let position: Int
    /// Id, exit layer, log-probability.
    public let token: DecodedToken
    /// Its piece.
    public let piece: String
    /// The characters that are complete with it: those of all tokens in a row are the sentence.
    public let text: String
}
