import Glibc

/// BLEU (Papineni et al., 2002) as sacreBLEU counts it by default (Post, 2018).
///
/// One reference, tokenisation 13a, mixed case, n-grams to 4, exponential smoothing (the k-th
/// order without a match counts as 1 / 2^k matches), no effective order.
public struct BLEU: CorpusMetric {
    /// The counts that BLEU follows from.
    public struct Statistics: SegmentStatistics {
        /// Tokens of the hypotheses.
        public internal(set) var hypothesisLength = 0
        /// Tokens of the references.
        public internal(set) var referenceLength = 0
        /// Matching n-grams for n = 1 … 4, each at most as often as the reference has it.
        public internal(set) var matches = [0, 0, 0, 0]
        /// The hypotheses' n-grams for n = 1 … 4.
        public internal(set) var totals = [0, 0, 0, 0]

        /// No segment at all.
        public init() {}

        /// Adds the counts of other segments.
        public static func += (sum: inout Statistics, other: Statistics) {
            sum.hypothesisLength += other.hypothesisLength
            sum.referenceLength += other.referenceLength
            for order in sum.matches.indices {
                sum.matches[order] += other.matches[order]
                sum.totals[order] += other.totals[order]
            }
        }
    }

    /// A score with the parts that sacreBLEU prints behind it.
    public struct Report: Sendable, Equatable {
        /// BLEU, 0 to 100.
        public let score: Double
        /// Smoothed precisions in percent for n = 1 … 4.
        public let precisions: [Double]
        /// 1, or less where the hypotheses are shorter than the references.
        public let brevityPenalty: Double
    }

    private static let maximumOrder = 4

    /// The one variant that there is.
    public init() {}

    /// In sacreBLEU's form; the version is the one that the tests' figures come from.
    public var signature: String {
        "nrefs:1|case:mixed|eff:no|tok:13a|smooth:exp|version:2.6.0"
    }

    /// Counts one segment against its reference; O(code points).
    public func statistics(hypothesis: String, reference: String) -> Statistics {
        let hypothesis = Tokenizer13a.scalarTokens(of: hypothesis)
        let reference = Tokenizer13a.scalarTokens(of: reference)
        var statistics = Statistics()
        statistics.hypothesisLength = hypothesis.count
        statistics.referenceLength = reference.count
        for order in 1...Self.maximumOrder {
            let counts = NGramCounts(order: order, hypothesis: hypothesis, reference: reference)
            statistics.matches[order - 1] = counts.matches
            statistics.totals[order - 1] = counts.hypothesis
        }
        return statistics
    }

    /// The score of summed counts, 0 where no word matches or an order has no n-gram.
    public func score(_ statistics: Statistics) -> Double {
        report(statistics).score
    }

    /// The score of summed counts with its parts.
    public func report(_ statistics: Statistics) -> Report {
        let penalty = Self.brevityPenalty(statistics)
        let precisions = Self.precisions(statistics)
        guard precisions.allSatisfy({ $0 > 0 }) else {
            return Report(score: 0, precisions: precisions, brevityPenalty: penalty)
        }
        let mean = precisions.map { log($0) }.reduce(0, +) / Double(Self.maximumOrder)
        // The logarithm's rounding would put a perfect score a little above 100.
        return Report(
            score: min(penalty * exp(mean), 100), precisions: precisions, brevityPenalty: penalty)
    }

    private static func brevityPenalty(_ statistics: Statistics) -> Double {
        let hypothesis = Double(statistics.hypothesisLength)
        let reference = Double(statistics.referenceLength)
        guard hypothesis < reference else { return 1 }
        return hypothesis > 0 ? exp(1 - reference / hypothesis) : 0
    }

    private static func precisions(_ statistics: Statistics) -> [Double] {
        var precisions = [Double](repeating: 0, count: maximumOrder)
        guard statistics.matches.contains(where: { $0 > 0 }) else { return precisions }
        var smoothing = 1.0
        for (order, total) in statistics.totals.enumerated() {
            guard total > 0 else { break }
            if statistics.matches[order] == 0 {
                smoothing *= 2
                precisions[order] = 100 / (smoothing * Double(total))
            } else {
                precisions[order] = 100 * Double(statistics.matches[order]) / Double(total)
            }
        }
        return precisions
    }
}
