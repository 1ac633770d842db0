import UnicodeText

/// Sentences in another case, or without their full stop.
enum Rewriting {
    /// A pair in another case.
    ///
    /// - Parameters:
    ///   - pair: a pair of the text.
    ///   - kind: `lower`, `upper` or `title`.
    ///   - keepsTarget: whether only the source changes.
    /// - Returns: nil where nothing changes, as in scripts without case.
    static func cased(
        _ pair: SentencePair, _ kind: Augmentation, keepsTarget: Bool
    ) -> SentencePair? {
        let source = cased(pair.source, kind)
        let target = keepsTarget ? pair.target : cased(pair.target, kind)
        guard source != pair.source, keepsTarget || target != pair.target else { return nil }
        return SentencePair(source: source, target: target)
    }

    /// A pair without the full stop at the end; nil where one side has none, or several.
    static func unstopped(_ pair: SentencePair) -> SentencePair? {
        guard let source = unstopped(pair.source), let target = unstopped(pair.target) else {
            return nil
        }
        return SentencePair(source: source, target: target)
    }

    private static func cased(_ text: String, _ kind: Augmentation) -> String {
        text.words.map { word in
            if PlainToken(word).isVerbatim { return String(word) }
            return switch kind {
            case .lower: word.lowercased()
            case .upper: word.uppercased()
            default: capitalized(word)
            }
        }.joined(separator: " ").composed
    }

    /// A word whose first letter is a capital.
    private static func capitalized(_ word: Substring) -> String {
        guard let first = word.firstIndex(where: \.isLetter) else { return String(word) }
        return word[..<first] + titlecase(word[first]) + word[word.index(after: first)...]
    }

    private static func titlecase(_ letter: Character) -> String {
        guard let first = letter.unicodeScalars.first else { return "" }
        return first.properties.titlecaseMapping
            + String(String.UnicodeScalarView(letter.unicodeScalars.dropFirst()))
    }

    private static let stops: Set<Unicode.Scalar> = [".", "。", "।"]

    private static func unstopped(_ text: String) -> String? {
        let scalars = text.unicodeScalars
        guard let last = scalars.last, stops.contains(last),
            let before = scalars.dropLast().last,
            before.isLetter || before.properties.numericType != nil
        else { return nil }
        return String(scalars.dropLast())
    }
}
