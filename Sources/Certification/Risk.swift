public import Checkpoint
import Evaluation

extension Risk {
    /// The loss of a text.
    ///
    /// - Parameters:
    ///   - text: what a rule gave.
    ///   - full: what full depth gave.
    ///   - reference: of `quality`.
    /// - Returns: 0 … 1.
    public func loss(_ text: String, full: String, reference: String?) -> Double {
        switch self {
        case .disagreement: text == full ? 0 : 1
        case .chrF: text == full ? 0 : 1 - Self.chrF(text, full)
        case .quality:
            max(0, Self.chrF(full, reference ?? "") - Self.chrF(text, reference ?? ""))
        }
    }

    private static func chrF(_ text: String, _ reference: String) -> Double {
        let metric = ChrF()
        return metric.score(metric.statistics(hypothesis: text, reference: reference)) / 100
    }
}
