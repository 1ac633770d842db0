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
///
/// An object, since each text that is prepared has it with it.
final class CaseRules: Sendable {
    let running: RunningCase
    let target: LanguageRules
    /// Whether capitals follow Turkish rules: i and İ, ı and I.
    let targetIsTurkic: Bool

    init(running: RunningCase, target: LanguageRules, targetIsTurkic: Bool) {
        self.running = running
        self.target = target
        self.targetIsTurkic = targetIsTurkic
    }

    /// What changes nothing.
    static let none = CaseRules(
        running: RunningCase(rules: .of(nil), isTurkic: false, score: nil, usualForm: nil),
        target: .of(nil), targetIsTurkic: false)

    /// Writes a sentence as running text: one in capitals, a title, and one in small letters where a truecaser knows how
    /// words are usually written.
    ///
    /// - Parameters:
    ///   - sentence: the sentence.
    ///   - words: its words.
    /// - Returns: the case that the translation is given again. A title stays as it is where there is no vocabulary to
    ///   ask, since its names would be lost.
    func normalise(_ sentence: inout CleanSentence, _ words: [CasedWord]) -> Casing {
        let casing = casing(of: words)
        if casing == .running {
            guard running.usualForm != nil, words.contains(where: { $0.lower > 0 }),
                !words.contains(where: { $0.upper > 0 })
            else { return .running }
        }
        let isSentence =
            casing != .running || words.count >= Self.sentenceWords || sentence.endsWithTerminator
        let start = sentence.spans.first?.range.lowerBound ?? .max
        let forms = running.forms(
            of: words, in: sentence.scalars, casing,
            begins: isSentence && words.first.map { $0.range.lowerBound < start } ?? false)
        return replace(words, by: forms, in: &sentence) ? casing : .running
    }

    /// The fewest words that read as a sentence without a mark at their end.
    static let sentenceWords = 3

    /// Writes words in another form; one whose small letters are more scalars than its capitals stays as it is, and so does one that would
    /// become a single scalar of several.
    ///
    /// - Returns: whether any word changed.
    private func replace(
        _ words: [CasedWord], by forms: [String], in sentence: inout CleanSentence
    ) -> Bool {
        var changes: [(range: Range<Int>, text: [Unicode.Scalar])] = []
        for (word, form) in zip(words, forms) {
            let text = Array(form.unicodeScalars)
            let fits =
                text.count == word.range.count || text.count > 1 && text.count < word.range.count
            guard fits, text != Array(sentence.scalars[word.range]) else { continue }
            changes.append((word.range, text))
        }
        sentence.replace(changes)
        return !changes.isEmpty
    }

    /// The case of a sentence's words; what is in small letters counts as running text.
    ///
    /// Capitals: no small letter, and three words of two letters, or fewer with one of five. A title: every word of
    /// the sentence but small ones begins with a capital, three at least, and two of them are surely known better
    /// with small letters: "Ein Mann mit Hut" is none, for German nouns have capitals.
    private func casing(of words: [CasedWord]) -> Casing {
        let cased = words.filter { $0.upper + $0.lower > 0 }
        if cased.allSatisfy({ $0.lower == 0 }) {
            let long = cased.filter { $0.upper >= 2 }
            let isWord = long.contains { $0.upper >= 5 || running.isKnownSmaller($0) }
            if long.count >= 3 { return .capitals }
            return isWord && (long.count == 2 || cased.count == 1) ? .capitals : .running
        }
        guard running.score != nil else { return .running }
        let major = cased.filter { !isMinor($0) }
        guard major.count >= 3, major.allSatisfy({ $0.isCapitalised && $0.lower > 0 }) else {
            return .running
        }
        return major.dropFirst().count(where: running.isSurelySmall) >= 2 ? .title : .running
    }

    private func isMinor(_ word: CasedWord) -> Bool {
        !word.isCapitalised && running.rules.minorWords.contains(word.text)
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
