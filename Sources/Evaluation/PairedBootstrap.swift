import System

/// Whether one system is better than another by more than the choice of test sentences explains.
///
/// Paired bootstrap resampling (Koehn, 2004): both systems are scored on the same resamples of
/// the test set, drawn with replacement. The p-value is sacreBLEU's (`--paired-bs`): the share of
/// resamples whose absolute difference, its mean taken off, exceeds the real one.
public struct PairedBootstrap: Sendable, Equatable {
    /// How many resamples are drawn, and from which seed.
    public struct Options: Sendable, Equatable {
        /// The number of resamples, at least 1; 1,000 as in sacreBLEU.
        public var resamples: Int
        /// The seed; the same seed gives the same result on every machine.
        public var seed: UInt64

        /// Sets both, sacreBLEU's defaults unless told.
        public init(resamples: Int = 1000, seed: UInt64 = 12345) {
            self.resamples = resamples
            self.seed = seed
        }
    }

    /// A system's score with its spread over the resamples.
    public struct Score: Sendable, Equatable {
        /// On the test set itself.
        public let score: Double
        /// The mean over the resamples.
        public let mean: Double
        /// Half the width of the central 95 % of the resamples' scores.
        public let confidenceInterval: Double
    }

    /// The system that is compared with.
    public let baseline: Score
    /// The system that is compared.
    public let system: Score
    /// The probability of a difference this large if the systems were equal, in (0, 1].
    ///
    /// Meaningless where the scores are equal: as in sacreBLEU, a system against itself has
    /// 1 / (resamples + 1), since none of its differences exceeds 0.
    public let pValue: Double
    /// The share of resamples on which the system scores higher than the baseline.
    public let winRate: Double

    /// Compares two systems from their segments' counts.
    ///
    /// - Parameters:
    ///   - metric: what is compared.
    ///   - baseline: the counts of the one system's segments.
    ///   - system: the other's, of the same segments in the same order.
    ///   - options: resamples and seed.
    /// - Throws: `countMismatch`, `emptyCorpus`, `noResamples`.
    public init<Metric: CorpusMetric>(
        _ metric: Metric, baseline: [Metric.Statistics], system: [Metric.Statistics],
        options: Options = Options()
    ) throws(EvaluationError) {
        var generator = SplitMix64(seed: options.seed)
        try self.init(
            metric, baseline: baseline, system: system, resamples: options.resamples,
            using: &generator)
    }

    /// The same with a source of 64 random bits for each segment of each resample.
    ///
    /// Bits b choose segment ⌊b · n / 2^64⌋ of n; the other parameters and errors are as above.
    public init<Metric: CorpusMetric>(
        _ metric: Metric, baseline: [Metric.Statistics], system: [Metric.Statistics],
        resamples: Int, using generator: inout some RandomNumberGenerator
    ) throws(EvaluationError) {
        guard baseline.count == system.count else {
            throw .countMismatch(hypotheses: system.count, references: baseline.count)
        }
        guard !system.isEmpty else { throw .emptyCorpus }
        guard resamples > 0 else { throw .noResamples(resamples) }
        var scores: (baseline: [Double], system: [Double]) = ([], [])
        for _ in 0..<resamples {
            var sums = (baseline: Metric.Statistics(), system: Metric.Statistics())
            for _ in system.indices {
                let index = generator.segment(of: system.count)
                sums.baseline += baseline[index]
                sums.system += system[index]
            }
            scores.baseline.append(metric.score(sums.baseline))
            scores.system.append(metric.score(sums.system))
        }
        self.init(
            baseline: Score(metric.score(baseline.reduce(into: .init(), +=)), scores.baseline),
            system: Score(metric.score(system.reduce(into: .init(), +=)), scores.system),
            differences: zip(scores.system, scores.baseline).map { $0 - $1 })
    }

    private init(baseline: Score, system: Score, differences: [Double]) {
        let count = Double(differences.count)
        let mean = differences.map(\.magnitude).reduce(0, +) / count
        let real = (system.score - baseline.score).magnitude
        let larger = differences.count { $0.magnitude - mean > real }
        self.baseline = baseline
        self.system = system
        pValue = Double(larger + 1) / (count + 1)
        winRate = Double(differences.count { $0 > 0 }) / count
    }
}

extension PairedBootstrap.Score {
    /// A score with the spread of its resamples, of which there is at least one.
    fileprivate init(_ score: Double, _ resamples: [Double]) {
        let interval = resamples.central95
        self.score = score
        mean = resamples.reduce(0, +) / Double(resamples.count)
        confidenceInterval = (interval.upperBound - interval.lowerBound) / 2
    }
}
