import CorpusPreparation
import TestSupport

/// Texts in two languages that nobody speaks, and what is done with them.
enum Corpus {
    /// Sentences of words that are spelt with the letters of one language.
    static func pairs(_ count: Int, seed: UInt64) -> [SentencePair] {
        var generator = SeededGenerator(seed: seed)
        return (0..<count).map { _ in pair(&generator) }
    }

    /// A pair in which names, numbers and full stops come and go.
    static func pair(_ generator: inout SeededGenerator) -> SentencePair {
        let words = 2 + generator.below(7)
        var source = (0..<words).map { _ in word("abcdefgh", &generator) }
        var target = (0..<words).map { _ in word("ijklmnop", &generator) }
        if generator.below(2) == 0 {
            let name = ["Qort", "Rusvet", "Zyq"][generator.below(3)]
            source[generator.below(words)] = name
            target[generator.below(words)] = name
        }
        if generator.below(3) == 0 {
            let number = "\(2 + generator.below(3_000))"
            source.append(number)
            target.append(number)
        }
        let end = [".", ".", "!", ""][generator.below(4)]
        return SentencePair(
            source: source.joined(separator: " ") + end, target: target.joined(separator: " ") + end
        )
    }

    private static func word(_ letters: String, _ generator: inout SeededGenerator) -> String {
        let letters = Array(letters)
        return String(
            (0..<3 + generator.below(5)).map { _ in letters[generator.below(letters.count)] })
    }

    /// The pairs as lines of one file.
    static func lines(_ pairs: [SentencePair]) -> [RawPair] {
        pairs.enumerated().map { index, pair in
            RawPair(
                PairPlace(input: 0, line: index + 1), source: pair.source, target: pair.target)
        }
    }

    /// Prepares lines.
    ///
    /// - Parameters:
    ///   - lines: all of the text.
    ///   - filters: what pairs have to be like.
    ///   - augmentation: what is added.
    ///   - heldOut: what must not be in it.
    ///   - threads: how many work.
    ///   - part: lines that are given at once.
    /// - Returns: what was made, and the report.
    static func prepare(
        _ lines: [RawPair], _ filters: FilterOptions = FilterOptions(),
        _ augmentation: AugmentationOptions = .none, heldOut: [String] = [], threads: Int = 1,
        part: Int = 1_000
    ) -> (pairs: [PreparedPair], report: PreparationReport) {
        var texts = HeldOutTexts()
        for text in heldOut { texts.insert(text) }
        let parts = stride(from: 0, to: lines.count, by: part).map {
            Array(lines[$0..<min($0 + part, lines.count)])
        }
        var profile = CorpusProfile()
        for part in parts { profile.learn(part, threads: threads) }
        var preparer = CorpusPreparer(
            filters, augmentation, profile: profile, heldOut: texts, threads: threads)
        let pairs = parts.flatMap { preparer.prepare($0) }
        return (pairs, preparer.report)
    }
}
