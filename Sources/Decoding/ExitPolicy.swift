import Tensor

/// When a token leaves the decoder (method.md §3).
public enum ExitPolicy: Sendable, Equatable {
    /// After the last layer.
    case full
    /// After the given layer, 1 … N.
    case fixed(layer: Int)
    /// One depth for the whole sentence, from the mean encoder state.
    case sequence
    /// A depth for each token, asked once after layer 1.
    case tokenMultinomial
    /// After the first layer n whose stop probability is above `thresholds[n − 1]`; N − 1 of them, each
    /// 0 … 1.
    case tokenGeometric(thresholds: [Double])
    /// After the first layer n whose classifier gives some token a probability of at least
    /// `thresholds[n − 1]`; N − 1 of them, each 0 … 1.
    case confidence(thresholds: [Double])

    /// The name that requests, configuration and metrics use.
    public var name: Name {
        switch self {
        case .full: .full
        case .fixed: .fixed
        case .sequence: .sequence
        case .tokenMultinomial: .tokenMultinomial
        case .tokenGeometric: .tokenGeometric
        case .confidence: .confidence
        }
    }

    /// Names of the policies.
    public enum Name: String, Sendable, CaseIterable {
        /// Every token at the last layer.
        case full
        /// Every token at one given layer.
        case fixed
        /// One predicted layer for each sentence.
        case sequence
        /// One predicted layer for each token.
        case tokenMultinomial = "token_multinomial"
        /// A stop probability after every layer.
        case tokenGeometric = "token_geometric"
        /// The classifier's own probability after every layer.
        case confidence
    }
}

/// A policy with the bounds that its exits are clamped to: the exit is min(max(n, a), b).
public struct ExitRule: Sendable, Equatable {
    /// Who decides.
    public let policy: ExitPolicy
    /// a … b, within 1 … N.
    public let bounds: ClosedRange<Int>
    /// How many ids `confidence` remembers of a token that stays, K; nil: none, the exact rule.
    ///
    /// The exact rule asks the classifier about all V ids after every asked layer: 2 V d operations each.
    /// With candidates it does so after the first; where the token stays, its K best ids there become its
    /// candidates. After later layers only their logits are computed, 2 K d operations, and their
    /// probabilities among themselves, which bound those among all ids from above. Where none of them
    /// reaches the threshold the token stays; where one does, all V logits are computed and decide as in
    /// the exact rule, and where the token stays even so its candidates are replaced.
    ///
    /// So a token never leaves before the exact rule would let it, and what it emits always comes from
    /// all V ids. It may leave later only where an id that was not among the K best at the layer asked
    /// last about all ids has reached the threshold since; never, if K is at least the number of ids that
    /// can be emitted. No cheap bound excludes that: over the change of the state the logit of any id can
    /// move by more than what separates it from the threshold.
    public let candidates: Int?

    /// Most candidates.
    public static let maximumCandidates: Int = LogitRow.maximumBest

    /// A rule for a model of `layerCount` layers.
    ///
    /// - Parameters:
    ///   - policy: who decides.
    ///   - bounds: a … b.
    ///   - layerCount: N.
    ///   - candidates: of `confidence`, 1 … `maximumCandidates`; nil: its exact rule.
    /// - Precondition: `bounds` lies within 1 … `layerCount`, `candidates` in their range, and thresholds
    ///   are N − 1 in number; what comes from outside is checked by `ExitOptions.resolve`.
    public init(
        policy: ExitPolicy, bounds: ClosedRange<Int>, layerCount: Int, candidates: Int? = nil
    ) {
        precondition(bounds.lowerBound >= 1 && bounds.upperBound <= layerCount)
        precondition(candidates.map { (1...Self.maximumCandidates).contains($0) } ?? true)
        self.candidates = candidates
        switch policy {
        case .tokenGeometric(let thresholds), .confidence(let thresholds):
            precondition(thresholds.count == layerCount - 1)
        case .full, .fixed, .sequence, .tokenMultinomial: break
        }
        self.policy = policy
        self.bounds = bounds
    }

    /// The nearest layer within the bounds.
    public func clamp(_ layer: Int) -> Int {
        min(max(layer, bounds.lowerBound), bounds.upperBound)
    }

    /// What has to be found out about a row after layer `n`.
    ///
    /// - Parameters:
    ///   - n: the layer just run, 1 … b.
    ///   - depth: the row's exit where it is known already: from the policy itself, from the sentence,
    ///     or from an earlier answer.
    /// - Returns: what to ask, or the decision where nothing needs asking.
    public func question(after n: Int, depth: Int?) -> ExitQuestion {
        if let depth { return n >= depth ? .leave : .stay }
        switch policy {
        case .tokenMultinomial:
            return .askMultinomial
        case .tokenGeometric(let thresholds):
            return asked(n, ask: { .askStopProbability(threshold: thresholds[n - 1]) })
        case .confidence(let thresholds):
            return asked(n, ask: { .askClassifier(threshold: thresholds[n - 1]) })
        case .full, .fixed, .sequence:
            preconditionFailure("\(policy.name.rawValue): the depth is known before layer 1")
        }
    }

    /// Policies that look at every layer are asked after layers a … b − 1 only; b exits unasked.
    private func asked(_ n: Int, ask: () -> ExitQuestion) -> ExitQuestion {
        if n >= bounds.upperBound { return .leave }
        return n < bounds.lowerBound ? .stay : ask()
    }
}

/// What a rule wants to know about a row after a layer.
public enum ExitQuestion: Sendable, Equatable {
    /// Nothing: the row goes on to the next layer.
    case stay
    /// Nothing: the row leaves here.
    case leave
    /// The multinomial head's depth.
    case askMultinomial
    /// Whether the stop probability of this layer is above the threshold.
    case askStopProbability(threshold: Double)
    /// Whether the classifier's highest probability is at least the threshold.
    case askClassifier(threshold: Double)
}
