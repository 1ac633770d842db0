import Glibc

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

    /// How likely the text is in each of some languages.
    ///
    /// - Parameter scores: those of the languages that come into question, in nats.
    /// - Returns: a probability for each, 0 to 1.
    func confidences(_ scores: [Double]) -> [Double] {
        let probabilities = script.languages.count > 1 ? shared(scores) : scores.map { _ in own }
        return probabilities.map { share * $0 }
    }

    /// A letter or two may be symbols.
    private var own: Double { Self.alone * (1 - pow(0.5, Double(letters))) }

    private func shared(_ scores: [Double]) -> [Double] {
        let scale = Self.scale / Double(letters).squareRoot()
        let none = chance * script.letterScore * Double(letters) * scale
        let exponents = scores.map { $0 * scale }
        let top = exponents.reduce(none, max)
        let powers = exponents.map { exp($0 - top) }
        let sum = powers.reduce(exp(none - top), +)
        return powers.map { $0 / sum }
    }
}
