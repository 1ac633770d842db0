/// How the exits were trained and when to take them: exits.json.
///
/// N is the number of decoder layers. A directory without the file decodes at full depth unless
/// asked otherwise, and has confidence thresholds of 0.9 in every layer.
public struct ExitsConfiguration: Sendable, Equatable {
    /// The decoder's training, method.md §2.
    public enum DecoderTraining: String, Sendable, CaseIterable {
        /// All exits at once, every state present.
        case aligned
        /// Sampled exit sequences, states copied upward.
        case mixed
        /// The last layer only.
        case baseline
        /// Adapters below the last layer, the network as it was (method.md §1).
        case adapted
    }

    /// Which classifier an exit uses.
    public enum Classifiers: String, Sendable, CaseIterable {
        /// Every exit uses the model's output projection.
        case shared
        /// Exit n uses `exits.classifiers.{n-1}`.
        case separate
    }

    /// What a head was trained to predict, method.md §3.
    public enum Oracle: String, Sendable, CaseIterable {
        /// The exit of the highest log-likelihood.
        case likelihood
        /// The same, smoothed over neighbouring positions.
        case smoothedLikelihood = "smoothed_likelihood"
        /// The first exit that is right.
        case correctness
        /// The same, smoothed over neighbouring positions.
        case smoothedCorrectness = "smoothed_correctness"
        /// The first exit that agrees with the last layer.
        case agreement
    }

    /// How one policy's head was trained; nil where the file does not say.
    public struct HeadTraining: Sendable, Equatable {
        /// The oracle.
        public var oracle: Oracle?
        /// λ, the price of a layer.
        public var lambda: Double?
        /// σ, the width of the smoothing in positions.
        public var sigma: Double?

        /// States what is known; nothing unless told.
        public init(oracle: Oracle? = nil, lambda: Double? = nil, sigma: Double? = nil) {
            self.oracle = oracle
            self.lambda = lambda
            self.sigma = sigma
        }
    }

    /// Confidence thresholds under a name, with what they reached on the validation set.
    public struct Profile: Sendable, Equatable {
        /// The name that a request uses.
        public var name: String
        /// τ_n for n = 1 … N−1, each in [0, 1].
        public var thresholds: [Double]
        /// Validation BLEU, 0 to 100, nil where the file does not say.
        public var bleu: Double?
        /// The mean exit layer over the validation set's tokens, 1 to N, nil where unsaid.
        public var averageExit: Double?

        /// Names thresholds, N − 1 in number, and what they reached where that is known.
        public init(
            name: String, thresholds: [Double], bleu: Double? = nil, averageExit: Double? = nil
        ) {
            self.name = name
            self.thresholds = thresholds
            self.bleu = bleu
            self.averageExit = averageExit
        }
    }

    /// What `speculative` drafts with.
    public struct Drafting: Sendable, Equatable {
        /// e: the exit that proposes tokens, 1 … N − 1; 0: the side branch.
        public var exit: Int
        /// The target ids that it chooses among, each once; empty: all of them.
        public var ids: [Int]

        /// States an exit and its ids.
        public init(exit: Int, ids: [Int] = []) {
            self.exit = exit
            self.ids = ids
        }
    }

    /// How the decoder was trained; nil without exits.json.
    public var decoderTraining: DecoderTraining?
    /// Whether exits have classifiers of their own.
    public var classifiers: Classifiers
    /// The training of every learned policy that the file lists.
    public var heads: [ExitPolicy: HeadTraining]
    /// τ_n for n = 1 … N−1 of every policy that takes thresholds; the usual ones unless the file says
    /// otherwise.
    public var thresholds: [ExitPolicy: [Double]]
    /// Named thresholds of the policy that takes profiles, in the file's order.
    public var profiles: [Profile]
    /// What `speculative` drafts with; nil where the decoder has one layer, so that there is no exit below the last.
    public var drafting: Drafting?
    /// For each exit 1 … N the heads that alignments are read off, of layers up to the exit; nil: all of them.
    public var alignmentHeads: [[AlignmentHead]]?
    /// What was promised of rules, in the file's order.
    public var certificates: [ExitCertificate]
    /// The policy of a request that names none, one that needs no layer; `full` unless the file says
    /// otherwise.
    public var defaultPolicy: ExitPolicy

    /// What a decoder of N layers has without exits.json: full depth unless asked otherwise.
    ///
    /// - Parameter decoderLayers: N, at least 1.
    public init(decoderLayers: Int) {
        precondition(decoderLayers >= 1)
        decoderTraining = nil
        classifiers = .shared
        heads = [:]
        thresholds = [:]
        for policy in ExitPolicy.allCases {
            thresholds[policy] = policy.thresholds.map {
                Array(repeating: $0.usual, count: decoderLayers - 1)
            }
        }
        profiles = []
        drafting = decoderLayers > 1 ? Drafting(exit: 1) : nil
        alignmentHeads = nil
        certificates = []
        defaultPolicy = .full
    }

    /// The profile of a name, or nil.
    public func profile(named name: String) -> Profile? {
        profiles.first { $0.name == name }
    }
}
