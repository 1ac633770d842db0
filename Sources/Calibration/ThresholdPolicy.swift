public import Checkpoint
import Decoding
import Glibc

/// A policy that thresholds govern, and how it reads what a layer tells it.
///
/// A *signal* is what a policy learns after a layer, in fp32: of the classifier the log-probability of the
/// likeliest token, of a stop head the logit of the stop probability.
public struct ThresholdPolicy: RawRepresentable, CaseIterable, Sendable, Hashable {
    /// All of them, those first that every checkpoint can follow.
    public static let allCases: [ThresholdPolicy] = {
        let all = ExitPolicy.allCases.compactMap { ThresholdPolicy($0) }
        return all.filter { $0.policy.head == nil } + all.filter { $0.policy.head != nil }
    }()

    /// Whose thresholds they are.
    public let policy: ExitPolicy
    let signal: ExitSignal

    /// Takes a policy; nil where it takes no thresholds.
    public init?(_ policy: ExitPolicy) {
        guard let thresholds = policy.thresholds else { return nil }
        self.policy = policy
        signal = thresholds.signal
    }

    /// Reads a policy's name; nil where it takes no thresholds.
    public init?(rawValue: String) {
        guard let policy = ExitPolicy(rawValue: rawValue) else { return nil }
        self.init(policy)
    }

    /// The policy's name.
    public var rawValue: String { policy.rawValue }

    /// The rule that decodes with thresholds, τ_n for n = 1 … N − 1.
    func rule(_ thresholds: [Double]) -> ExitRule {
        ExitRule(policy, .init(thresholds: thresholds), layerCount: thresholds.count + 1)
    }

    /// The probability that a signal stands for, in double as decoding computes it.
    func probability(_ value: Float) -> Double {
        switch signal {
        case .classifier: exp(Double(value))
        case .stopProbability: 1 / (1 + exp(-Double(value)))
        }
    }

    /// Whether a token leaves (method.md §3).
    func leaves(probability: Double, threshold: Double) -> Bool {
        switch signal {
        case .classifier: probability >= threshold
        case .stopProbability: probability > threshold
        }
    }
}
