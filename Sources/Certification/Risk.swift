import Evaluation

/// What an output that is not full depth's may lose against it, 0 … 1 a sentence.
public enum Risk: String, Sendable, CaseIterable {
    /// 1 where the text is another one.
    case disagreement
    /// 1 − chrF2 / 100, full depth's text being the reference.
    case chrF = "chrf"
    /// How much lower its chrF2 / 100 is than full depth's, both held against a reference; 0 where it is not lower.
    case quality

    /// Whether it needs references.
    public var needsReferences: Bool { self == .quality }

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
