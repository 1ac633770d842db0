/// How the exits of some outputs compare with the last one.
public struct ExitComparison: Sendable, Equatable {
    /// One exit below the last.
    public struct Exit: Sendable, Equatable {
        /// Σ over the tokens of −Σ_y p_N(y) log p_n(y).
        public var crossEntropy = 0.0
        /// Tokens on which the exit's best id is the last exit's.
        public var agreeing = 0
        /// Σ over the tokens of the stop head's binary cross-entropy.
        public var stopLoss = 0.0
    }

    /// Exits 1 … N − 1.
    public var exits: [Exit]
    /// Target tokens.
    public var tokens = 0

    init(exits count: Int) { exits = Array(repeating: Exit(), count: count) }

    /// The share of tokens on which each exit agrees with the last, 0 … 1.
    public var agreement: [Double] { exits.map { Double($0.agreeing) / Double(max(tokens, 1)) } }

    /// What is minimised: the sum over the exits of both losses, a token.
    public var loss: Double {
        exits.reduce(0) { $0 + $1.crossEntropy + $1.stopLoss } / Double(max(tokens, 1))
    }

    static func += (sum: inout ExitComparison, other: ExitComparison) {
        for (index, exit) in other.exits.enumerated() {
            sum.exits[index].crossEntropy += exit.crossEntropy
            sum.exits[index].agreeing += exit.agreeing
            sum.exits[index].stopLoss += exit.stopLoss
        }
        sum.tokens += other.tokens
    }
}
