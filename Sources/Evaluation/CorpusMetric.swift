/// Counts of one segment or of many, which are added before a score is made of them.
public protocol SegmentStatistics: Sendable, Equatable {
    /// No segment at all.
    init()
    /// Adds the counts of other segments.
    static func += (sum: inout Self, other: Self)
}

/// A score of a whole corpus that follows from the sum of its segments' counts.
public protocol CorpusMetric: Sendable {
    /// The counts that the score follows from.
    associatedtype Statistics: SegmentStatistics

    /// Counts one segment against its one reference.
    func statistics(hypothesis: String, reference: String) -> Statistics

    /// The score, 0 to 100, of summed counts.
    func score(_ statistics: Statistics) -> Double

    /// What sacreBLEU prints beside the score, so that others can repeat it.
    var signature: String { get }
}

/// Why texts cannot be compared.
public enum EvaluationError: Error, Sendable, Equatable {
    /// There are not as many hypotheses as references.
    case countMismatch(hypotheses: Int, references: Int)
    /// There is nothing to score.
    case emptyCorpus
    /// A bootstrap needs at least one resample.
    case noResamples(Int)
    /// The line through the fixed depths needs at least one of them.
    case noDepths
    /// The exit layers of a sentence, from 0, cannot add up to this with N layers.
    case layersOutOfRange(sentence: Int, layersRun: Int, expected: ClosedRange<Int>)
}

extension EvaluationError: CustomStringConvertible {
    /// What was given and what would be right.
    public var description: String {
        switch self {
        case .countMismatch(let hypotheses, let references):
            "found \(hypotheses) hypotheses for \(references) references; expected one for each"
        case .emptyCorpus: "found no sentence; expected at least one"
        case .noResamples(let count): "found \(count) resamples; expected at least 1"
        case .noDepths: "found no fixed depth; expected depths 1 to N"
        case .layersOutOfRange(let sentence, let layersRun, let expected):
            "sentence \(sentence): found exit layers that add up to \(layersRun); expected "
                + "\(expected.lowerBound) to \(expected.upperBound)"
        }
    }
}

extension CorpusMetric {
    /// Scores a corpus.
    ///
    /// - Parameters:
    ///   - hypotheses: a translation for each segment.
    ///   - references: one reference for each segment, in the same order.
    /// - Returns: the score, 0 to 100.
    /// - Throws: `countMismatch`, `emptyCorpus`.
    public func score(
        hypotheses: [String], references: [String]
    ) throws(EvaluationError) -> Double {
        score(try total(hypotheses: hypotheses, references: references))
    }

    /// The summed counts of a corpus; parameters and errors as for `score`.
    public func total(
        hypotheses: [String], references: [String]
    ) throws(EvaluationError) -> Statistics {
        try segments(hypotheses: hypotheses, references: references).reduce(into: .init(), +=)
    }

    /// The counts of every segment of a corpus; parameters and errors as for `score`.
    public func segments(
        hypotheses: [String], references: [String]
    ) throws(EvaluationError) -> [Statistics] {
        guard hypotheses.count == references.count else {
            throw .countMismatch(hypotheses: hypotheses.count, references: references.count)
        }
        guard !hypotheses.isEmpty else { throw .emptyCorpus }
        return zip(hypotheses, references).map { statistics(hypothesis: $0, reference: $1) }
    }
}

/// How often n-grams of one order occur in a hypothesis, in its reference, and in both.
struct NGramCounts: Sendable, Equatable {
    var hypothesis = 0
    var reference = 0
    /// Each n-gram as often as it occurs in the one that has fewer of it.
    var matches = 0

    init() {}

    /// Counts all runs of `order` elements; O(elements · order).
    init<Element: Hashable>(order: Int, hypothesis: [Element], reference: [Element]) {
        self.hypothesis = max(hypothesis.count - order + 1, 0)
        self.reference = max(reference.count - order + 1, 0)
        var unmatched: [ArraySlice<Element>: Int] = [:]
        for start in 0..<self.reference {
            unmatched[reference[start..<start + order], default: 0] += 1
        }
        for start in 0..<self.hypothesis {
            let run = hypothesis[start..<start + order]
            guard let count = unmatched[run], count > 0 else { continue }
            unmatched[run] = count - 1
            matches += 1
        }
    }

    static func += (sum: inout NGramCounts, other: NGramCounts) {
        sum.hypothesis += other.hypothesis
        sum.reference += other.reference
        sum.matches += other.matches
    }
}
