import Evaluation
import System

/// Random search for thresholds (method.md §3), with guesses that say which draws to measure.
///
/// Measured are: the same threshold in all layers, 0.05 … 0.95; thresholds that stand for a fixed depth;
/// half of the draws from τ ~ U(0,1)^{N−1}; the other half, in two rounds, near the best of each segment.
/// Of every kind of random draw many more are made than measured: those whose guessed agreement with
/// full depth is highest in their segment are taken, the segments in turn. All thresholds are multiples
/// of 0.001, so that a file can hold what was measured.
public struct ThresholdSearch: Sendable {
    /// How to search.
    public struct Options: Sendable {
        /// Random draws that are measured.
        public var draws = 500
        /// The same seed gives the same draws for the same guesses.
        public var seed: UInt64 = 1
        /// Every token leaves here at the latest, 1 … N: τ is 0 from this layer on.
        public var maximumLayer: Int

        /// The defaults above for a decoder of N layers.
        public init(layerCount: Int) {
            maximumLayer = layerCount
        }
    }

    private let layerCount: Int
    private let segments: CostSegments
    private let options: Options
    private static let candidatesPerDraw = 20
    private static let refinementRounds = 2

    /// A search over N − 1 thresholds.
    ///
    /// - Parameters:
    ///   - layerCount: N, at least 2.
    ///   - segments: where the best is wanted.
    ///   - options: how to search.
    public init(layerCount: Int, segments: CostSegments, options: Options) {
        precondition(layerCount > 1 && (1...layerCount).contains(options.maximumLayer))
        self.layerCount = layerCount
        self.segments = segments
        self.options = options
    }

    /// Measurements that a run makes.
    public var measurementCount: Int { anchors.count + options.draws }

    /// Searches.
    ///
    /// - Parameters:
    ///   - estimate: guesses, cheaply; asked 20 times for each draw.
    ///   - measure: measures.
    /// - Returns: all that was measured, in that order.
    /// - Throws: what `measure` throws.
    public func run<Fault: Error>(
        estimate: ([Double]) -> FullDepthTrace.Estimate,
        measure: ([Double]) throws(Fault) -> Measurement
    ) throws(Fault) -> [Measurement] {
        var generator = SplitMix64(seed: options.seed)
        var measured: [Measurement] = []
        for thresholds in anchors { measured.append(try measure(thresholds)) }
        var left = options.draws
        for round in 0...Self.refinementRounds {
            let count = round == Self.refinementRounds ? left : left / 2
            left -= count
            let centres = segments.best(of: measured).sorted { $0.key < $1.key }
                .map(\.value.thresholds)
            let candidates = (0..<count * Self.candidatesPerDraw).map { index in
                round == 0 || centres.isEmpty
                    ? random(&generator) : near(centres[index % centres.count], &generator)
            }
            for thresholds in select(count, from: candidates, estimate) {
                measured.append(try measure(thresholds))
            }
        }
        return measured
    }

    /// Draws that are measured whatever the guess: equal thresholds, and those of a fixed depth.
    private var anchors: [[Double]] {
        let equal = (1..<20).map { [Double](repeating: Double($0) / 20, count: layerCount - 1) }
        let fixed = (1...options.maximumLayer).map { depth in
            (1..<layerCount).map { $0 < depth ? 1.0 : 0 }
        }
        return (equal + fixed).map(bounded)
    }

    private func random(_ generator: inout SplitMix64) -> [Double] {
        bounded((1..<layerCount).map { _ in Double.random(in: 0...1, using: &generator) })
    }

    /// A step from the best of a segment: up to ±0.15 in every layer, and one layer anew half of the time.
    private func near(
        _ centre: [Double], _ generator: inout SplitMix64
    ) -> [Double] {
        var thresholds = centre.map { $0 + Double.random(in: -0.15...0.15, using: &generator) }
        if Bool.random(using: &generator) {
            let layer = Int.random(in: thresholds.indices, using: &generator)
            thresholds[layer] = Double.random(in: 0...1, using: &generator)
        }
        return bounded(thresholds)
    }

    /// In 0 … 1, in thousandths, and 0 from the greatest layer on.
    private func bounded(_ thresholds: [Double]) -> [Double] {
        thresholds.enumerated().map { index, threshold in
            index + 1 >= options.maximumLayer
                ? 0 : (1000 * min(max(threshold, 0), 1)).rounded() / 1000
        }
    }

    /// The candidates of the highest guessed agreement, the segments in turn.
    private func select(
        _ count: Int, from candidates: [[Double]],
        _ estimate: ([Double]) -> FullDepthTrace.Estimate
    ) -> [[Double]] {
        var queues = [[(thresholds: [Double], agreement: Double)]](
            repeating: [], count: segments.bounds.count)
        for thresholds in candidates {
            let guess = estimate(thresholds)
            guard let index = segments.index(of: guess.averageExit) else { continue }
            queues[index].append((thresholds, guess.agreement))
        }
        for index in queues.indices {
            // Ascending, so that the best can be taken off the end.
            queues[index].sort { $0.agreement < $1.agreement }
        }
        var selected: [[Double]] = []
        while selected.count < count, queues.contains(where: { !$0.isEmpty }) {
            for index in queues.indices where selected.count < count {
                if let best = queues[index].popLast() { selected.append(best.thresholds) }
            }
        }
        return selected
    }
}
