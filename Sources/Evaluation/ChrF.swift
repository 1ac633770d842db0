/// chrF2 (Popović, 2015) as sacreBLEU counts it by default.
///
/// One reference, characters are code points, n-grams to 6 without white space, no words, β = 2,
/// mixed case; precision and recall are averaged over the orders that both sides have.
public struct ChrF: CorpusMetric {
    /// The counts that chrF follows from.
    public struct Statistics: SegmentStatistics {
        /// For n = 1 … 6.
        var counts = [NGramCounts](repeating: NGramCounts(), count: ChrF.maximumOrder)

        /// No segment at all.
        public init() {}

        /// Adds the counts of other segments.
        public static func += (sum: inout Statistics, other: Statistics) {
            for order in sum.counts.indices {
                sum.counts[order] += other.counts[order]
            }
        }
    }

    private static let maximumOrder = 6
    private static let squaredBeta = 4.0

    /// The one variant that there is.
    public init() {}

    /// In sacreBLEU's form; the version is the one that the tests' figures come from.
    public var signature: String {
        "nrefs:1|case:mixed|eff:yes|nc:6|nw:0|space:no|version:2.6.0"
    }

    /// Counts one segment against its reference; O(code points).
    public func statistics(hypothesis: String, reference: String) -> Statistics {
        let hypothesis = hypothesis.unicodeScalars.filter { !WhiteSpace.contains($0) }
        let reference = reference.unicodeScalars.filter { !WhiteSpace.contains($0) }
        var statistics = Statistics()
        for order in 1...Self.maximumOrder {
            var counts = NGramCounts(
                order: order, hypothesis: Array(hypothesis), reference: Array(reference))
            // sacreBLEU leaves out the hypothesis where the reference has no n-gram of the order.
            if counts.reference == 0 { counts.hypothesis = 0 }
            statistics.counts[order - 1] = counts
        }
        return statistics
    }

    /// The score of summed counts, 0 where nothing matches.
    public func score(_ statistics: Statistics) -> Double {
        let orders = statistics.counts.filter { $0.hypothesis > 0 && $0.reference > 0 }
        guard !orders.isEmpty else { return 0 }
        let count = Double(orders.count)
        let precision =
            orders.map { Double($0.matches) / Double($0.hypothesis) }.reduce(0, +) / count
        let recall = orders.map { Double($0.matches) / Double($0.reference) }.reduce(0, +) / count
        guard precision + recall > 0 else { return 0 }
        return 100 * (1 + Self.squaredBeta) * precision * recall
            / (Self.squaredBeta * precision + recall)
    }
}
