import System

/// The sentences that were read last, for joining.
struct SentenceWindow {
    private struct Sentence {
        let pair: SentencePair
        let place: PairPlace
        let words: Int
    }
    private var sentences: [Sentence] = []
    /// Where the next one goes once there are `size` of them.
    private var next = 0

    private static let size = 1_024
    /// A joined text has room for so many words at least, if the limit allows.
    private static let leastRoom = 12
    /// Sentences that are drawn to fill the room; longer ones than fit are passed over.
    private static let draws = 16

    /// Keeps a pair whose sides both end as sentences do.
    mutating func add(_ pair: SentencePair, _ place: PairPlace) {
        guard Self.isSentence(pair.source), Self.isSentence(pair.target) else { return }
        let sentence = Sentence(pair: pair, place: place, words: Self.words(pair))
        if sentences.count < Self.size {
            sentences.append(sentence)
        } else {
            sentences[next] = sentence
        }
        next = (next + 1) % Self.size
    }

    /// A pair behind others that have been kept.
    ///
    /// - Parameters:
    ///   - pair: the pair that comes last.
    ///   - place: where it is from.
    ///   - order: which are put before it.
    ///   - limit: words of each side, at most.
    ///   - generator: draws the room to fill, and the sentences.
    /// - Returns: the text with the places of its sentences; nil where there is none to put before it.
    func joined(
        _ pair: SentencePair, _ place: PairPlace, order: AugmentationOptions.JoinOrder, limit: Int,
        using generator: inout SplitMix64
    ) -> (pair: SentencePair, places: [PairPlace])? {
        let least = min(Self.leastRoom, limit)
        let room = least + Int(generator.uniform() * Double(limit - least + 1))
        var left = room - Self.words(pair)
        var chosen: [Sentence] = []
        switch order {
        case .random:
            for _ in 0..<Self.draws where !sentences.isEmpty {
                let drawn = sentences[Int(generator.uniform() * Double(sentences.count))]
                if drawn.words > left || chosen.contains(where: { $0.place == drawn.place }) {
                    continue
                }
                chosen.append(drawn)
                left -= drawn.words
            }
        case .consecutive:
            var line = place.line
            for sentence in newestFirst {
                guard sentence.place == PairPlace(input: place.input, line: line - 1),
                    sentence.words <= left
                else { break }
                chosen.insert(sentence, at: 0)
                left -= sentence.words
                line -= 1
            }
        }
        guard !chosen.isEmpty else { return nil }
        let parts = chosen.map(\.pair) + [pair]
        return (
            SentencePair(
                source: parts.map(\.source).joined(separator: " "),
                target: parts.map(\.target).joined(separator: " ")),
            chosen.map(\.place) + [place]
        )
    }

    private var newestFirst: some Sequence<Sentence> {
        (1...Self.size).lazy.map { (next + Self.size - $0) % Self.size }
            .prefix { $0 < sentences.count }.map { sentences[$0] }
    }

    /// Words of the longer side.
    private static func words(_ pair: SentencePair) -> Int {
        let blank = UInt8(ascii: " ")
        return 1
            + max(pair.source.utf8.count { $0 == blank }, pair.target.utf8.count { $0 == blank })
    }

    private static let ends: Set<Unicode.Scalar> = [".", "!", "?", "…", "。", "！", "？", "।"]
    private static let quotes: Set<Unicode.Scalar> = ["\"", "”", "“", "’", "'", "«", "»", "」", ")"]

    private static func isSentence(_ text: String) -> Bool {
        text.unicodeScalars.reversed().first { !quotes.contains($0) }.map(ends.contains) ?? false
    }
}
