import Checkpoint
public import Decoding
import TranslationService

extension ExitRule {
    /// How the classifier is asked, where it is not as it is by default.
    private var candidatesLabel: String {
        guard policy.takesCandidates, candidates != ExitOptions.defaultCandidates else {
            return ""
        }
        return candidates.map { ", \($0) candidates" } ?? ", exact"
    }

    /// The policy with its parameters, for example "confidence 0.5, layers 1-3".
    ///
    /// - Parameter layerCount: N.
    /// - Returns: the name of a row.
    public func label(layerCount: Int) -> String {
        let name = policy.rawValue
        if let givenLayer { return "\(name) \(givenLayer)" }
        let thresholds = thresholds ?? []
        let isUniform = thresholds.allSatisfy { $0 == thresholds[0] }
        let shown = isUniform ? thresholds.prefix(1) : thresholds[...]
        let list = shown.map(\.description).joined(separator: ",")
        let hasBounds = bounds != 1...layerCount
        return (list.isEmpty ? name : "\(name) \(list)") + candidatesLabel
            + (drafts.map { ", \($0) drafts" } ?? "")
            + (hasBounds ? ", layers \(bounds.lowerBound)-\(bounds.upperBound)" : "")
    }
}
