public import LanguageTags

/// A language that a text can be in.
public struct IdentifiedLanguage: Hashable, Sendable {
    /// Its tag.
    public let language: LanguageTag
    /// The probability that the text is in it, 0 to 1: of ten texts with 0.9, nine are.
    public let confidence: Double

    /// A language with its probability.
    public init(language: LanguageTag, confidence: Double) {
        self.language = language
        self.confidence = confidence
    }
}

/// What was found of a text's language.
public struct LanguageIdentification: Hashable, Sendable {
    /// The likeliest language first.
    ///
    /// Empty where the text has no letter of a known script, or none that came into question.
    public let candidates: [IdentifiedLanguage]
    /// Letters that the text has, of any script.
    public let letterCount: Int

    /// The likeliest language, however likely.
    public var best: IdentifiedLanguage? { candidates.first }

    /// The language where there is hardly a doubt: nil says that the text does not tell.
    public var sure: LanguageTag? {
        guard let best, best.confidence >= Self.sureness else { return nil }
        return best.language
    }

    /// The confidence from which a language is sure.
    public static let sureness = 0.9

    /// The probability of a language, 0 where it is not among the candidates.
    public func confidence(of language: LanguageTag) -> Double {
        candidates.first { $0.language == language }?.confidence ?? 0
    }
}
