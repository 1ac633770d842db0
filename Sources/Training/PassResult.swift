/// What the exits and heads gave on some sentences, as sums.
public struct PassResult: Sendable, Equatable {
    /// Sums over the target positions that one exit was asked about.
    public struct Exit: Sendable, Equatable {
        /// Σ of the training loss, smoothing and teacher included.
        public var loss = 0.0
        /// Σ of −log p(y).
        public var negativeLogLikelihood = 0.0
        /// Positions where y is the most probable.
        public var correct = 0
        /// Positions.
        public var count = 0

        /// The mean of −log p(y), in nats; not a number where there was no position.
        public var meanNegativeLogLikelihood: Double { negativeLogLikelihood / Double(count) }
        /// The share of positions where y is the most probable.
        public var accuracy: Double { Double(correct) / Double(count) }
    }

    /// Number n − 1 is exit n.
    public var exits: [Exit]
    /// Σ of the loss of each head, in the order of the objective.
    public var heads: [Double]
    /// Σ of the exits 1 … N that the oracle of each head chose.
    public var oracleExits: [Int]
    /// How many choices that were.
    public var oracleCounts: [Int]
    /// The part of L that this is, weighted: what the gradient belongs to.
    public var objective = 0.0
    /// Target positions, end of sentence counted.
    public var targetTokens = 0
    /// Source positions, end of sentence counted.
    public var sourceTokens = 0
    /// Σ over cross-attention rows of greatest weight ÷ uniform weight, and how many rows.
    public var crossFocus = (sum: 0.0, count: 0)

    /// Nothing yet.
    public init(exits: Int, heads: Int) {
        self.exits = Array(repeating: Exit(), count: exits)
        self.heads = Array(repeating: 0, count: heads)
        oracleExits = Array(repeating: 0, count: heads)
        oracleCounts = Array(repeating: 0, count: heads)
    }

    /// How many times the uniform weight the greatest cross-attention weight is on average.
    ///
    /// 1 means that attention has collapsed: every target position sees the mean of the source.
    public var meanCrossFocus: Double {
        crossFocus.count == 0 ? .nan : crossFocus.sum / Double(crossFocus.count)
    }

    /// Adds what other sentences gave.
    public static func += (a: inout PassResult, b: PassResult) {
        for index in a.exits.indices {
            a.exits[index].loss += b.exits[index].loss
            a.exits[index].negativeLogLikelihood += b.exits[index].negativeLogLikelihood
            a.exits[index].correct += b.exits[index].correct
            a.exits[index].count += b.exits[index].count
        }
        for index in a.heads.indices {
            a.heads[index] += b.heads[index]
            a.oracleExits[index] += b.oracleExits[index]
            a.oracleCounts[index] += b.oracleCounts[index]
        }
        a.objective += b.objective
        a.targetTokens += b.targetTokens
        a.sourceTokens += b.sourceTokens
        a.crossFocus.sum += b.crossFocus.sum
        a.crossFocus.count += b.crossFocus.count
    }

    /// Whether all sums are equal.
    public static func == (a: PassResult, b: PassResult) -> Bool {
        a.exits == b.exits && a.heads == b.heads && a.oracleExits == b.oracleExits
            && a.oracleCounts == b.oracleCounts && a.objective == b.objective
            && a.targetTokens == b.targetTokens && a.sourceTokens == b.sourceTokens
            && a.crossFocus == b.crossFocus
    }
}
