import HeapModule
import SentencePiece

/// Learns merges of neighbours, the most frequent first (Sennrich, Haddow and Birch 2016).
///
/// Of equally frequent pairs the one with the shorter union comes first, then that whose union is
/// first by code points. Counts and occurrences are kept up to date merge by merge, so that a
/// merge costs no more than its occurrences.
struct BPETrainer {
    private static let mergesPerReport = 100

    private let text: TrainingText
    private let maximumLength: Int
    /// The characters of each symbol.
    private var symbols: [[Unicode.Scalar]] = []
    private var symbolIDs: [[Unicode.Scalar]: Int] = [:]
    private var sequence = SymbolSequence()
    private var pairs: [Pair: Occurrences] = [:]
    private var queue = Heap<PairCandidate>()
    /// The merged symbols in the order in which they came to be.
    private var merged: [Int] = []

    /// Two neighbouring symbols.
    private struct Pair: Hashable {
        var left: Int
        var right: Int
    }

    /// Where a pair stands, and how often.
    private struct Occurrences {
        var count = 0
        /// Positions of the left symbol; some may have been overtaken by other merges.
        var positions: [Int] = []
    }

    /// A pair with the count that it had when it was queued.
    private struct PairCandidate: Comparable {
        var pair: Pair
        var count: Int
        var union: [Unicode.Scalar]

        /// Whether the other is merged first.
        static func < (one: Self, other: Self) -> Bool {
            guard one.count == other.count else { return one.count < other.count }
            guard one.union.count == other.union.count else {
                return one.union.count > other.union.count
            }
            guard one.union == other.union else {
                return other.union.lexicographicallyPrecedes(one.union)
            }
            return one.pair.left > other.pair.left
        }
    }

    init(_ text: TrainingText, maximumLength: Int) {
        self.text = text
        self.maximumLength = maximumLength
        for character in text.characters { _ = id(of: [character.scalar]) }
        for unit in text.units {
            let scalars = String(decoding: unit.text, as: UTF8.self).unicodeScalars
            sequence.append(scalars.map { id(of: [$0]) }, count: unit.count)
        }
        countPairs()
    }

    /// Merges in their order, then the characters by their frequency; fewer than `size` where no
    /// pair is left.
    consuming func pieces(
        atMost size: Int, _ progress: (VocabularyTrainer.Progress) -> Void
    ) -> [LearntPiece] {
        while merged.count + text.characters.count < size, let pair = nextPair() {
            let isNew = merge(pair)
            if isNew, merged.count.isMultiple(of: Self.mergesPerReport) {
                progress(.merged(pieces: merged.count))
            }
        }
        let order = merged.map { symbols[$0] } + text.characters.map { [$0.scalar] }
        return order.enumerated().map { rank, scalars in
            LearntPiece(
                text: scalars.flatMap { Array(String($0).utf8) }, score: -Float(rank))
        }
    }

    /// The symbol of these characters, made where there is none.
    private mutating func id(of scalars: [Unicode.Scalar]) -> Int {
        if let id = symbolIDs[scalars] { return id }
        symbolIDs[scalars] = symbols.count
        symbols.append(scalars)
        return symbols.count - 1
    }

    private mutating func countPairs() {
        var changed: [Pair] = []
        for position in sequence.positions {
            if let pair = pair(at: position), add(pair, at: position) { changed.append(pair) }
        }
        for pair in changed { enqueue(pair) }
    }

    private func pair(at position: Int) -> Pair? {
        guard let next = sequence.next(of: position) else { return nil }
        return Pair(left: sequence.symbol(at: position), right: sequence.symbol(at: next))
    }

    /// Counts one more occurrence, if the pair may be merged; true for the pair's first.
    private mutating func add(_ pair: Pair, at position: Int) -> Bool {
        guard symbols[pair.left].count + symbols[pair.right].count <= maximumLength else {
            return false
        }
        let count = sequence.count(at: position)
        pairs[pair, default: Occurrences()].positions.append(position)
        pairs[pair, default: Occurrences()].count += count
        return pairs[pair]?.count == count
    }

    private mutating func enqueue(_ pair: Pair) {
        guard let count = pairs[pair]?.count, count > 0 else { return }
        queue.insert(
            PairCandidate(
                pair: pair, count: count, union: symbols[pair.left] + symbols[pair.right]))
    }

    /// The most frequent pair; candidates whose count has fallen since are queued anew.
    private mutating func nextPair() -> Pair? {
        while let best = queue.popMax() {
            guard let count = pairs[best.pair]?.count else { continue }
            if count == best.count { return best.pair }
            if count < best.count { enqueue(best.pair) }
        }
        return nil
    }

    /// Joins the pair wherever it stands; true where its union is a symbol that was not there.
    private mutating func merge(_ pair: Pair) -> Bool {
        let known = symbols.count
        let union = id(of: symbols[pair.left] + symbols[pair.right])
        let occurrences = pairs.removeValue(forKey: pair) ?? Occurrences()
        var grown: Set<Pair> = []
        for position in occurrences.positions where self.pair(at: position) == pair {
            guard let right = sequence.next(of: position) else { continue }
            let previous = sequence.previous(of: position)
            if let previous { remove(at: previous) }
            remove(at: right)
            sequence.join(position, with: right, to: union)
            for start in [previous, position].compactMap({ $0 }) {
                guard let formed = self.pair(at: start) else { continue }
                _ = add(formed, at: start)
                grown.insert(formed)
            }
        }
        // The order of a set differs from run to run, that of the queue must not depend on it:
        // `precedes` is a strict order of all pairs.
        for pair in grown { enqueue(pair) }
        if union == known { merged.append(union) }
        return union == known
    }

    /// Takes one occurrence of the pair that begins at `position` out of the counts.
    private mutating func remove(at position: Int) {
        guard let pair = pair(at: position), let index = pairs.index(forKey: pair) else { return }
        pairs.values[index].count -= sequence.count(at: position)
    }
}
