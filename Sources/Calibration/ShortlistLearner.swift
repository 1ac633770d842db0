public import Checkpoint

/// Learns a lexical shortlist: which target ids a model makes of each source id, counted by the alignments of its own translations.
///
/// Memory grows with the pairs of ids that were seen: about 40 bytes each.
public struct ShortlistLearner: Sendable {
    private struct Link: Hashable {
        let source: Int32
        let target: Int32
    }

    private let sourceSize: Int
    private let endOfSentence: Int
    private var links: [Link: Int] = [:]
    private var targets: [Int: Int] = [:]

    /// - Parameter configuration: of the model.
    public init(_ configuration: ModelConfiguration) {
        sourceSize = configuration.sourceVocabularySize
        endOfSentence = configuration.endOfSentenceID
    }

    /// Counts a translation.
    ///
    /// - Parameters:
    ///   - source: S ids, end of sentence included.
    ///   - target: ids of the translation.
    ///   - alignment: for each of `target` the source position that it was made from, 0 … S − 1.
    public mutating func add(source: [Int], target: [Int], alignment: [Int]) {
        for (id, position) in zip(target, alignment) {
            links[Link(source: Int32(source[position]), target: Int32(id)), default: 0] += 1
            targets[id, default: 0] += 1
        }
    }

    /// The lists for a shortlist, each in order of frequency, the lower id first among equals.
    ///
    /// - Parameters:
    ///   - best: most ids for a source id.
    ///   - frequent: so many ids, the most frequent of all, are candidates of every sentence.
    /// - Returns: target ids for each source id; the frequent ones are those of the end of sentence, which every sentence has.
    public func lists(best: Int, frequent: Int) -> [[Int]] {
        var counted = [[(id: Int, count: Int)]](repeating: [], count: sourceSize)
        for (link, count) in links {
            counted[Int(link.source)].append((Int(link.target), count))
        }
        counted[endOfSentence] = targets.map { ($0.key, $0.value) }
        return counted.enumerated().map { source, ids in
            ids.sorted { ($1.count, $0.id) < ($0.count, $1.id) }
                .prefix(source == endOfSentence ? frequent : best).map(\.id)
        }
    }
}

/// How much of a model's translations a shortlist leaves possible.
public struct ShortlistCoverage: Sendable, Equatable {
    /// Sentences that were counted.
    public private(set) var sentences = 0
    /// Those whose every token is a candidate.
    public private(set) var wholeSentences = 0
    /// Their tokens.
    public private(set) var tokens = 0
    /// Those that are candidates.
    public private(set) var coveredTokens = 0
    /// The sum of the sentences' numbers of candidates.
    public private(set) var candidates = 0

    /// Nothing counted yet.
    public init() {}

    /// Counts a translation at full depth.
    ///
    /// - Parameters:
    ///   - source: ids, end of sentence included.
    ///   - target: ids of its translation among all ids.
    ///   - shortlist: whose candidates are counted.
    public mutating func add(source: [Int], target: [Int], _ shortlist: Shortlist) {
        let candidates = shortlist.candidates(of: source)
        let known = Set(candidates)
        let covered = target.count { known.contains($0) }
        sentences += 1
        wholeSentences += covered == target.count ? 1 : 0
        tokens += target.count
        coveredTokens += covered
        self.candidates += candidates.count
    }
}
