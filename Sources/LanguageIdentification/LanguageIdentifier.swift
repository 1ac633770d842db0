public import LanguageTags
import UnicodeText

/// Says which language a text is in.
///
/// Most letters' script says which languages can be. Among these naive Bayes decides, with runs of one to five characters
/// of words (Cavnar and Trenkle 1994; Lui and Baldwin 2012), from profiles that are part of the program. The same text has the
/// same answer everywhere: scores are sums of integers. Time is linear in the text, about 0.1 ms for 1,000 characters.
public enum LanguageIdentifier {
    /// All languages that can be found, by code.
    public static let languages = LanguageProfiles.embedded.tags.sorted {
        $0.description < $1.description
    }

    /// Characters of a text that are looked at; what comes after says little more.
    public static let maximumCharacters = 4000

    /// The languages that a text can be in.
    ///
    /// - Parameters:
    ///   - text: any text.
    ///   - languages: the only ones that come into question; nil for all.
    /// - Returns: the languages with their probabilities.
    public static func identify(
        _ text: String, among languages: Set<LanguageTag>? = nil
    ) -> LanguageIdentification {
        var evidence = Evidence()
        for scalar in text.composed.unicodeScalars.prefix(maximumCharacters) {
            evidence.add(scalar.value)
        }
        return evidence.finished(among: languages)
    }
}

/// What the words of a text say.
private struct Evidence {
    private let profiles = LanguageProfiles.embedded
    private var reader = WordReader()
    private var run = PlainRun()
    /// By script, those of all languages in steps of the profiles; empty where the text has no letter of the script.
    private var scores: [[Int32]]
    /// Letters of each script, and at the end those of unknown ones.
    private var letters: [Int]
    /// A word with what stands before and after it.
    private var padded: [UInt32] = []

    init() {
        scores = Array(repeating: [], count: profiles.scripts.count)
        letters = Array(repeating: 0, count: profiles.scripts.count + 1)
    }

    /// Takes a character; addresses, names of files, numbers and code are passed over.
    mutating func add(_ value: UInt32) {
        if value > 0x20 && value < 0x7F { return run.add(value) }
        endRun()
        read(value)
    }

    private mutating func endRun() {
        if run.isText {
            for value in run.characters { read(value) }
        } else {
            read(GramHash.blank)
        }
        run.removeAll()
    }

    private mutating func read(_ value: UInt32) {
        var ended: (word: [UInt32], script: LetterTable.Kind)?
        reader.read(value) { ended = (copy $0, $1) }
        if let ended { add(ended.word, ended.script) }
    }

    private mutating func add(_ word: [UInt32], _ kind: LetterTable.Kind) {
        guard case .script(let script) = kind else {
            letters[letters.count - 1] += word.count
            return
        }
        letters[script] += word.count
        if scores[script].isEmpty {
            scores[script] = Array(repeating: 0, count: profiles.tags.count)
        }
        guard profiles.scripts[script].languages.count > 1 else { return }
        padded.removeAll(keepingCapacity: true)
        if script != LetterTable.han { padded.append(GramHash.blank) }
        padded.append(contentsOf: word)
        if script != LetterTable.han { padded.append(GramHash.blank) }
        addGrams(script)
    }

    private mutating func addGrams(_ script: Int) {
        let order = profiles.scripts[script].order
        var scores = scores[script].mutableSpan
        for start in padded.indices {
            var hash = GramHash()
            for end in start..<min(start + order, padded.count) {
                hash.add(padded[end])
                guard end > start || padded[end] != GramHash.blank else { continue }
                profiles.add(hash.value, to: &scores)
            }
        }
    }

    mutating func finished(among languages: Set<LanguageTag>?) -> LanguageIdentification {
        endRun()
        var ended: (word: [UInt32], script: LetterTable.Kind)?
        reader.finish { ended = (copy $0, $1) }
        if let ended { add(ended.word, ended.script) }
        return LanguageIdentification(
            candidates: candidates(among: languages), letterCount: letters.reduce(0, +))
    }

    /// A character of these says as much as two of other scripts.
    private static let dense: Set<Int> = [LetterTable.han, LetterTable.hangul]

    private func candidates(among allowed: Set<LanguageTag>?) -> [IdentifiedLanguage] {
        let weights = letters.enumerated().map { Self.dense.contains($0) ? 2 * $1 : $1 }
        let total = weights.reduce(0, +)
        guard let script = profiles.scripts.indices.max(by: { weights[$0] < weights[$1] }),
            weights[script] > 0
        else { return [] }
        var languages = profiles.scripts[script].languages
        if let allowed { languages.removeAll { !allowed.contains(profiles.tags[$0]) } }
        let confidences = Posterior(
            script: profiles.scripts[script], letters: letters[script],
            share: Double(weights[script]) / Double(total)
        ).confidences(languages.map { Self.step * Double(scores[script][$0]) })
        return likeliest(languages, confidences)
    }

    /// The languages in question, the likeliest first; a tag is made of these alone.
    private func likeliest(_ languages: [Int], _ confidences: [Double]) -> [IdentifiedLanguage] {
        zip(languages, confidences).filter { $1 >= Self.least }
            .map { IdentifiedLanguage(language: profiles.tags[$0], confidence: $1) }
            .sorted {
                $0.confidence == $1.confidence
                    ? $0.language.description < $1.language.description
                    : $0.confidence > $1.confidence
            }
    }

    /// Nats that a step of the scores stands for.
    private static let step = 0.5
    /// The confidence below which a language is out of the question.
    private static let least = 0.001
}
