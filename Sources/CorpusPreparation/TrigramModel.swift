import Glibc

/// How often three characters follow one another in one language, by the text itself.
///
/// Letters are compared in lower case, and everything between words counts as one blank. The counts stand in a table of 2¹⁸
/// places, 2 MiB, which different trigrams may share.
struct TrigramModel: Sendable {
    private var counts = [Double](repeating: 0, count: Self.size)
    private var total = 0.0

    private static let size = 1 << 18
    /// What is added to every count, for trigrams that were never seen.
    private static let smoothing = 0.5

    /// Counts a text's trigrams.
    mutating func learn(_ places: [Int]) {
        for place in places { counts[place] += 1 }
        total += Double(places.count)
    }

    /// The logarithm of a trigram's probability, without what one text has added to the counts.
    ///
    /// - Parameters:
    ///   - place: of the trigram.
    ///   - text: how often the text has each trigram, if it was counted.
    /// - Returns: ln p, smoothed.
    func logProbability(_ place: Int, without text: [Int: Double]?) -> Double {
        let own = text?[place] ?? 0
        return log(
            (max(counts[place] - own, 0) + Self.smoothing)
                / (total + Self.smoothing * Double(Self.size)))
    }

    /// The places of a text's trigrams, in their order.
    static func places(_ text: String) -> [Int] {
        var places: [Int] = []
        var (first, second): (UInt32, UInt32) = (0, blank)
        for scalar in text.lowercased().unicodeScalars {
            let isLetter = scalar.isLetter
            if !isLetter, second == blank { continue }
            let third = isLetter ? scalar.value : blank
            if first != 0 { places.append(place(first, second, third)) }
            (first, second) = (second, third)
        }
        if first != 0, second != blank { places.append(place(first, second, blank)) }
        return places
    }

    private static let blank: UInt32 = 0x20

    private static func place(_ first: UInt32, _ second: UInt32, _ third: UInt32) -> Int {
        // A code point has 21 bits. The multiplier is that of Fibonacci hashing, 2⁶⁴ / φ.
        let key = UInt64(first) << 42 | UInt64(second) << 21 | UInt64(third)
        return Int((key &* 0x9E37_79B9_7F4A_7C15) >> 46)
    }
}

/// Tells the two languages of a corpus apart.
struct LanguageTest: Sendable {
    private var source = TrigramModel()
    private var target = TrigramModel()

    /// Counts a pair.
    mutating func learn(_ pair: SentencePair) {
        source.learn(TrigramModel.places(pair.source))
        target.learn(TrigramModel.places(pair.target))
    }

    /// How much better a side of a pair fits its own side of the text than the other one.
    ///
    /// - Parameters:
    ///   - pair: a pair of the text.
    ///   - wasLearnt: whether the pair is in the counts. It does not speak for itself there: what both sides have in common would
    ///     speak for the other side.
    /// - Returns: for each side the mean of ln p(own) − ln p(other) over its trigrams, and how many these are.
    func odds(_ pair: SentencePair, wasLearnt: Bool) -> [(mean: Double, count: Int)] {
        let places = [pair.source, pair.target].map(TrigramModel.places)
        let own = places.map { wasLearnt ? Self.counts($0) : nil }
        let models = [source, target]
        return [0, 1].map { side in
            var sum = 0.0
            for place in places[side] {
                sum += models[side].logProbability(place, without: own[side])
                sum -= models[1 - side].logProbability(place, without: own[1 - side])
            }
            return (sum / Double(max(places[side].count, 1)), places[side].count)
        }
    }

    private static func counts(_ places: [Int]) -> [Int: Double] {
        places.reduce(into: [:]) { $0[$1, default: 0] += 1 }
    }
}
