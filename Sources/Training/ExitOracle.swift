public import Checkpoint
import Glibc

/// Where tokens or sentences ought to leave: the oracles of method.md §3, all mass on one exit.
public struct ExitOracle: Sendable {
    /// What is looked at.
    public let oracle: ExitsConfiguration.Oracle
    /// λ, the price of a layer.
    public let lambda: Double
    /// σ, the width of the smoothing in exp(−(t − t')²/σ).
    public let sigma: Double

    /// All three.
    public init(_ oracle: ExitsConfiguration.Oracle, lambda: Double, sigma: Double) {
        self.oracle = oracle
        self.lambda = lambda
        self.sigma = sigma
    }

    /// What the exits gave in one sentence of T positions.
    public struct Sentence: Sendable {
        /// LL_t^n, [N][T].
        public let logProbabilities: [[Float]]
        /// argmax p_n, [N][T].
        public let best: [[Int]]
        /// y_t, [T].
        public let targets: [Int]

        /// All three.
        public init(logProbabilities: [[Float]], best: [[Int]], targets: [Int]) {
            self.logProbabilities = logProbabilities
            self.best = best
            self.targets = targets
        }
    }

    /// The exit 1 … N of each position: argmax_n S_t^n − λn, the lowest among equals.
    public func tokenExits(_ sentence: Sentence) -> [Int] {
        let scores = smoothed(scores(sentence))
        return sentence.targets.indices.map { t in
            exit(layers: scores.count) { scores[$0][t] }
        }
    }

    /// The exit 1 … N of the whole sentence: argmax_n Σ_t S_t^n − λn, the lowest among equals.
    public func sequenceExit(_ sentence: Sentence) -> Int {
        let sums = scores(sentence).map { $0.reduce(0, +) }
        return exit(layers: sums.count) { sums[$0] }
    }

    /// Whether each exit below the last agrees with it, [N − 1][T].
    public static func agreement(_ sentence: Sentence) -> [[Bool]] {
        guard let last = sentence.best.last else { return [] }
        return sentence.best.dropLast().map { exit in zip(exit, last).map { $0 == $1 } }
    }

    private func scores(_ sentence: Sentence) -> [[Double]] {
        switch oracle {
        case .likelihood, .smoothedLikelihood:
            sentence.logProbabilities.map { $0.map(Double.init) }
        case .correctness, .smoothedCorrectness:
            sentence.best.map { exit in
                zip(exit, sentence.targets).map { $0 == $1 ? 1 : 0 }
            }
        case .agreement:
            sentence.best.map { exit in
                zip(exit, sentence.best.last ?? exit).map { $0 == $1 ? 1 : 0 }
            }
        }
    }

    /// S̃_t = Σ_t' exp(−(t − t')²/σ) S_t'.
    private func smoothed(_ scores: [[Double]]) -> [[Double]] {
        guard oracle == .smoothedLikelihood || oracle == .smoothedCorrectness, sigma > 0 else {
            return scores
        }
        let count = scores.first?.count ?? 0
        let kernel = (0..<count).map { exp(-Double($0 * $0) / sigma) }
        return scores.map { exit in
            (0..<count).map { t in
                (0..<count).reduce(0) { $0 + kernel[abs(t - $1)] * exit[$1] }
            }
        }
    }

    private func exit(layers: Int, _ score: (Int) -> Double) -> Int {
        var best = 0
        for n in 1..<max(layers, 1)
        where score(n) - lambda * Double(n + 1) > score(best) - lambda * Double(best + 1) {
            best = n
        }
        return best + 1
    }
}
