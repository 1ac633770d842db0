package import TranslationService

extension RequestParameter {
    /// The setting of `serve` that gives it, as messages write it: the one table from parameter to key.
    package var key: String {
        switch self {
        case .text, .beamSize, .alternatives, .lengthPenalty, .minimumTokens, .maximumTokens,
            .repetitionPenalty, .noRepeatNgramSize:
            "\(self)"
        case .shortlist: "model.shortlist"
        case .policy: "exit.policy"
        case .layer: "exit.layer"
        case .threshold: "exit.threshold"
        case .profile: "exit.profile"
        case .candidates: "exit.confidence_candidates"
        case .drafts: "exit.drafts"
        case .guarantee: "exit.guarantee"
        case .minimumLayer: "exit.min_layer"
        case .maximumLayer: "exit.max_layer"
        }
    }
}
