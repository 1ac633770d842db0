import System

/// Whether exit policies lie above the line through the fixed depths by more than the choice of test
/// sentences explains.
///
/// A policy that leaves at layer 2.4 on average has to beat what depths 2 and 3 offer at that price:
/// the linear interpolation of their scores at 2.4. Where the price is operations for a token, the line goes
/// through what each depth costs. As in the paired bootstrap (Koehn, 2004), policy
/// and depths are scored on the same resamples of the test set, and the prices, at
/// which the line is read, are taken anew on each of them.
public struct DepthLineBootstrap<Metric: CorpusMetric>: Sendable {
    /// What a policy or a depth made of a test set: four arrays of one element for each sentence.
    public struct Run: Sendable {
        /// The counts that the score follows from.
        public var statistics: [Metric.Statistics]
        /// The sum of the exit layers of the sentence's tokens.
        public var layersRun: [Int]
        /// The number of the sentence's tokens, end of sentence included; may be 0.
        public var tokens: [Int]
        /// The decoder's operations for the sentence.
        public var operations: [Int]

        /// Puts the four together; `DepthLineBootstrap` checks that they fit.
        public init(
            statistics: [Metric.Statistics], layersRun: [Int], tokens: [Int], operations: [Int]
        ) {
            self.statistics = statistics
            self.layersRun = layersRun
            self.tokens = tokens
            self.operations = operations
        }
    }

    private let metric: Metric
    private let layerCount: Int
    /// The sentences of each resample.
    private let draws: [[Int]]
    /// Of the N depths, on the set itself and on each resample.
    private let lines: Lines
    private let resampledLines: [Lines]

    /// Both lines on one sample.
    private struct Lines: Sendable {
        let exits: DepthLine
        let operations: DepthLine
    }

    /// What a run came to on one sample.
    private struct Point {
        let score: Double
        /// The mean over its tokens; nil where it has none.
        let averageExit: Double?
        let operationsPerToken: Double?
    }

    /// Scores the fixed depths on all resamples, once for all policies.
    ///
    /// Takes time O(resamples · sentences · N) and holds resamples · sentences indices.
    ///
    /// - Parameters:
    ///   - metric: what is compared.
    ///   - depths: what depth 1, depth 2 … depth N made of the test set, every time the
    ///     same sentences in the same order.
    ///   - options: resamples and seed; the same as a `PairedBootstrap`'s give the same resamples.
    /// - Throws: `noDepths`, `countMismatch`, `layersOutOfRange`, `emptyCorpus`, `noResamples`.
    public init(
        _ metric: Metric, depths: [Run],
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
        _ metric: Metric, depths: [Run], resamples: Int,
        using generator: inout some RandomNumberGenerator
    ) throws(EvaluationError) {
        guard let count = depths.first?.statistics.count else { throw .noDepths }
        for depth in depths { try Self.check(depth, sentences: count, layers: depths.count) }
        guard count > 0 else { throw .emptyCorpus }
        guard resamples > 0 else { throw .noResamples(resamples) }
        self.metric = metric
        layerCount = depths.count
        var draws: [[Int]] = []
        for _ in 0..<resamples {
            draws.append((0..<count).map { _ in generator.segment(of: count) })
        }
        self.draws = draws
        lines = Self.lines(metric, depths, drawn: Array(0..<count))
        resampledLines = draws.map { Self.lines(metric, depths, drawn: $0) }
    }

    /// Holds a policy against the line.
    ///
    /// A sample without any token has no average exit and no price; its line is read at depth 1. Takes time
    /// O(resamples · sentences).
    ///
    /// - Parameter run: what the policy made of the same sentences, in the same order.
    /// - Returns: the differences of the scores with their intervals.
    /// - Throws: `countMismatch`, `layersOutOfRange`.
    public func compare(_ run: Run) throws(EvaluationError) -> DepthLineComparisons {
        let count = draws[0].count
        try Self.check(run, sentences: count, layers: layerCount)
        let whole = Self.point(metric, run, drawn: Array(0..<count))
        let points = draws.map { Self.point(metric, run, drawn: $0) }
        func comparison(_ difference: (Point, Lines) -> Double) -> DepthLineComparison {
            let differences = zip(points, resampledLines).map(difference)
            return DepthLineComparison(
                difference: difference(whole, lines), interval: differences.central95,
                shareAbove: Double(differences.count { $0 > 0 }) / Double(differences.count))
        }
        return DepthLineComparisons(
            exits: comparison { $0.score - $1.exits.score(at: $0.averageExit) },
            operations: comparison { $0.score - $1.operations.score(at: $0.operationsPerToken) })
    }

    private static func check(
        _ run: Run, sentences: Int, layers: Int
    ) throws(EvaluationError) {
        let counts = [
            run.statistics.count, run.layersRun.count, run.tokens.count, run.operations.count,
        ]
        for found in counts where found != sentences {
            throw .countMismatch(hypotheses: found, references: sentences)
        }
        for (index, tokens) in run.tokens.enumerated() {
            let (most, overflow) = tokens.multipliedReportingOverflow(by: layers)
            let expected = tokens < 0 || overflow ? 0...0 : tokens...most
            guard expected.contains(run.layersRun[index]), !overflow else {
                throw .layersOutOfRange(
                    sentence: index, layersRun: run.layersRun[index], expected: expected)
            }
        }
    }

    private static func point(_ metric: Metric, _ run: Run, drawn: [Int]) -> Point {
        var sum = Metric.Statistics()
        var (layers, operations, tokens) = (0.0, 0.0, 0.0)
        for index in drawn {
            sum += run.statistics[index]
            layers += Double(run.layersRun[index])
            operations += Double(run.operations[index])
            tokens += Double(run.tokens[index])
        }
        return Point(
            score: metric.score(sum), averageExit: tokens > 0 ? layers / tokens : nil,
            operationsPerToken: tokens > 0 ? operations / tokens : nil)
    }

    private static func lines(_ metric: Metric, _ depths: [Run], drawn: [Int]) -> Lines {
        let points = depths.map { point(metric, $0, drawn: drawn) }
        return Lines(
            exits: DepthLine(
                points.enumerated().map { (price: Double($0.offset + 1), score: $0.element.score) }
            ),
            operations: DepthLine(
                points.map { (price: $0.operationsPerToken ?? 0, score: $0.score) }))
    }
}

/// A policy against the lines through the fixed depths.
public struct DepthLineComparisons: Sendable, Equatable {
    /// At the same average exit.
    public let exits: DepthLineComparison
    /// At the same operations for a token, at most full depth's.
    public let operations: DepthLineComparison

    /// Whether the policy is significantly above one of the lines.
    public var isSignificant: Bool { exits.isSignificant || operations.isSignificant }

    /// Puts both together.
    public init(exits: DepthLineComparison, operations: DepthLineComparison) {
        self.exits = exits
        self.operations = operations
    }
}

/// How far a policy is above the line through the fixed depths.
public struct DepthLineComparison: Sendable, Equatable {
    /// The policy's score less the line's at the policy's price, on the test set itself.
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

/// The scores of depths 1 … N over their prices, joined by straight lines.
private struct DepthLine: Sendable {
    /// N of them, at least one, by ascending prices.
    private let points: [(price: Double, score: Double)]

    init(_ points: [(price: Double, score: Double)]) {
        self.points = points.sorted { $0.price < $1.price }
    }

    /// The score at a price; at one below or above all of them that of the nearest depth, without a price that of the cheapest.
    func score(at price: Double?) -> Double {
        guard let price, let upper = points.firstIndex(where: { $0.price >= price }) else {
            return points[price == nil ? 0 : points.count - 1].score
        }
        guard upper > 0 else { return points[0].score }
        let (low, high) = (points[upper - 1], points[upper])
        return low.score + (price - low.price) / (high.price - low.price) * (high.score - low.score)
    }
}
