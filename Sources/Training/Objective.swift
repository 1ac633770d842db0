public import Checkpoint

/// What is minimised: method.md §2.
public struct Objective: Sendable {
    /// ω_n of aligned training.
    public enum ExitWeights: String, Sendable, CaseIterable {
        /// 1
        case uniform
        /// n
        case linear
        /// √n
        case squareRoot = "square_root"
        /// 1/√n
        case inverseSquareRoot = "inverse_square_root"
        /// 1/n
        case inverse

        /// ω_1 … ω_N, divided by their sum.
        public func values(_ count: Int) -> [Double] {
            let raw: [Double] = (1...count).map { n in
                switch self {
                case .uniform: 1
                case .linear: Double(n)
                case .squareRoot: Double(n).squareRoot()
                case .inverseSquareRoot: 1 / Double(n).squareRoot()
                case .inverse: 1 / Double(n)
                }
            }
            let sum = raw.reduce(0, +)
            return raw.map { $0 / sum }
        }
    }

    /// How the decoder sees its exits.
    public enum DecoderTraining: Sendable, Equatable {
        /// All exits at once, every state present.
        ///
        /// `gradientScaling` is γ: exit n's own loss counts γ times in the gradient of block n's
        /// parameters, and once in that of all below (Elbayad et al., §3.1); 1 is off.
        case aligned(weights: ExitWeights, gradientScaling: Double)
        /// Exit sequences drawn uniformly, `samples` of them (M), states copied upward.
        case mixed(samples: Int)
        /// The last layer only.
        case baseline
        /// Nothing: the network stays as it is, and only heads learn.
        case frozen
    }

    /// How one kind of exit head learns.
    public struct Head: Sendable, Equatable {
        /// Which head.
        public var head: ExitHead
        /// What it is to predict.
        public var oracle: ExitsConfiguration.Oracle
        /// λ, the price of a layer.
        public var lambda: Double
        /// σ, the width of the smoothing.
        public var sigma: Double

        /// All four.
        public init(
            head: ExitHead, oracle: ExitsConfiguration.Oracle, lambda: Double = 0,
            sigma: Double = 0
        ) {
            self.head = head
            self.oracle = oracle
            self.lambda = lambda
            self.sigma = sigma
        }
    }

    /// The decoder's part.
    public var decoder: DecoderTraining = .aligned(weights: .uniform, gradientScaling: 1)
    /// ε of label smoothing.
    public var labelSmoothing = 0.1
    /// κ, the share of the last exit's distribution in the targets of those below; 0 for none.
    public var selfDistillation = 0.0
    /// m, the exits below the last that a target position asks in a step of aligned training, drawn
    /// anew each time; 0 for all of them.
    ///
    /// Their losses count (N − 1)/m times, so that the expectation is that of all exits. Validation
    /// asks all.
    public var sampledExits = 0
    /// Share of elements that dropout sets to 0, after embeddings and in every residual branch.
    public var dropout = 0.1
    /// The heads that learn.
    public var heads: [Head] = []
    /// α of L = L_dec + α·L_exit.
    public var headWeight = 1.0
    /// Whether L_exit is propagated into the network.
    public var headsReachNetwork = false

    /// Exit sequences of mixed training instead of drawn ones, [M][positions of the batch].
    package var exitSequences: [[Int]]?

    /// Exits below the last for each target position of the batch instead of drawn ones.
    package var drawnExits: [[Int]]?

    /// The defaults above.
    public init() {}

    /// Refuses to sample exits where that is not possible with a decoder of so many layers.
    ///
    /// - Throws: `exitsNotSampled`.
    public func checkSampling(layers: Int) throws(TrainingError) {
        guard sampledExits != 0 else { return }
        guard case .aligned = decoder, heads.isEmpty else {
            throw .exitsNotSampled(sampledExits, layers: nil)
        }
        guard (0..<layers).contains(sampledExits) else {
            throw .exitsNotSampled(sampledExits, layers: layers)
        }
    }

    /// m, where a step does not ask all exits.
    func samplesExits(of layers: Int) -> Int? {
        (1..<max(layers - 1, 1)).contains(sampledExits) ? sampledExits : nil
    }

    /// Whether gradients of the network are wanted at all.
    var trainsNetwork: Bool { decoder != .frozen }
}
