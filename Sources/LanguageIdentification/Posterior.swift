import Glibc
import LanguageTags

/// Makes probabilities of the scores of languages.
///
/// The n-grams of a word overlap and are far from independent, so that the sums of naive Bayes claim too much. They are scaled
/// down, the more the longer a text is. That a text is in none of the languages is an outcome too; its score is what such text
/// reaches by chance. The constants make the probabilities true for text that the profiles know nothing of (docs/languages.md).
struct Posterior {
    /// The languages' script.
    let script: LanguageProfiles.Script
    /// Letters of the text in it, 1 or more.
    let letters: Int
    /// Their share of all letters.
    let share: Double

    /// The scores of a text of n letters are divided by √n and multiplied by this.
    private static let scale = 0.4
    /// What a text in none of the languages scores, as a share of what one in one of them does: little is written in a
    /// script of few languages that is in none of them.
    private var chance: Double {
        switch script.languages.count {
        case ...3: 0.1
        case ...20: 0.25
        default: 0.45
        }
    }
    /// Texts in a script of one known language that are in this language.
    private static let alone = 0.99

    /// - Parameter scored: the languages that come into question with their scores in nats.
    /// - Returns: the languages, the likeliest first, those that are out of the question left out.
    func languages(_ scored: [(LanguageTag, Double)]) -> [IdentifiedLanguage] {
        let probabilities = script.languages.count > 1 ? shared(scored.map(\.1)) : [own]
        return zip(scored, probabilities)
            .map { IdentifiedLanguage(language: $0.0, confidence: share * $1) }
            .filter { $0.confidence >= Self.least }
            .sorted {
                ($1.confidence, $0.language.description) < ($0.confidence, $1.language.description)
            }
    }

    private static let least = 0.001

    /// A letter or two may be symbols.
    private var own: Double { Self.alone * (1 - pow(0.5, Double(letters))) }

    private func shared(_ scores: [Double]) -> [Double] {
        let scale = Self.scale / Double(letters).squareRoot()
        let none = chance * script.letterScore * Double(letters) * scale
        let exponents = scores.map { $0 * scale }
        let top = max(none, exponents.max() ?? none)
        let sum = exponents.reduce(exp(none - top)) { $0 + exp($1 - top) }
        return exponents.map { exp($0 - top) / sum }
    }
}
