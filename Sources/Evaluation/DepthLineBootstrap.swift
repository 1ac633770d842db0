import System

/// Whether exit policies lie above the line through the fixed depths by more than the choice of test
/// sentences explains.
///
/// A policy that leaves at layer 2.4 on average has to beat what depths 2 and 3 offer at that price:
/// the linear interpolation of their scores at 2.4. As in the paired bootstrap (Koehn, 2004), policy
/// and depths are scored on the same resamples of the test set, and the policy's average exit, at
/// which the line is read, is taken anew on each of them.
public struct DepthLineBootstrap<Metric: CorpusMetric>: Sendable {
    /// What a policy made of a test set: three arrays of one element for each sentence.
    public struct Run: Sendable {
        /// The counts that the score follows from.
        public var statistics: [Metric.Statistics]
        /// The sum of the exit layers of the sentence's tokens.
        public var layersRun: [Int]
        /// The number of the sentence's tokens, end of sentence included; may be 0.
        public var tokens: [Int]

        /// Puts the three together; `DepthLineBootstrap.compare` checks that they fit.
        public init(statistics: [Metric.Statistics], layersRun: [Int], tokens: [Int]) {
            self.statistics = statistics
            self.layersRun = layersRun
            self.tokens = tokens
        }
    }

    private let metric: Metric
    /// N arrays, depth 1 first.
    private let depths: [[Metric.Statistics]]
    /// The sentences of each resample.
    private let draws: [[Int]]
    /// The scores of the N depths on the set itself, and on each resample.
    private let line: DepthLine
    private let resampledLines: [DepthLine]

    /// Scores the fixed depths on all resamples, once for all policies.
    ///
    /// Takes time O(resamples · sentences · N) and holds resamples · sentences indices.
    ///
    /// - Parameters:
    ///   - metric: what is compared.
    ///   - depths: the counts of the sentences at depth 1, at depth 2 … at depth N, every time the
    ///     same sentences in the same order.
    ///   - options: resamples and seed; the same as a `PairedBootstrap`'s give the same resamples.
    /// - Throws: `noDepths`, `countMismatch`, `emptyCorpus`, `noResamples`.
    public init(
        _ metric: Metric, depths: [[Metric.Statistics]],
        options: PairedBootstrap.Options = PairedBootstrap.Options()
    ) throws(EvaluationError) {
        var generator = SplitMix64(seed: options.seed)
        try self.init(
            metric, depths: depths, resamples: options.resamples, using: &generator)
    }

    /// The same with a source of 64 random bits for each sentence of each resample.
    ///
    /// Bits b choose sentence ⌊b · n / 2^64⌋ of n; the other parameters and errors are as above.
    public init(
        _ metric: Metric, depths: [[Metric.Statistics]], resamples: Int,
        using generator: inout some RandomNumberGenerator
    ) throws(EvaluationError) {
        guard let count = depths.first?.count else { throw .noDepths }
        for depth in depths where depth.count != count {
            throw .countMismatch(hypotheses: depth.count, references: count)
        }
        guard count > 0 else { throw .emptyCorpus }
        guard resamples > 0 else { throw .noResamples(resamples) }
        self.metric = metric
        self.depths = depths
        var draws: [[Int]] = []
        for _ in 0..<resamples {
            draws.append((0..<count).map { _ in generator.segment(of: count) })
        }
        self.draws = draws
        line = Self.line(metric, depths, drawn: Array(0..<count))
        resampledLines = draws.map { Self.line(metric, depths, drawn: $0) }
    }

    /// Holds a policy against the line.
    ///
    /// A resample without any token has no average exit; its line is read at depth 1. Takes time
    /// O(resamples · sentences).
    ///
    /// - Parameter run: what the policy made of the same sentences, in the same order.
    /// - Returns: the difference of the scores with its interval.
    /// - Throws: `countMismatch`, `layersOutOfRange`.
    public func compare(_ run: Run) throws(EvaluationError) -> DepthLineComparison {
        try check(run)
        let differences = zip(draws, resampledLines).map { drawn, line in
            difference(run, drawn: drawn, line)
        }
        return DepthLineComparison(
            difference: difference(run, drawn: Array(run.tokens.indices), line),
            interval: differences.central95,
            shareAbove: Double(differences.count { $0 > 0 }) / Double(differences.count))
    }

    private func check(_ run: Run) throws(EvaluationError) {
        let count = depths[0].count
        for found in [run.statistics.count, run.layersRun.count, run.tokens.count]
        where found != count {
            throw .countMismatch(hypotheses: found, references: count)
        }
        for (index, tokens) in run.tokens.enumerated() {
            let (most, overflow) = tokens.multipliedReportingOverflow(by: depths.count)
            let expected = tokens < 0 || overflow ? 0...0 : tokens...most
            guard expected.contains(run.layersRun[index]), !overflow else {
                throw .layersOutOfRange(
                    sentence: index, layersRun: run.layersRun[index], expected: expected)
            }
        }
    }

    private func difference(_ run: Run, drawn: [Int], _ line: DepthLine) -> Double {
        var sum = Metric.Statistics()
        var (layers, tokens) = (0.0, 0.0)
        for index in drawn {
            sum += run.statistics[index]
            layers += Double(run.layersRun[index])
            tokens += Double(run.tokens[index])
        }
        return metric.score(sum) - line.score(at: tokens > 0 ? layers / tokens : 1)
    }

    private static func line(
        _ metric: Metric, _ depths: [[Metric.Statistics]], drawn: [Int]
    ) -> DepthLine {
        DepthLine(
            scores: depths.map { depth in
                var sum = Metric.Statistics()
                for index in drawn { sum += depth[index] }
                return metric.score(sum)
            })
    }
}

/// How far a policy is above the line through the fixed depths.
public struct DepthLineComparison: Sendable, Equatable {
    /// The policy's score less the line's at the policy's average exit, on the test set itself.
    public let difference: Double
    /// The central 95 % of the difference over the resamples.
    public let interval: ClosedRange<Double>
    /// The share of resamples on which the policy is above the line.
    public let shareAbove: Double

    /// Whether all of the interval is above 0.
    public var isSignificant: Bool { interval.lowerBound > 0 }

    /// States a comparison.
    public init(difference: Double, interval: ClosedRange<Double>, shareAbove: Double) {
        self.difference = difference
        self.interval = interval
        self.shareAbove = shareAbove
    }
}

/// The scores of depths 1 … N, joined by straight lines.
private struct DepthLine: Sendable {
    /// N of them, at least one.
    let scores: [Double]

    /// The score at a depth between layers, 1 … N.
    func score(at depth: Double) -> Double {
        let lower = min(max(Int(depth), 1), scores.count)
        let upper = min(lower + 1, scores.count)
        let share = depth - Double(lower)
        return scores[lower - 1] + share * (scores[upper - 1] - scores[lower - 1])
    }
}
