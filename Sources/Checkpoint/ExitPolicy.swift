import System

/// When a token leaves the decoder (method.md §3): the one enumeration of policies.
///
/// The raw value is the policy's key in exits.json, the word of requests, answers and arguments, and the
/// label of metrics. What a policy takes, what it needs and what decides follow from `mechanism`, the
/// table.
public enum ExitPolicy: String, Sendable, CaseIterable {
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
    /// The tokens of `full`: a lower exit drafts them, the last layer verifies several at once.
    case speculative

    /// The table: how each policy finds the exit.
    public var mechanism: ExitMechanism {
        switch self {
        case .full: .lastLayer
        case .fixed: .givenLayer
        case .sequence: .sentenceDepth
        case .tokenMultinomial: .tokenDepth
        case .tokenGeometric: .thresholds(.init(.stopProbability, .threshold, usual: 0.5))
        case .confidence: .thresholds(.init(.classifier, .thresholds, usual: 0.9, profiles: true))
        case .speculative: .verifiedDrafts
        }
    }
}

/// How a policy finds the exit of a token, of N layers.
public enum ExitMechanism: Sendable {
    /// It is N.
    case lastLayer
    /// It is given, 1 … N.
    case givenLayer
    /// The head `sequence` is asked before layer 1 and speaks for the whole sentence.
    case sentenceDepth
    /// The head `token_multinomial` is asked after layer 1.
    case tokenDepth
    /// It is the first layer below N whose signal reaches the layer's threshold, else N.
    case thresholds(ExitThresholds)
    /// It is N for what is emitted; which tokens were drafted at a lower exit is said beside.
    case verifiedDrafts
}

/// The thresholds of a policy: what they are held against, and how exits.json has them.
public struct ExitThresholds: Sendable {
    /// How exits.json has them.
    public enum Key: String, Sendable {
        /// One number where all layers have the same.
        case threshold
        /// Always a list.
        case thresholds
    }

    /// What each is held against.
    public let signal: ExitSignal
    /// Their key in the policy's member of exits.json.
    public let key: Key
    /// τ of every layer where the file does not say.
    public let usual: Double
    /// Whether exits.json may name several of them, as `profiles`.
    public let haveProfiles: Bool

    init(_ signal: ExitSignal, _ key: Key, usual: Double, profiles: Bool = false) {
        self.signal = signal
        self.key = key
        self.usual = usual
        haveProfiles = profiles
    }
}

/// What the network can be asked about a row after a layer below the last.
public enum ExitSignal: Sendable {
    /// The highest probability that the layer's classifier gives; the row leaves where it is at least the
    /// threshold.
    case classifier
    /// The stop probability that the head `token_geometric` gives; the row leaves where it is above the
    /// threshold.
    case stopProbability
}

/// The learned heads that a checkpoint can hold: exits.NAME.weight and exits.NAME.bias.
public enum ExitHead: String, Sendable, CaseIterable {
    /// `exits.sequence` [N, d]: one depth for a sentence, from the mean encoder state.
    case sequence
    /// `exits.token_multinomial` [N, d]: the depth of a token, from its first layer.
    case tokenMultinomial = "token_multinomial"
    /// `exits.token_geometric` [N − 1, d]: a stop probability after each layer below the last.
    case tokenGeometric = "token_geometric"

    /// The tensor that is there where the head is.
    public var weightName: String { "exits.\(rawValue).weight" }

    /// The tensor beside it.
    public var biasName: String { "exits.\(rawValue).bias" }

    /// Rows of its weight for a decoder of N layers.
    public func outputs(layers layerCount: Int) -> Int {
        switch self {
        case .sequence, .tokenMultinomial: layerCount
        case .tokenGeometric: layerCount - 1
        }
    }
}

// What follows from the table.
extension ExitPolicy {
    /// Whether its output is that of the last layer, always.
    public var givesFullDepth: Bool {
        switch mechanism {
        case .lastLayer, .verifiedDrafts: true
        case .givenLayer, .sentenceDepth, .tokenDepth, .thresholds: false
        }
    }

    /// Whether it needs a layer from whoever asks for it, so that it cannot be a default.
    public var needsLayer: Bool {
        if case .givenLayer = mechanism { true } else { false }
    }

    /// Whether every token leaves at the same layer, whatever it is.
    public var isConstant: Bool {
        switch mechanism {
        case .lastLayer, .givenLayer: true
        case .sentenceDepth, .tokenDepth, .thresholds, .verifiedDrafts: false
        }
    }

    /// Its thresholds, N − 1 for N layers; nil where it takes none.
    public var thresholds: ExitThresholds? {
        if case .thresholds(let thresholds) = mechanism { thresholds } else { nil }
    }

    /// Whether a profile of exits.json can stand for its thresholds.
    public var takesProfile: Bool { thresholds?.haveProfiles == true }

    /// Whether it asks the classifier, so that it can remember candidates.
    public var takesCandidates: Bool { thresholds?.signal == .classifier }

    /// The head that it asks; nil where every checkpoint can follow it.
    public var head: ExitHead? {
        switch mechanism {
        case .lastLayer, .givenLayer, .verifiedDrafts: nil
        case .sentenceDepth: .sequence
        case .tokenDepth: .tokenMultinomial
        case .thresholds(let thresholds):
            switch thresholds.signal {
            case .classifier: nil
            case .stopProbability: .tokenGeometric
            }
        }
    }

    /// Whether it drafts tokens and verifies them, so that its outputs are those of `full`.
    public var makesDrafts: Bool {
        if case .verifiedDrafts = mechanism { true } else { false }
    }

    /// Whether exits.json may have a member for it: where it has something that is learnt or searched.
    public var isConfigurable: Bool { head != nil || thresholds != nil || makesDrafts }

    /// Names of policies for a sentence: "a, b or c".
    ///
    /// - Parameters:
    ///   - policies: at least one.
    ///   - conjunction: the word before the last.
    /// - Returns: them in their order.
    public static func names(_ policies: [ExitPolicy], joinedBy conjunction: String) -> String {
        policies.map(\.rawValue).listed(before: conjunction)
    }

    /// The same of those that fit, in the table's order.
    public static func names(
        joinedBy conjunction: String, where fits: (ExitPolicy) -> Bool
    ) -> String {
        names(allCases.filter(fits), joinedBy: conjunction)
    }
}
