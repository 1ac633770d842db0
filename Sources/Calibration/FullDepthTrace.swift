/// What every exit said of every token of the full-depth outputs: enough to guess what thresholds do.
///
/// A guess takes the states of full depth as given and lets each token leave by itself. That is exact
/// only while every token before has left at N; it costs no network and serves to choose the draws that
/// are worth decoding. Nothing that is reported comes from it.
public struct FullDepthTrace: Sendable {
    /// What thresholds would come to if exits did not change later states.
    public struct Estimate: Sendable, Equatable {
        /// Mean exit, 1 … N.
        public let averageExit: Double
        /// The share of tokens that are full depth's, 0 … 1.
        public let agreement: Double

        /// States a guess.
        public init(averageExit: Double, agreement: Double) {
            self.averageExit = averageExit
            self.agreement = agreement
        }
    }

    /// BLEU of full depth, 0 to 100.
    public let bleu: Double
    /// N.
    public let layerCount: Int
    private let policy: ThresholdPolicy
    /// N − 1 for each token.
    private var probabilities: [Double] = []
    private var agrees: [Bool] = []

    init(bleu: Double, layerCount: Int, policy: ThresholdPolicy) {
        self.bleu = bleu
        self.layerCount = layerCount
        self.policy = policy
    }

    /// Adds a token: the signals of layers 1 … N − 1 and the tokens of exits 1 … N.
    mutating func append(signals: [Float], tokens: [Int]) {
        probabilities += signals.map(policy.probability)
        agrees += tokens.dropLast().map { $0 == tokens.last }
    }

    /// Guesses what thresholds, N − 1 of them, come to; O(tokens · N).
    public func estimate(_ thresholds: [Double]) -> Estimate {
        let width = layerCount - 1
        let count = width > 0 ? agrees.count / width : 0
        var exits = 0
        var agreeing = 0
        for token in 0..<count {
            var n = 0
            while n < width,
                !policy.leaves(
                    probability: probabilities[token * width + n], threshold: thresholds[n])
            { n += 1 }
            exits += n + 1
            if n == width || agrees[token * width + n] { agreeing += 1 }
        }
        let total = Double(max(count, 1))
        return Estimate(averageExit: Double(exits) / total, agreement: Double(agreeing) / total)
    }
}
