public import Decoding
import TranslationService

extension ExitRule {
    /// The exit of every token where it is the same for all of them.
    ///
    /// - Parameter layerCount: N.
    /// - Returns: 1 … N, nil where a head decides.
    public func constantDepth(layerCount: Int) -> Int? {
        switch policy {
        case .full: clamp(layerCount)
        case .fixed(let layer): clamp(layer)
        case .sequence, .tokenMultinomial, .tokenGeometric, .confidence: nil
        }
    }

    /// How `confidence` asks, where it is not as it does by default.
    private var candidatesLabel: String {
        guard policy.name == .confidence, candidates != ExitOptions.defaultCandidates else {
            return ""
        }
        return candidates.map { ", \($0) candidates" } ?? ", exact"
    }

    /// The policy with its parameters, for example "confidence 0.5, layers 1-3".
    ///
    /// - Parameter layerCount: N.
    /// - Returns: the name of a row.
    public func label(layerCount: Int) -> String {
        let name = policy.name.rawValue
        let hasBounds = bounds != 1...layerCount
        let limits =
            candidatesLabel
            + (hasBounds ? ", layers \(bounds.lowerBound)-\(bounds.upperBound)" : "")
        switch policy {
        case .fixed(let layer): return "\(name) \(layer)"
        case .full, .sequence, .tokenMultinomial: return name + limits
        case .tokenGeometric(let thresholds), .confidence(let thresholds):
            let isUniform = thresholds.allSatisfy { $0 == thresholds[0] }
            let shown = isUniform ? thresholds.prefix(1) : thresholds[...]
            let list = shown.map(\.description).joined(separator: ",")
            return (list.isEmpty ? name : "\(name) \(list)") + limits
        }
    }
}
