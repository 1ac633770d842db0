/// How the letters of a sentence are written.
public enum Casing: Sendable, Equatable {
    /// As in running text.
    case running
    /// All letters are capitals.
    case capitals
    /// All words but small ones begin with a capital.
    case title
}

/// Finds the case of a sentence, writes it as running text, and gives a translation its case again.
struct CaseRules {
    let source: LanguageRules
    let target: LanguageRules
    /// Whether capitals follow Turkish rules: i and İ, ı and I.
    let sourceIsTurkic: Bool
    let targetIsTurkic: Bool
    /// How well the model's vocabulary knows a word; more is better.
    let score: (@Sendable (String) -> Double)?

    /// What changes nothing.
    static let none = CaseRules(
        source: .of(nil), target: .of(nil), sourceIsTurkic: false, targetIsTurkic: false,
        score: nil)

    /// A word outside of protected spans.
    private struct Word {
        let range: Range<Int>
        let text: String
        let upper: Int
        let lower: Int
        let isCapitalised: Bool
    }

    /// Writes a sentence in capitals or as a title as running text.
    ///
    /// - Returns: the case that it had. A title stays as it is where there is no vocabulary to ask, since its
    ///   names would be lost.
    func normalise(_ sentence: inout CleanSentence) -> Casing {
        guard score != nil || !hasSmallLetters(sentence) else { return .running }
        let words = words(of: sentence)
        let casing = casing(of: words)
        guard casing != .running else { return .running }
        var isChanged = false
        for (index, word) in words.enumerated() {
            let best = Array(running(word, isFirst: index == 0, casing).unicodeScalars)
            // A word whose small letters are more scalars than its capitals stays as it is.
            guard best.count == word.range.count, String(best) != word.text else { continue }
            sentence.replace(word.range, with: best)
            isChanged = true
        }
        return isChanged ? casing : .running
    }

    /// Whether there is a small letter outside of the spans.
    private func hasSmallLetters(_ sentence: CleanSentence) -> Bool {
        var place = 0
        for span in sentence.spans {
            if hasSmallLetters(sentence.scalars[place..<span.range.lowerBound]) { return true }
            place = span.range.upperBound
        }
        return hasSmallLetters(sentence.scalars[place...])
    }

    private func hasSmallLetters(_ scalars: ArraySlice<Unicode.Scalar>) -> Bool {
        scalars.contains { SentenceBreakClass($0) == .lower }
    }

    private func words(of sentence: CleanSentence) -> [Word] {
        var words: [Word] = []
        var spans = sentence.spans[...]
        var index = 0
        while index < sentence.scalars.count {
            if let span = spans.first, span.range.lowerBound <= index {
                index = max(index, span.range.upperBound)
                spans.removeFirst()
                continue
            }
            let limit = spans.first?.range.lowerBound ?? sentence.scalars.count
            let start = index
            while index < limit, Self.isLetter(sentence.scalars, index, from: start) { index += 1 }
            if index > start { words.append(word(sentence.scalars, start..<index)) }
            index = max(index, start + 1)
        }
        return words
    }

    private static func isLetter(_ scalars: [Unicode.Scalar], _ index: Int, from start: Int) -> Bool
    {
        let type = SentenceBreakClass(scalars[index])
        if type.isLetter || (type == .extend && index > start) { return true }
        return index > start && Line.isApostrophe(scalars[index].value) && index + 1 < scalars.count
            && SentenceBreakClass(scalars[index + 1]).isLetter
    }

    private func word(_ scalars: [Unicode.Scalar], _ range: Range<Int>) -> Word {
        var upper = 0
        var lower = 0
        for index in range {
            switch SentenceBreakClass(scalars[index]) {
            case .upper: upper += 1
            case .lower: lower += 1
            default: break
            }
        }
        return Word(
            range: range, text: String(scalars[range]), upper: upper, lower: lower,
            isCapitalised: SentenceBreakClass(scalars[range.lowerBound]) == .upper)
    }

    /// The case of a sentence's words.
    ///
    /// Capitals: no small letter, and three words of two letters, or fewer with one of five. A title: every word of
    /// the sentence but small ones begins with a capital, three at least, and two of them are surely known better
    /// with small letters: "Ein Mann mit Hut" is none, for German nouns have capitals.
    private func casing(of words: [Word]) -> Casing {
        let cased = words.filter { $0.upper + $0.lower > 0 }
        if cased.allSatisfy({ $0.lower == 0 }) {
            let long = cased.filter { $0.upper >= 2 }
            let isWord = long.contains { $0.upper >= 5 || isKnownSmaller($0) }
            if long.count >= 3 { return .capitals }
            return isWord && (long.count == 2 || cased.count == 1) ? .capitals : .running
        }
        guard score != nil else { return .running }
        let major = cased.filter { !isMinor($0) }
        guard major.count >= 3, major.allSatisfy({ $0.isCapitalised && $0.lower > 0 }) else {
            return .running
        }
        return major.dropFirst().count(where: isSurelySmall) >= 2 ? .title : .running
    }

    /// By how much a word has to be known better with small letters to be surely none with a capital: what rare words
    /// differ by is less, as each is spelt in several pieces either way.
    private static let sureMargin = 4.0

    private func isSurelySmall(_ word: Word) -> Bool {
        guard let score else { return false }
        return score(lowercased(word.text)) > score(word.text) + Self.sureMargin
    }

    private func isMinor(_ word: Word) -> Bool {
        !word.isCapitalised && source.minorWords.contains(word.text)
    }

    /// Whether the vocabulary knows the word better with small letters, which an abbreviation's is not.
    private func isKnownSmaller(_ word: Word) -> Bool {
        guard let score else { return false }
        let lowered = lowercased(word.text)
        return max(score(lowered), score(Self.capitalised(lowered, isTurkic: sourceIsTurkic)))
            > score(word.text)
    }

    /// The word as it stands in running text.
    private func running(_ word: Word, isFirst: Bool, _ casing: Casing) -> String {
        guard word.upper > 0, !source.capitals.contains(word.text) else { return word.text }
        let lowered = lowercased(word.text)
        let capitalised = Self.capitalised(lowered, isTurkic: sourceIsTurkic)
        guard let score else { return isFirst ? capitalised : lowered }
        var candidates = isFirst ? [capitalised] : [lowered, capitalised]
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

    /// Small letters; İ becomes i, and I becomes ı where the source is Turkic.
    private func lowercased(_ text: String) -> String {
        guard sourceIsTurkic || text.unicodeScalars.contains("\u{130}") else {
            return text.lowercased()
        }
        let dotless: Unicode.Scalar = sourceIsTurkic ? "\u{131}" : "i"
        return String(
            text.unicodeScalars.map { $0 == "\u{130}" ? "i" : $0 == "I" ? dotless : $0 }
        ).lowercased()
    }

    /// The text with its first character as a capital.
    static func capitalised(_ text: String, isTurkic: Bool = false) -> String {
        guard let first = text.first else { return text }
        let capital = isTurkic && first == "i" ? "\u{130}" : first.uppercased()
        return capital + text.dropFirst()
    }

    /// Gives a translation the case that its source had; protected spans stay as they are.
    func restore(_ casing: Casing, in translation: String, keeping spans: SpanAudit) -> String {
        switch casing {
        case .running: translation
        case .capitals: spans.mapRest(of: translation) { uppercased($0) }
        case .title: spans.mapRest(of: translation) { titled($0, isWhole: $0 == translation) }
        }
    }

    private func uppercased(_ text: String) -> String {
        guard targetIsTurkic else { return text.uppercased() }
        return String(text.unicodeScalars.map { $0 == "i" ? "\u{130}" : $0 }).uppercased()
    }

    private func titled(_ text: String, isWhole: Bool) -> String {
        var result = ""
        var isFirst = isWhole
        for part in text.split(separator: " ", omittingEmptySubsequences: false) {
            let keeps = !isFirst && target.minorWords.contains(String(part))
            result +=
                keeps ? String(part) : Self.capitalised(String(part), isTurkic: targetIsTurkic)
            result += " "
            if !part.isEmpty { isFirst = false }
        }
        return String(result.dropLast())
    }
}
