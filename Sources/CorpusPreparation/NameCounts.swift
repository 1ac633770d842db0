/// Which capitalised words are names: those that stand on both sides of a pair alike, nearly always.
///
/// The counts stand in tables of 2¹⁸ places, 3 MiB, which different words may share.
struct NameCounts: Sendable {
    private struct Counts {
        var source: UInt32 = 0
        var target: UInt32 = 0
        var both: UInt32 = 0
    }
    private var counts = [Counts](repeating: Counts(), count: Self.size)

    private static let size = 1 << 18
    /// Pairs in which a name has been seen on both sides, at least.
    private static let leastPairs: UInt32 = 3
    /// Share of these in all in which it stands on one side, at least.
    private static let leastShare = 0.75

    /// Counts the capitalised words of a pair.
    mutating func learn(_ pair: SentencePair) {
        let source = Self.candidates(pair.source)
        let target = Self.candidates(pair.target)
        for word in source {
            counts[Self.place(word)].source += 1
            if target.contains(word) { counts[Self.place(word)].both += 1 }
        }
        for word in target { counts[Self.place(word)].target += 1 }
    }

    /// Whether a word is a name.
    func isName(_ word: Substring) -> Bool {
        guard Self.hasShape(word) else { return false }
        let counts = counts[Self.place(word)]
        return counts.both >= Self.leastPairs
            && Double(counts.both)
                >= Self.leastShare * Double(Swift.max(counts.source, counts.target))
    }

    /// One capital and at least two other letters.
    private static func hasShape(_ word: Substring) -> Bool {
        let scalars = word.unicodeScalars
        guard let first = scalars.first, first.properties.isUppercase else { return false }
        let rest = scalars.dropFirst()
        return rest.count >= 2 && rest.allSatisfy(\.properties.isLowercase)
    }

    private static func candidates(_ text: String) -> Set<Substring> {
        Set(PlainToken.tokens(of: text).map(\.core).filter(hasShape))
    }

    private static func place(_ word: Substring) -> Int {
        Int(truncatingIfNeeded: ContentHash.of(String(word)) >> 46)
    }
}
