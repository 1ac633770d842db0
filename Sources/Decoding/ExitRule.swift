public import Checkpoint
import Tensor

/// A policy with its parameters and the bounds that its exits are clamped to: the exit is
/// min(max(n, a), b).
public struct ExitRule: Sendable, Equatable {
    /// What a policy can be told, beside the bounds.
    public struct Parameters: Sendable {
        /// The layer of a policy that needs one, 1 … N; 0: the side branch of a model that has one.
        public var layer: Int?
        /// τ_n for n = 1 … N − 1 of a policy that takes thresholds, each 0 … 1.
        public var thresholds: [Double]
        /// `ExitRule.candidates`.
        public var candidates: Int?
        /// `ExitRule.drafts`.
        public var drafts: Int?

        /// States what is known; nothing unless told.
        public init(
            layer: Int? = nil, thresholds: [Double] = [], candidates: Int? = nil,
            drafts: Int? = nil
        ) {
            self.layer = layer
            self.thresholds = thresholds
            self.candidates = candidates
            self.drafts = drafts
        }
    }

    /// What decides: the policy's mechanism with its parameters.
    enum Decision: Equatable {
        /// Nothing has to be asked; nil: the last layer.
        case layer(Int?)
        case sentenceDepth
        case tokenDepth
        case thresholds([Double], of: ExitSignal)
    }

    /// Who decides.
    public let policy: ExitPolicy
    /// a … b, within 1 … N; 0 … N where tokens leave at the side branch.
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

    /// How many tokens `speculative` drafts before the last layer verifies them, as far as there are; nil: as many as pay, by what
    /// drafts and passes take on this machine and by how often drafts were right (`DraftEconomics`).
    ///
    /// Outputs do not depend on it.
    public let drafts: Int?

    /// Most drafts of a pass.
    public static let maximumDrafts = 16

    /// Most candidates.
    public static let maximumCandidates: Int = LogitRow.maximumBest

    let decision: Decision

    /// A rule for a model of `layerCount` layers.
    ///
    /// - Parameters:
    ///   - policy: who decides.
    ///   - parameters: those that the policy takes; it takes no notice of others.
    ///   - bounds: a … b; nil: 1 … N, of the side branch 0 … N.
    ///   - layerCount: N.
    /// - Precondition: `bounds` lie within 1 … N and the layer within them, or it is 0, and they may begin there; candidates within 1 …
    ///   `maximumCandidates`, drafts within 0 … `maximumDrafts`, and thresholds are N − 1 in number; what comes from outside is checked by
    ///   `ExitOptions.resolve`.
    public init(
        _ policy: ExitPolicy, _ parameters: Parameters = Parameters(),
        bounds: ClosedRange<Int>? = nil, layerCount: Int
    ) {
        let lowest = policy.needsLayer ? min(parameters.layer ?? 1, 1) : 1
        let bounds = bounds ?? lowest...layerCount
        precondition(bounds.lowerBound >= lowest && bounds.upperBound <= layerCount)
        precondition(
            parameters.candidates.map { (1...Self.maximumCandidates).contains($0) } ?? true)
        precondition(parameters.drafts.map { (0...Self.maximumDrafts).contains($0) } ?? true)
        self.policy = policy
        self.bounds = bounds
        candidates = policy.takesCandidates ? parameters.candidates : nil
        drafts = policy.makesDrafts ? parameters.drafts : nil
        decision = Decision(policy.mechanism, parameters, layerCount: layerCount)
    }

    /// The layer that was given; nil for policies that need none.
    public var givenLayer: Int? {
        if case .layer(let layer) = decision { layer } else { nil }
    }

    /// The thresholds of layers 1 … N − 1; nil for policies that take none.
    public var thresholds: [Double]? {
        if case .thresholds(let thresholds, of: _) = decision { thresholds } else { nil }
    }

    /// The exit of every token where it is the same for all of them, 1 … N, or 0, the side branch; nil where a head or the
    /// classifier decides.
    public var constantDepth: Int? {
        if case .layer(let layer) = decision { clamp(layer ?? bounds.upperBound) } else { nil }
    }

    /// Whether the side branch decodes, and the network's own layers do not.
    public var usesBranch: Bool { constantDepth == 0 }

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
        switch decision {
        case .tokenDepth:
            return .askMultinomial
        case .thresholds(let thresholds, of: .stopProbability):
            return asked(n, ask: { .askStopProbability(threshold: thresholds[n - 1]) })
        case .thresholds(let thresholds, of: .classifier):
            return asked(n, ask: { .askClassifier(threshold: thresholds[n - 1]) })
        case .layer, .sentenceDepth:
            preconditionFailure("\(policy.rawValue): the depth is known before layer 1")
        }
    }

    /// Policies that look at every layer are asked after layers a … b − 1 only; b exits unasked.
    private func asked(_ n: Int, ask: () -> ExitQuestion) -> ExitQuestion {
        if n >= bounds.upperBound { return .leave }
        return n < bounds.lowerBound ? .stay : ask()
    }
}

extension ExitRule.Decision {
    fileprivate init(
        _ mechanism: ExitMechanism, _ parameters: ExitRule.Parameters, layerCount: Int
    ) {
        switch mechanism {
        case .lastLayer, .verifiedDrafts:
            self = .layer(nil)
        case .givenLayer:
            guard let layer = parameters.layer, (0...layerCount).contains(layer) else {
                preconditionFailure("a layer from 0 to N is needed")
            }
            self = .layer(layer)
        case .sentenceDepth:
            self = .sentenceDepth
        case .tokenDepth:
            self = .tokenDepth
        case .thresholds(let kind):
            precondition(parameters.thresholds.count == layerCount - 1)
            self = .thresholds(parameters.thresholds, of: kind.signal)
        }
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
