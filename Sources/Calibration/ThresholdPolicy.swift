public import Decoding
import Glibc

/// The policies that thresholds govern, and how each reads what a layer tells it.
///
/// A *signal* is what a policy learns after a layer, in fp32: for `confidence` the log-probability of the
/// likeliest token, for `tokenGeometric` the logit of the stop probability.
public enum ThresholdPolicy: String, Sendable, CaseIterable {
    /// Leave where max_y p_n(y) ≥ τ_n.
    case confidence
    /// Leave where χ_n > τ_n.
    case tokenGeometric = "token_geometric"

    /// The policy that decodes with these thresholds.
    ///
    /// - Parameter thresholds: τ_n for n = 1 … N − 1.
    /// - Returns: the policy as decoding takes it.
    public func exitPolicy(_ thresholds: [Double]) -> ExitPolicy {
        switch self {
        case .confidence: .confidence(thresholds: thresholds)
        case .tokenGeometric: .tokenGeometric(thresholds: thresholds)
        }
    }

    /// The probability that a signal stands for, in double as decoding computes it.
    func probability(_ signal: Float) -> Double {
        switch self {
        case .confidence: exp(Double(signal))
        case .tokenGeometric: 1 / (1 + exp(-Double(signal)))
        }
    }

    /// Whether a token leaves (method.md §3).
    func leaves(probability: Double, threshold: Double) -> Bool {
        switch self {
        case .confidence: probability >= threshold
        case .tokenGeometric: probability > threshold
        }
    }
}
