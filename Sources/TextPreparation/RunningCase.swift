/// How words are written in running text: what the model's truecaser knows, or what its vocabulary knows best.
struct RunningCase: Sendable {
    let rules: LanguageRules
    /// Whether capitals follow Turkish rules: i and İ, ı and I.
    let isTurkic: Bool
    /// How well the model's vocabulary knows a word; more is better.
    let score: (@Sendable (String) -> Double)?
    /// How a word is usually written within a sentence.
    let usualForm: (@Sendable (_ word: String, _ previous: String?) -> String?)?

    /// By how much a word has to be known better with small letters to be surely none with a capital: what rare words
    /// differ by is less, as each is spelt in several pieces either way.
    private static let sureMargin = 4.0

    /// Whether a word with a capital stands in running text with small letters only.
    func isSurelySmall(_ word: CasedWord) -> Bool {
        let lowered = lowercased(word.text)
        if let form = known(lowered, after: nil) { return form == lowered }
        guard let score else { return false }
        return score(lowered) > score(word.text) + Self.sureMargin
    }

    /// Whether a word in capitals is known better with small letters, which an abbreviation's is not.
    func isKnownSmaller(_ word: CasedWord) -> Bool {
        let lowered = lowercased(word.text)
        if let form = known(lowered, after: nil) { return form != word.text }
        guard let score else { return false }
        return max(score(lowered), score(capitalised(lowered))) > score(word.text)
    }

    /// The words of a sentence as they stand in running text.
    ///
    /// - Parameters:
    ///   - words: all of it.
    ///   - scalars: the sentence.
    ///   - casing: how the sentence is written; `running` where it is in small letters.
    ///   - begins: whether the first word begins a sentence.
    /// - Returns: a form for each word.
    func forms(
        of words: [CasedWord], in scalars: [Unicode.Scalar], _ casing: Casing, begins: Bool
    ) -> [String] {
        var end = 0
        var previous: String?
        return words.enumerated().map { index, word in
            let isNext = word.range.lowerBound == end + 1 && scalars[end].isBlank
            let isFirst = index == 0 && begins
            let form = form(of: word, after: isNext ? previous : nil, casing, isFirst: isFirst)
            end = word.range.upperBound
            previous = lowercased(word.text)
            // A name may begin with a small letter: iPhone.
            return isFirst && form == lowercased(form) ? capitalised(form) : form
        }
    }

    private func form(
        of word: CasedWord, after previous: String?, _ casing: Casing, isFirst: Bool
    ) -> String {
        guard casing == .running || word.upper > 0, !rules.capitals.contains(word.text) else {
            return word.text
        }
        let lowered = lowercased(word.text)
        let capital = capitalised(lowered)
        if let form = known(lowered, after: previous) { return form }
        if let form = knownWithSharpS(lowered, after: previous) { return form }
        if let form = knownByLastPart(lowered) { return form }
        guard word.upper > 0 else { return rules.capitals.contains(capital) ? capital : lowered }
        guard let score else { return lowered }
        var candidates = isFirst ? [capital] : [lowered, capital]
        // Short words may be abbreviations; in a title the word as it stands is one of the others or a name.
        if casing == .title || word.upper <= 5 { candidates.append(word.text) }
        var best = candidates[0]
        var highest = score(best)
        for candidate in candidates.dropFirst() where candidate != best {
            let value = score(candidate)
            if value > highest { (best, highest) = (candidate, value) }
        }
        return best
    }

    /// What the truecaser says, where that are the letters of the word.
    private func known(_ lowered: String, after previous: String?) -> String? {
        guard let form = usualForm?(lowered, previous), lowercased(form) == lowered else {
            return nil
        }
        return form
    }

    /// The same of a word whose ß is written as ss, as it is in capitals and on keyboards that lack it.
    private func knownWithSharpS(_ lowered: String, after previous: String?) -> String? {
        let scalars = Array(lowered.unicodeScalars)
        var sharp: [Unicode.Scalar] = []
        for scalar in scalars {
            if scalar == "s", sharp.last == "s" {
                sharp[sharp.count - 1] = "ß"
            } else {
                sharp.append(scalar)
            }
        }
        return sharp.count < scalars.count ? known(String(sharp), after: previous) : nil
    }

    /// The shortest last part of a compound that tells its case, in scalars.
    private static let shortestPart = 4
    /// The longest, and the longest compound that is looked at: the work for a word has a bound.
    private static let longestPart = 32
    private static let longestCompound = 64

    /// A compound is a noun if its last part is one, in languages that write nouns with capitals.
    private func knownByLastPart(_ lowered: String) -> String? {
        guard rules.capitalisesNouns, usualForm != nil else { return nil }
        let scalars = Array(lowered.unicodeScalars)
        let count = scalars.count
        guard (2 * Self.shortestPart - 1...Self.longestCompound).contains(count) else { return nil }
        let first = max(Self.shortestPart - 1, count - Self.longestPart)
        for start in first...(count - Self.shortestPart) {
            let part = String(scalars[start...])
            guard let form = known(part, after: nil) else { continue }
            return form == part ? lowered : capitalised(lowered)
        }
        return nil
    }

    /// Small letters; İ becomes i, and I becomes ı where the language is Turkic.
    private func lowercased(_ text: String) -> String {
        guard isTurkic || text.unicodeScalars.contains("\u{130}") else { return text.lowercased() }
        let dotless: Unicode.Scalar = isTurkic ? "\u{131}" : "i"
        return String(
            text.unicodeScalars.map { $0 == "\u{130}" ? "i" : $0 == "I" ? dotless : $0 }
        ).lowercased()
    }

    private func capitalised(_ text: String) -> String {
        CaseRules.capitalised(text, isTurkic: isTurkic)
    }
}
